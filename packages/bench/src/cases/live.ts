/**
 * What a caller waits for: the same question of the same exchange over real sockets on loopback, answered by REST and by what a subscription keeps in
 * memory. Both run in one process and in turns, because the promise is about one run; loopback has no way to speak of, so REST is as quick here as it
 * can ever be.
 */
import type { Market } from "@naru/router/domain/Market";
import { getTicker, streamTicker } from "@naru/router/MarketData";
import { Subscriptions } from "@naru/router/stream/Subscriptions";
import { Sim } from "@naru/sim";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import type { Case, Reading, Side } from "../Case.ts";

/** As many as the limit lets through in a few seconds. */
const requests = 30;
const reads = 3_000;
/** One request at a time, ten in a second: nobody waits for a place. */
const between = "110 millis";

const medianOf = (times: ReadonlyArray<number>): number => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;

const tookMicros = (channel: string, intent: Parameters<typeof getTicker>[1]) =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock;
    const startedNanos = clock.monotonicTimeNanosUnsafe();
    const { provenance } = yield* getTicker("KRW-BTC", intent);
    if (provenance.channel !== channel) return yield* Effect.die(new Error(`answered over ${provenance.channel}, not ${channel}`));
    return Number(clock.monotonicTimeNanosUnsafe() - startedNanos) / 1e3;
  });

const measured = (side: Side) =>
  Effect.gen(function* () {
    yield* Effect.forkScoped(Stream.runDrain(streamTicker(["KRW-BTC"])));
    const subscriptions = yield* Subscriptions;
    yield* subscriptions.awaitLive({ kind: "ticker", market: "KRW-BTC" as Market });
    const times: Array<number> = [];
    if (side === "base") {
      for (let i = 0; i < requests; i++) {
        times.push(yield* tookMicros("rest", { strategy: "rest_only", maxAge: 1 }));
        yield* Effect.sleep(between);
      }
    } else for (let i = 0; i < reads; i++) times.push(yield* tookMicros("websocket", { maxAge: 30_000 }));
    return { figures: { wait: medianOf(times) }, work: times.length };
  }).pipe(Effect.scoped, Effect.provide(Sim.layerLoopback({ seed: 1 })));

const run = (side: Side): Promise<Reading> => Effect.runPromise(Effect.orDie(measured(side)));

export const subject: Case = {
  name: "live",
  about: "how long a caller waits for a ticker, median",
  base: "over REST, on loopback",
  candidate: "from what the subscription keeps in memory, on the same exchange",
  figures: [{ name: "wait", unit: "us/call", better: "lower" }],
  isolation: "child",
  run,
};
