/** A scanner over every KRW market: one element a second with every market's closed candle, and none that is not proved. */
import { streamBars } from "@naru/router";
import { Sim } from "@naru/sim";
import { Effect, Layer, Stream } from "effect";

const program = streamBars({ quote: "KRW" }, "1s").pipe(
  Stream.filter((bar) => bar._tag === "Bar"),
  Stream.take(5),
  Stream.runForEach((bar) =>
    Effect.sync(() => {
      const [busiest] = bar.candles.toSorted((a, b) => b.value.compare(a.value));
      const most = busiest === undefined ? "" : `; most money in ${busiest.market}: ${busiest.value}`;
      console.log(`${bar.candles.length} traded, ${bar.empty.length} did not, ${bar.unproved.length} unknown${most}`);
    }),
  ),
);

await Effect.runPromise(program.pipe(Effect.provide(Layer.fresh(Sim.layerLoopback({ seed: 1, markets: { rate: 10 } })))));
