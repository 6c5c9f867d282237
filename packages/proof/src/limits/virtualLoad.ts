/**
 * The router's own REST path under load in virtual time, over the emulated exchange in memory: a program that asks at an even pace, beside another one
 * on its address that knows no limits. The exchange's ledger is the witness.
 */
import { parseMarket } from "@naru/router/domain/Market";
import { Rest } from "@naru/router/transport/RestCall";
import { Transport } from "@naru/router/transport/Transport";
import { Venue } from "@naru/router/transport/Venue";
import type { Exchange } from "@naru/sim";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";

const deadlineNanos = 5_000_000_000n;

/** Something every so often, for so long, each going its own way. */
const evenly = <A, E, R>(perSecond: number, forMs: number, one: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    for (let i = 0; i < (forMs * perSecond) / 1_000; i++) {
      yield* Effect.forkChild(Effect.ignore(one));
      const everyMs = 1_000 / perSecond;
      yield* Effect.sleep(Math.round((i + 1) * everyMs) - Math.round(i * everyMs));
    }
    // What was begun is awaited.
    yield* Effect.sleep(6_000);
  });

const btc = Result.getOrThrow(parseMarket("KRW-BTC"));

/** Asks for a ticker so many times a second. */
export const load = (perSecond: number, forMs: number) =>
  Effect.gen(function* () {
    const rest = yield* Rest;
    const venue = yield* Venue;
    const [call] = venue.tickers([btc]);
    if (call === undefined) return yield* Effect.die(new Error("no question"));
    const one = Effect.flatMap(Clock.monotonicTimeNanos, (now) =>
      rest.run(call, { priority: "normal", deadlineNanos: now + deadlineNanos }),
    );
    yield* evenly(perSecond, forMs, one);
  });

/** The other program. Its requests are told from ours by their market. */
export const neighbour = (perSecond: number, forMs: number) =>
  Effect.gen(function* () {
    const transport = yield* Transport;
    const venue = yield* Venue;
    const [call] = venue.tickers([Result.getOrThrow(parseMarket(otherMarket))]);
    if (call === undefined) return yield* Effect.die(new Error("no question"));
    yield* evenly(perSecond, forMs, transport.rest({ url: call.url, headers: {} }));
  });

const otherMarket = "KRW-ETH";

export interface Span {
  /** Requests of ours and of the other that were let in. */
  readonly ours: number;
  readonly theirs: number;
  /** Requests of either that were refused. */
  readonly refused: number;
}

/** What the exchange saw between two moments, in milliseconds of its clock's run. */
export const spanOf = (exchange: Exchange["Service"], fromMs: number, toMs: number): Span => {
  const entries = exchange.ledger.requests("/v1/ticker").filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
  const accepted = entries.filter(({ status }) => status === 200);
  const theirs = accepted.filter(({ target }) => target.includes(otherMarket)).length;
  return { ours: accepted.length - theirs, theirs, refused: entries.length - accepted.length };
};
