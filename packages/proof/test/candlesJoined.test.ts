/** Candles of the past and the live ones as one stream, over the emulated exchange, held against its own trades. */
import { assert, describe, it } from "@effect/vitest";
import type { Candle } from "@naru/router/domain/Candle";
import { nextWindowStart } from "@naru/router/domain/Interval";
import type { CandleStreamOptions, StreamElement } from "@naru/router/domain/StreamElement";
import { streamCandlesEvents } from "@naru/router/MarketData";
import { Exchange, Sim } from "@naru/sim";
import { endOf } from "@naru/sim/market/Trade";
import { Effect, Layer, Stream } from "effect";
import { TestClock } from "effect/testing";
import { Chance } from "../src/world/engine/Chance.ts";
import { Truth } from "../src/world/Truth.ts";

const minute = 60_000;
const origin = Date.UTC(2026, 0, 5, 3);

const follow = (market: string, interval: string, options: CandleStreamOptions) =>
  Effect.gen(function* () {
    const seen: Array<StreamElement<Candle>> = [];
    yield* Effect.forkScoped(
      Stream.runForEach(streamCandlesEvents(market, interval, options), (element) => Effect.sync(() => void seen.push(element))),
      { startImmediately: true },
    );
    return seen;
  });

const closedOf = (seen: ReadonlyArray<StreamElement<Candle>>): ReadonlyArray<Candle> =>
  seen.flatMap((element) =>
    (element._tag === "Live" || element._tag === "Recovered") && element.value.state === "closed" ? [element.value] : [],
  );

/** The windows between two moments in which the exchange had a trade. */
const traded = (truth: Truth, market: string, interval: "1s" | "1m", fromMs: number, toMs: number): ReadonlyArray<number> => {
  const found: Array<number> = [];
  for (let openMs = fromMs; openMs < toMs; openMs = nextWindowStart(interval, openMs))
    if (truth.tradesBetween(market, endOf(openMs - 1), endOf(nextWindowStart(interval, openMs) - 1)).length > 0) found.push(openMs);
  return found;
};

describe("a stream of candles that begins with history", () => {
  const seeds = Array.from({ length: 3 }, (_, at) => at + 1);

  it.effect("gives every window with a trade once, in order, with the exchange's own figures, also over a reconnect (R003-39c)", () =>
    Effect.forEach(
      seeds,
      (seed) => {
        const chance = new Chance(seed);
        const interval = chance.pick(["1s", "1m"] as const);
        const market = chance.pick(["KRW-BTC", "KRW-XRP", "KRW-SAND", "KRW-ZIL"]);
        const lengthMs = interval === "1s" ? 1_000 : minute;
        return Effect.gen(function* () {
          const truth = new Truth(yield* Exchange);
          // Begun anywhere: also a moment after a boundary, where REST has the last window as not closed yet.
          const startMs = chance.pick([0, 3, 700, 1_500, 20_000]) + lengthMs * 3;
          yield* TestClock.adjust(startMs);
          const back = chance.int(1, 450);
          const fromMs = origin + Math.floor(startMs / lengthMs) * lengthMs - back * lengthMs;
          const seen = yield* follow(market, interval, { history: { from: fromMs } });
          yield* TestClock.adjust(chance.int(0, 90_000));
          if (chance.flip(0.5)) yield* Sim.cutSockets;
          yield* TestClock.adjust("2 minutes");
          const closed = closedOf(seen);
          const last = closed.at(-1);
          assert.isDefined(last);
          const where = `seed ${seed}: ${market} ${interval}`;
          const opened = closed.map(({ openTimeMs }) => openTimeMs);
          const wanted = traded(truth, market, interval, fromMs, (last?.openTimeMs ?? 0) + 1);
          assert.deepStrictEqual(opened, wanted, where);
          // The last frame of a window need not be the whole of it: an audit has corrected that within a minute.
          const final = new Map(closed.map((candle) => [candle.openTimeMs, candle]));
          for (const element of seen)
            if (element._tag !== "Gap" && "value" in element && element.value.state === "corrected")
              final.set(element.value.openTimeMs, element.value);
          const settledMs = (last?.openTimeMs ?? 0) - minute;
          for (const candle of final.values()) {
            assert.isDefined(candle.proof, where);
            if (candle.openTimeMs < settledMs) assert.isUndefined(truth.faultOfCandle(candle), where);
          }
          assert.notInclude(
            seen.map(({ _tag }) => _tag),
            "Gap",
          );
        }).pipe(
          Effect.scoped,
          Effect.provide(
            Layer.provideMerge(Layer.fresh(Sim.layerTest({ seed, ledger: { frames: "off" } })), Layer.fresh(TestClock.layer())),
          ),
        );
      },
      { discard: true },
    ),
  );
});
