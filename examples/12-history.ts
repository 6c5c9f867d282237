/** The past in three forms: candles with word of how far they are, candles as columns for research, and every trade of a quarter of an hour. */
import { emptyWindows, getCandleColumns, getCandles, getTrades } from "@naru/router";
import { Sim } from "@naru/sim";
import { Clock, Effect, ManagedRuntime } from "effect";

const app = ManagedRuntime.make(Sim.layerLoopback({ seed: 1 }));
const minuteMs = 60_000;

const program = Effect.gen(function* () {
  const now = yield* Clock.currentTimeMillis;

  const shares: Array<number> = [];
  const { value: candles } = yield* getCandles("KRW-BTC", "1m", {
    count: 2_000,
    priority: "low",
    onProgress: ({ share }) => shares.push(Math.round(100 * share)),
  });
  console.log(`${candles.length} candles; told ${shares.length} times how far they were, at last ${shares.at(-1)} %`);

  const { value: columns } = yield* getCandleColumns("KRW-BTC", "1m", { from: now - 1_000 * minuteMs, to: now - 10 * minuteMs });
  const { close, covers } = columns; // Float64Array, oldest first; covers: nothing in this range is missing
  const minutes = (covers.toMs - covers.fromMs) / minuteMs;
  console.log(`${minutes} minutes as columns, ${emptyWindows(columns).length} without a trade; the highest close is ${Math.max(...close)}`);

  const { value: trades } = yield* getTrades("KRW-BTC", { from: now - 30 * minuteMs, to: now - 15 * minuteMs });
  console.log(`${trades.length} trades of a quarter of an hour, from ${trades[0]?.id} to ${trades.at(-1)?.id}`);
});

await app.runPromise(program);
await app.dispose();
