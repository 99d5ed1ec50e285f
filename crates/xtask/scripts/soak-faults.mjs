// One fault of the emulator after the other, over its control interface. Tokens live for seconds, so that all of it happens
// often in a short time.
import { request } from "node:https";

const FAULT_MILLISECONDS = 3_000;

const ACTIONS = [
  { status: 503 },
  { status: 500, body: "html" },
  { status: 429, retryAfter: 1 },
  { status: 429, retryAfter: { date: 2 } },
  { error: 7000222 },
  { error: 700027 },
  { body: "garbage" },
  { body: "empty" },
  { contentType: "text/plain" },
  { delaySeconds: 1 },
  { connection: "reset" },
  { connection: "half" },
  { connection: "stall" },
];

export class Faults {
  #authority;
  #lifetimeSeconds;
  #timer;
  #posted = Promise.resolve();

  constructor(authority, lifetimeSeconds) {
    this.#authority = authority;
    this.#lifetimeSeconds = lifetimeSeconds;
  }

  /** Tokens of a short life, which are renewed after a fifth of it. */
  begin() {
    const action = {
      lifetimeSeconds: this.#lifetimeSeconds,
      refreshInSeconds: Math.round(this.#lifetimeSeconds / 5),
    };
    return this.#control("POST", "faults", { name: "short lives", match: { operation: "token" }, action });
  }

  start() {
    this.#timer = setInterval(() => this.#next(), FAULT_MILLISECONDS);
  }

  /** Until {@link start} the service is well. */
  async stop() {
    clearInterval(this.#timer);
    await this.#posted;
    await this.#control("DELETE", "faults/soak").catch(() => undefined);
    await this.#control("DELETE", "requests");
  }

  /** A third of the time, and for some of the requests, nothing is wrong. */
  #next() {
    const kind = Math.floor(Math.random() * ACTIONS.length * 1.5);
    const action = ACTIONS[kind];
    const match = { operation: "token", ...(Math.random() < 0.5 ? { count: 3 } : {}) };
    const asked = action
      ? this.#control("POST", "faults", { name: "soak", match, action })
      : this.#control("DELETE", "faults/soak");
    // There may be no fault to be removed, and without the next one the run is as good.
    this.#posted = asked.catch(() => undefined);
  }

  /** A connection of its own, which is gone when the samples are taken. */
  #control(method, path, body) {
    const content = body === undefined ? undefined : JSON.stringify(body);
    const headers = content === undefined ? {} : { "content-type": "application/json" };
    return new Promise((done, failed) => {
      const sent = request(`${this.#authority}/.control/${path}`, { method, headers, agent: false }, (answer) => {
        answer.resume().once("end", () => {
          if (answer.statusCode < 300) done();
          else failed(new Error(`${method} ${path}: status ${answer.statusCode}`));
        });
      });
      sent.once("error", failed);
      sent.end(content);
    });
  }
}
