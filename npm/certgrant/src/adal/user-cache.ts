/** The cached half of users' calls: a token that is there, one for a refresh token that is there, or none. */

import { fromPromise } from "./completion.ts";
import { asEntry } from "./entries.ts";
import { asAdalError } from "./errors.ts";
import { Failure } from "./failure.ts";
import { shareRequest } from "./shared-requests.ts";
import type { CacheEntry, TokenCache, TokenResponse } from "./types.ts";
import type { Call, UserFlights } from "./user-flights.ts";
import { findUserToken, keepUserToken, refreshedEntry, type UserKey } from "./user-tokens.ts";

/** A cache, and what its refresh tokens are redeemed with. */
export class UserCache {
  readonly #cache: TokenCache;
  readonly #flights: UserFlights;

  constructor(cache: TokenCache, flights: UserFlights) {
    this.#cache = cache;
    this.#flights = flights;
  }

  /**
   * Passes on a token, or why there is none; before this function returns if the cache has one. What is wrong with a
   * refresh does not end the call: it may have another way to a token.
   */
  find(key: UserKey, call: Call, next: (entry: CacheEntry | undefined, refused?: unknown) => void): void {
    findUserToken(this.#cache, key, Date.now(), call.log, (found) => {
      if (!found) return next(undefined);
      if ("token" in found) return next(found.token);
      fromPromise(this.#refresh(found.refresh, key, call), (failure, entry) => {
        if (entry) return next(entry);
        const error = failure instanceof Failure ? failure.error : asAdalError(failure);
        call.log.write("WARN", "TokenRequest", "Attempt to look for token in cahce resulted in Error");
        call.log.write(
          "WARN",
          "TokenRequest",
          `Attempt to look for token in cache resulted in Error: ${error.stack}`,
          true,
        );
        next(undefined, error);
      });
    });
  }

  /** Puts a user's token into the cache, and passes on the error of the cache if it has one. */
  keep(token: TokenResponse, key: UserKey, call: Call, username?: string): Promise<[CacheEntry, unknown]> {
    const origin = { resource: key.resource, isApp: false, proof: key.proof, username };
    const entry = asEntry(token, key, origin);
    return new Promise((resolve) =>
      keepUserToken(this.#cache, entry, key, call.log, (error) => resolve([entry, error])),
    );
  }

  #refresh(old: CacheEntry, key: UserKey, call: Call): Promise<CacheEntry> {
    const { clientId, resource, authority } = key;
    const refreshToken = String(old.refreshToken);
    const name = JSON.stringify(["refresh", clientId, authority, resource, refreshToken]);
    return shareRequest(this.#cache, name, call, async () => {
      call.log.write("VERBOSE", "TokenRequest", "Called to refresh a token from the cache.");
      call.log.write("INFO", "TokenRequest", "Getting a new token from a refresh token.");
      const token = await this.#flights.token({ grant: "refreshToken", refreshToken, clientId, resource }, call);
      const entry = refreshedEntry(old, token, key);
      call.log.write("VERBOSE", "CacheDriver", "Created new cache entry from refresh response.");
      const replaced = old.resource === entry.resource && old._authority === authority ? old : undefined;
      await new Promise<unknown>((resolve) => keepUserToken(this.#cache, entry, key, call.log, resolve, replaced));
      call.log.write(
        "INFO",
        "CacheDriver",
        replaced ? "Returning token refreshed after expiry." : "Returning token derived from mrrt refresh.",
      );
      return entry;
    });
  }
}
