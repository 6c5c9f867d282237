/**
 * One program on the address, in a process of its own: `node limitClient.ts OPTIONS`. It asks every limit group at an even pace, a share of what its part
 * of the limit allows, through the same call that everything else uses, and goes on until it is killed. What came of it is the exchange's to say.
 */
import { parseMarket } from "@naru/router/domain/Market";
import type { LimitShare } from "@naru/router/RouterConfig";
import { apportioned } from "@naru/router/limits/LimitTable";
import { Rest } from "@naru/router/transport/RestCall";
import { type RestCall, Venue } from "@naru/router/transport/Venue";
import { layerFor } from "@naru/upbit/Upbit";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Logger from "effect/Logger";
import * as Result from "effect/Result";

export interface LimitClientOptions {
  readonly url: string;
  readonly share: LimitShare;
  /** Of what the share allows, 0 to 1. */
  readonly load: number;
}

const deadlineNanos = 5_000_000_000n;

/** A cheap question of every group. */
const questions = (venue: Venue["Service"]): ReadonlyArray<RestCall<unknown>> => {
  const market = Result.getOrThrow(parseMarket("KRW-BTC"));
  const candles = Result.getOrThrow(venue.candles(market, "1m", { count: 1 }));
  const trades = Result.getOrThrow(venue.trades(market, { count: 1 }));
  return [venue.markets(), ...venue.tickers([market]), ...venue.orderbooks([market], 1), candles, trades];
};

/** Asks one question again and again. Each goes its own way, so that a slow answer delays no other. */
const ask = Effect.fnUntraced(function* (call: RestCall<unknown>, everyMs: number) {
  const rest = yield* Rest;
  const nowNanos = Clock.monotonicTimeNanos;
  const startNanos = yield* nowNanos;
  for (let i = 0; ; i++) {
    const now = yield* nowNanos;
    const one = rest.run(call, { priority: "normal", deadlineNanos: now + deadlineNanos });
    yield* Effect.forkChild(Effect.ignore(one));
    const dueMs = Number(startNanos - (yield* nowNanos)) / 1e6 + (i + 1) * everyMs;
    yield* Effect.sleep(Math.max(0, dueMs));
  }
});

const { url, share, load } = JSON.parse(process.argv[2] ?? "{}") as LimitClientOptions;

const program = Effect.gen(function* () {
  const venue = yield* Venue;
  process.send?.("ready");
  const asking = questions(venue).map((call) => {
    const limit = venue.limits.groups[call.group];
    if (limit === undefined) return Effect.die(new Error(`the venue knows no limit of ${call.group}`));
    const part = apportioned(limit, share);
    return ask(call, part.windowMs / (part.limit * load));
  });
  yield* Effect.all(asking, { concurrency: "unbounded" });
}).pipe(
  Effect.provide(
    layerFor({ venue: url, profile: { id: "sim", simulated: true }, config: { limitShare: share } }).pipe(
      Layer.provideMerge(Logger.layer([])),
    ),
  ),
);

process.on("disconnect", () => process.exit(0));
await Effect.runPromise(program);
