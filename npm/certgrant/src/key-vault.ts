/**
 * A certificate whose private key stays in an Azure Key Vault: its requests are made and understood by the core; this module
 * gets the vault's token from the caller's credential, and has the network and the timers. Loaded only for that.
 */
import type { BackendVault, VaultInput, VaultStep, VaultTask } from "./backend.ts";
import type { LoadedFile } from "./certificate-file.ts";
import type { CertificateSource } from "./certificate-source.ts";
import { faultName, fromErrorData, fromThrown } from "./errors.ts";
import type { KeyVaultOptions } from "./options.ts";
import { sleep } from "./patience.ts";
import { platform } from "./platform.ts";
import type { ProofHost } from "./proof.ts";
import type { SigningRequest } from "./signer.ts";
import { type Fetch, send } from "./transport.ts";

/** How often the vault is asked whether there is a newer version, unless the service refused the one in use. */
const RENEWAL_INTERVAL = 3_600_000;

/** A certificate of a vault. */
export class KeyVaultSource implements CertificateSource {
  readonly isRenewable: boolean;
  readonly #options: KeyVaultOptions;
  #since: number | undefined;
  #intervals = 0;
  #vault: BackendVault | undefined;
  #fetch: Fetch | undefined;
  /** The version whose certificate is in use: a newer key would not fit it. */
  #version: string | undefined;

  constructor(options: KeyVaultOptions) {
    this.#options = options;
    this.isRenewable = options.certificateVersion === undefined;
  }

  /** Another one for each interval that has passed. */
  async stamp(): Promise<string> {
    const now = Date.now();
    this.#since ??= now;
    if (Math.abs(now - this.#since) >= RENEWAL_INTERVAL) {
      this.#since = now;
      this.#intervals += 1;
    }
    return String(this.#intervals);
  }

  async read({ backend, fetch }: ProofHost): Promise<LoadedFile> {
    const { vaultUrl, certificateName, certificateVersion } = this.#options;
    this.#vault ??= await backend.openVault({ vaultUrl, certificateName, certificateVersion });
    this.#fetch = fetch;
    const { certificate, version } = await this.#run({ kind: "certificate" });
    return {
      content: certificate ?? "",
      onUse: () => {
        this.#version = version;
      },
    };
  }

  /** Signs with the key of the version in use. */
  readonly sign = async ({ algorithm, signingInput }: SigningRequest): Promise<Uint8Array> => {
    const { signature } = await this.#run({ kind: "sign", version: this.#version ?? "", algorithm, signingInput });
    return signature ?? new Uint8Array(0);
  };

  async #run(task: VaultTask): Promise<Extract<VaultStep, { kind: "done" }>> {
    const vault = this.#vault as BackendVault;
    const flight = ask(() => vault.begin(task));
    let input: VaultInput = { kind: "begin", entropy: platform().randomBytes(32) };
    let cause: unknown;
    for (;;) {
      const step: VaultStep = ask(() => vault.step(flight, input, Date.now()));
      if (step.kind !== "done") ({ input, cause } = await this.#carryOut(step));
      else if (step.error) throw fromErrorData(step.error, cause);
      else return step;
    }
  }

  /** Never rejects: whatever fails is told to the core. */
  async #carryOut(step: Exclude<VaultStep, { kind: "done" }>): Promise<{ input: VaultInput; cause?: unknown }> {
    switch (step.kind) {
      case "token":
        return this.#token(step);
      case "send": {
        const { cause, ...input } = await exchange(this.#fetch as Fetch, step);
        return { input, cause };
      }
      case "wait":
        await sleep(Math.max(0, step.until - Date.now()), new AbortController().signal);
        return { input: { kind: "woken" } };
    }
  }

  async #token({
    scope,
    tenant,
    claims,
  }: Extract<VaultStep, { kind: "token" }>): Promise<{ input: VaultInput; cause?: unknown }> {
    const options = { ...(tenant && { tenantId: tenant }), ...(claims && { claims, enableCae: true }) };
    try {
      const token = await this.#options.credential.getToken(scope, options);
      if (typeof token?.token === "string") return { input: { kind: "token", token: token.token } };
      return { input: { kind: "tokenFailed", message: "nothing from its credential" } };
    } catch (cause) {
      return { input: { kind: "tokenFailed", message: `${faultName(cause)} from its credential` }, cause };
    }
  }
}

async function exchange(fetch: Fetch, { request }: Extract<VaultStep, { kind: "send" }>) {
  const answer = await send(fetch, request, new AbortController().signal);
  return { cause: undefined, ...answer };
}

function ask<T>(question: () => T): T {
  try {
    return question();
  } catch (thrown) {
    throw fromThrown(thrown);
  }
}
