// The load of the soak: callers of one credential that share tokens, give up, wait with a time limit, bring claims and throw
// tokens away; and now and then a credential of its own that is dropped after its first token. Each result is checked.

const CALLERS = 24;
const THINK_MILLISECONDS = 40;
const CLAIMS = JSON.stringify({ access_token: { nbf: { essential: true, value: "1600000000" } } });
/** A token that is thrown away while another call is under way may come back for as long as that takes. */
const REMOVAL_MILLISECONDS = 1_000;

const chance = (probability) => Math.random() < probability;
const pick = (list) => list[Math.floor(Math.random() * list.length)];
const sleep = (milliseconds) =>
  new Promise((done) => {
    setTimeout(done, milliseconds);
  });

export class Callers {
  #job;
  #identity;
  #library;
  #credential;
  #running = [];
  #stopped = true;
  /** When the token that callers got last expires, and when it was thrown away last, by what it was asked for. */
  #expiresOn = new Map();
  #removedOn = new Map();
  neverAborted = new AbortController().signal;
  /** `dead`, `foreign` and `lost` are faults: an expired token, another's token, a failure while a token was valid. */
  details = [];
  counts = { calls: 0, served: 0, failed: 0, gaveUp: 0, dead: 0, foreign: 0, lost: 0 };

  constructor(job, identity, library) {
    this.#job = job;
    this.#identity = identity;
    this.#library = library;
    this.#credential = this.#open();
  }

  start() {
    this.#stopped = false;
    this.#running = Array.from({ length: CALLERS }, () => this.#callOften());
    this.#running.push(this.#openOften());
  }

  async stop() {
    this.#stopped = true;
    await Promise.all(this.#running);
  }

  #open() {
    const { key, certificate } = this.#identity;
    const { authority, tenants, client } = this.#job;
    const { ClientCertificateCredential } = this.#library;
    const options = { authorityHost: authority, additionallyAllowedTenants: ["*"], disableInstanceDiscovery: true };
    return new ClientCertificateCredential(tenants[0], client, { certificate: key + certificate }, options);
  }

  async #callOften() {
    while (!this.#stopped) {
      await this.#call();
      await sleep(Math.random() * THINK_MILLISECONDS);
    }
  }

  async #call() {
    const { tenants, scopes } = this.#job;
    const [tenantId, scope, enableCae] = [pick(tenants), pick(scopes), chance(0.05)];
    const name = [tenantId, scope, enableCae].join();
    if (chance(0.01)) this.#throwAway(name, scope, { tenantId, enableCae });
    const impatience = manners(this.neverAborted);
    const held = this.#expiresOn.get(name) ?? 0;
    this.counts.calls += 1;
    try {
      const result = await this.#credential.getToken(scope, { tenantId, enableCae, ...impatience });
      this.#expiresOn.set(name, result.expiresOnTimestamp);
      this.#check(result, tenantId, scope);
    } catch (error) {
      const wasHeld = impatience.claims === undefined && held > Date.now() && !this.#wasRemoved(name);
      this.#note(error, wasHeld, `${name}: ${error.code}, of a token with ${held - Date.now()} ms left`);
    }
  }

  #throwAway(name, scope, options) {
    this.#credential.removeToken(scope, options);
    this.#expiresOn.delete(name);
    this.#removedOn.set(name, Date.now());
  }

  #wasRemoved(name) {
    return Date.now() - (this.#removedOn.get(name) ?? 0) < REMOVAL_MILLISECONDS;
  }

  #check({ token, expiresOnTimestamp }, tenantId, scope) {
    this.counts.served += 1;
    const { tid, aud, exp } = JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString("utf8"));
    if (Math.min(expiresOnTimestamp, exp * 1000) < Date.now()) this.counts.dead += 1;
    if (tid !== tenantId || `${aud}/.default` !== scope) this.counts.foreign += 1;
  }

  #note(error, wasHeld, detail) {
    if (error.name === "AbortError" || error.code === "ERR_REQUEST_TIMEOUT") {
      this.counts.gaveUp += 1;
      return;
    }
    this.counts.failed += 1;
    if (!wasHeld) return;
    this.counts.lost += 1;
    this.details.push(`lost ${detail}`);
  }

  /** Clients that come and go, of both interfaces. */
  async #openOften() {
    while (!this.#stopped) {
      const { authority, tenants, client, scopes } = this.#job;
      const tenant = pick(tenants);
      const { AuthenticationContext, MemoryCache } = this.#library;
      const context = new AuthenticationContext(`${authority}/${tenant}`, false, new MemoryCache());
      const { key, thumbprint } = this.#identity;
      const resource = scopes[0].replace("/.default", "");
      await Promise.allSettled([
        this.#open().getToken(pick(scopes), { tenantId: tenant, requestOptions: { timeout: 5_000 } }),
        context.acquireTokenWithClientCertificate(resource, client, key, thumbprint),
      ]);
      await sleep(1_000);
    }
  }
}

/** How a caller waits: mostly to the end. */
function manners(neverAborted) {
  const kind = Math.random();
  if (kind < 0.1) {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), Math.random() * 30);
    return { abortSignal: controller.signal };
  }
  if (kind < 0.2) return { abortSignal: neverAborted };
  if (kind < 0.3) return { requestOptions: { timeout: 1 + Math.random() * 300 } };
  if (kind < 0.32) return { claims: CLAIMS };
  return {};
}
