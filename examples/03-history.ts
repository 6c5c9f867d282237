/** A back-test reads a thousand minutes: paged behind the call, exact numbers, oldest first, the forming candle left out. */
import { getCandles } from "@naru/router";
import { Sim } from "@naru/sim";
import { Effect, ManagedRuntime } from "effect";

const app = ManagedRuntime.make(Sim.layerLoopback({ seed: 1 }));

const program = Effect.gen(function* () {
  const { value: candles } = yield* getCandles("KRW-BTC", "1m", { count: 1_000, forming: "exclude", context: "backtesting" });
  const closes = candles.map((candle) => candle.close.number);
  const mean = (count: number, end: number) => closes.slice(end - count, end).reduce((sum, close) => sum + close, 0) / count;

  let crossings = 0;
  for (let i = 51; i <= closes.length; i++) {
    if (mean(10, i - 1) <= mean(50, i - 1) && mean(10, i) > mean(50, i)) crossings++;
  }
  console.log(`${candles.length} closed candles; the 10-minute mean rose above the 50-minute mean ${crossings} times`);
});

await app.runPromise(program);
await app.dispose();
