/**
 * What to read over REST for streamed tickers and books while the socket does not bring them: which keys, together with which others, and when.
 *
 * Keys of one kind and depth are asked for in one list. The exchange refuses a whole list for one market that it does not know, and does not say
 * which: a refused list is cut in two, again and again, until the market that is refused alone is found and left out; the others come together
 * again. Plain state on monotonic milliseconds; at most one entry per unserved key.
 */
import { depthOf, type KeyId, keyId, type StreamKey } from "../domain/StreamKey.ts";
import type { Market } from "../domain/Market.ts";

/** A streamed key that the socket does not bring now. */
export interface Unserved {
  readonly key: StreamKey;
  /** Since when, monotonic. */
  readonly sinceNanos: bigint;
}

/** One list to ask for. */
export interface PollBatch {
  readonly kind: "ticker" | "orderbook";
  /** Book depth; 0 for tickers. */
  readonly depth: number;
  readonly markets: ReadonlyArray<Market>;
}

/** Longest pause between rounds while they fail, in milliseconds. */
export const longestPauseMs = 30_000;

export class PollPlan {
  readonly #reseedAfterMs: number;
  readonly #everyMs: number;
  /** Keys asked for since they became unserved. */
  #asked = new Set<KeyId>();
  /** In which part of a cut list a key is now; 0 where nothing was cut. */
  #parts = new Map<KeyId, number>();
  /** Keys that the exchange refused alone. */
  #refused = new Set<KeyId>();
  #nextPart = 1;
  #roundMs = Number.NEGATIVE_INFINITY;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  #failures = 0;

  constructor(options: { readonly reseedAfterMs: number; readonly everyMs: number }) {
    this.#reseedAfterMs = options.reseedAfterMs;
    this.#everyMs = options.everyMs;
  }

  /** When the next round is due for these keys; infinity when there is nothing to ask. */
  dueMs(unserved: ReadonlyArray<Unserved>): number {
    let dueMs = Number.POSITIVE_INFINITY;
    for (const { key, sinceNanos } of unserved) {
      const id = keyId(key);
      if (this.#refused.has(id)) continue;
      const firstMs = Number(sinceNanos) / 1e6 + this.#reseedAfterMs;
      dueMs = Math.min(dueMs, this.#asked.has(id) ? this.#roundMs + this.#everyMs : firstMs);
    }
    return Math.max(dueMs, this.#pausedUntilMs);
  }

  /** A round begins: every key that has waited long enough, in as few lists as can be. Keys that are served again are forgotten. */
  round(unserved: ReadonlyArray<Unserved>, nowMs: number): ReadonlyArray<PollBatch> {
    this.#forget(new Set(unserved.map(({ key }) => keyId(key))));
    this.#roundMs = nowMs;
    const lists = new Map<string, { readonly kind: "ticker" | "orderbook"; readonly depth: number; readonly markets: Array<Market> }>();
    for (const { key, sinceNanos } of unserved) {
      const id = keyId(key);
      if (key.kind !== "ticker" && key.kind !== "orderbook") continue;
      if (this.#refused.has(id) || Number(sinceNanos) / 1e6 + this.#reseedAfterMs > nowMs) continue;
      this.#asked.add(id);
      const name = `${key.kind} ${depthOf(key)} ${this.#parts.get(id) ?? 0}`;
      const list = lists.get(name) ?? { kind: key.kind, depth: depthOf(key), markets: [] };
      list.markets.push(key.market);
      lists.set(name, list);
    }
    return [...lists.values()];
  }

  /** A list was refused for a market in it. */
  refused({ kind, depth, markets }: PollBatch): void {
    const ids = markets.map((market) => keyId(kind === "ticker" ? { kind, market } : { kind, market, levels: depth }));
    const [alone] = ids;
    if (ids.length === 1 && alone !== undefined) {
      this.#refused.add(alone);
      this.#parts.clear();
      return;
    }
    const part = this.#nextPart++;
    for (const id of ids.slice(0, Math.ceil(ids.length / 2))) this.#parts.set(id, part);
  }

  /** How a round ended. While nothing is answered the pause before the next doubles, from twice the usual up to {@link longestPauseMs}. */
  ended(answered: boolean, retryAfterMs: number, nowMs: number): void {
    this.#failures = answered ? 0 : this.#failures + 1;
    const pauseMs = this.#failures === 0 ? 0 : Math.min(longestPauseMs, this.#everyMs * 2 ** Math.min(this.#failures, 10));
    this.#pausedUntilMs = nowMs + Math.max(pauseMs, answered ? 0 : retryAfterMs);
  }

  #forget(unserved: ReadonlySet<KeyId>): void {
    this.#asked = new Set([...this.#asked].filter((id) => unserved.has(id)));
    this.#refused = new Set([...this.#refused].filter((id) => unserved.has(id)));
    this.#parts = new Map([...this.#parts].filter(([id]) => unserved.has(id)));
  }
}
