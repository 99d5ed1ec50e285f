/**
 * By what an application proves its identity to the token service: one way for each kind of credential. A proof makes the client
 * that the core drives, and answers what the core asks of it later.
 */
import type { Backend, BackendClient, ClientConfig } from "./backend.ts";
import type { CredentialHost } from "./driver.ts";
import type { Fetch } from "./transport.ts";

/** What a proof may use. */
export interface ProofHost {
  readonly backend: Backend;
  readonly fetch: Fetch;
}

/** The configuration without what proves the client's identity. */
export type BareConfig = Omit<ClientConfig, "certificate" | "clientSecret">;

/** A client with what answers its steps. */
export interface ProvenClient {
  readonly client: BackendClient;
  readonly host: CredentialHost;
  /** For the log: what proves the client's identity, without a secret. */
  readonly description: string;
}

/** A kind of proof. */
export interface Proof {
  /** Makes a client; throws what {@link Backend.open} throws, and what the proof's own source says. */
  open(host: ProofHost, config: BareConfig): Promise<ProvenClient>;
}

/** A client secret: it crosses the wire with each request. */
export function secretProof(clientSecret: string): Proof {
  return {
    async open({ backend }, config) {
      const client = await backend.open({ ...config, clientSecret });
      return { client, host: {}, description: "client secret" };
    },
  };
}

/** Gives a client assertion: a JWT that somebody else signed (RFC 7523 section 2.2). */
export type Assert = CredentialHost["assert"] & {};

/** Assertions that are made elsewhere. */
export function assertionProof(assert: Assert, description: string): Proof {
  return {
    async open({ backend }, config) {
      return { client: await backend.open(config), host: { assert }, description };
    },
  };
}
