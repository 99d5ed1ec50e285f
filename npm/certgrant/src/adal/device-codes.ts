/** The device codes that a context is asking about, so that asking can be given up. */
import { argumentError } from "./errors.ts";
import { TEXTS } from "./texts.ts";

/** Polls under way, by their device code. */
export class DeviceCodes {
  readonly #polls = new Map<string, Set<AbortController>>();

  /** A poll begins; what it returns ends it in this list. */
  begin(deviceCode: string): { signal: AbortSignal; end: () => void } {
    const controller = new AbortController();
    const polls = this.#polls.get(deviceCode) ?? new Set();
    this.#polls.set(deviceCode, polls.add(controller));
    const end = () => {
      polls.delete(controller);
      if (polls.size === 0 && this.#polls.get(deviceCode) === polls) this.#polls.delete(deviceCode);
    };
    return { signal: controller.signal, end };
  }

  /** @throws AdalError if nobody asks about the code */
  cancel(deviceCode: string): void {
    const polls = this.#polls.get(deviceCode);
    if (!polls) throw argumentError(TEXTS.nothingToCancel, "ERR_INVALID_ARG_VALUE");
    this.#polls.delete(deviceCode);
    for (const poll of polls) poll.abort();
  }
}
