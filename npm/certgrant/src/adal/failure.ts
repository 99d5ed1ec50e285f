/** How a call of this entry fails: what its callback is given. */
import type { AdalError } from "./errors.ts";

/** A failed request: the callback's arguments. */
export class Failure {
  readonly error: AdalError;
  /** Parsed body of the answer, where the service answered with an error status. */
  readonly body?: unknown;

  constructor(error: AdalError, body?: unknown) {
    this.error = error;
    this.body = body;
  }
}
