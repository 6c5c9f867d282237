/**
 * Streams of bars that outlive the router. Bars need what only the router knows, that nothing is missing, so the direct clients do not make them: when
 * a router ends under a stream it waits for the next one, goes on with that, and tells the bars between the two as gaps.
 */
import * as Cause from "effect/Cause";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Result from "effect/Result";
import * as Stream from "effect/Stream";
import { barRequest } from "./barRequest.ts";
import type { BarElement } from "./domain/Bar.ts";
import type { Gap, Reconnecting, Resumed } from "./domain/StreamElement.ts";
import { InvalidRequest, type MarketDataError } from "./errors/MarketDataError.ts";
import { RouterConfig } from "./RouterConfig.ts";
import { type Instance, RouterSide } from "./RouterSide.ts";
import { monotonicMs } from "./transport/Session.ts";
import type { Streaming } from "./streaming.ts";

type Bars = Stream.Stream<BarElement, MarketDataError>;

export const make = Effect.gen(function* () {
  const { enableSmartRouting, smartRouting } = yield* RouterConfig;
  const side = yield* RouterSide;
  const clock = yield* Clock.Clock;

  const bars: Streaming["bars"] = (markets, interval, options) =>
    Stream.suspend(() => {
      const checked = barRequest(markets, interval, options);
      if (Result.isFailure(checked)) return Stream.fail(checked.failure);
      if (!enableSmartRouting || !smartRouting.trades) return Stream.fail(switchedOff);
      const seam = new BarSeam();
      const of = (instance: Instance): Bars => instance.streams.bars(markets, interval, options);
      const routed = (instance: Instance): Bars =>
        Stream.catchCause(Stream.flattenIterable(Stream.map(of(instance), (element) => seam.join(element))), (cause) => {
          const error = Option.getOrUndefined(Cause.findErrorOption(cause));
          const hasDied = error === undefined ? !Cause.hasInterruptsOnly(cause) : error._tag === "Closed";
          if (!hasDied || side.isClosing()) return Stream.failCause(cause);
          const reason = error?.message ?? "the router's bars crashed";
          return Stream.concat(Stream.drain(Stream.fromEffect(side.died(instance, reason))), without(reason));
        });
      /** Until there is a router. */
      const without = (reason: string): Bars =>
        Stream.suspend(() => {
          const downMs = monotonicMs(clock);
          const down: Reconnecting = { _tag: "Reconnecting", attempt: 1, reason, atMs: clock.currentTimeMillisUnsafe() };
          const again = Effect.map(side.back, (instance) => {
            const up: Resumed = { _tag: "Resumed", downMs: monotonicMs(clock) - downMs, atMs: clock.currentTimeMillisUnsafe() };
            return Stream.concat(Stream.succeed(up), routed(instance));
          });
          return Stream.concat(Stream.succeed(down), Stream.unwrap(again));
        });
      const instance = side.current();
      return instance === undefined ? without("there is no router") : routed(instance);
    });
  return bars;
});

const switchedOff = new InvalidRequest({
  field: "markets",
  input: "bars",
  reason: "are made by the router, which is switched off (enableSmartRouting, smartRouting.trades)",
});

/** Where one router's bars end and the next one's begin: none twice, and those that nobody made are told. */
class BarSeam {
  /** End of the newest bar. */
  #toldMs: number | undefined;

  join(bar: BarElement): ReadonlyArray<BarElement> {
    // A skip was told by the one who skipped.
    if (bar._tag === "Gap" && bar.kind === "candles") this.#toldMs = Math.max(this.#toldMs ?? bar.toMs, bar.toMs);
    if (bar._tag !== "Bar") return [bar];
    const fromMs = this.#toldMs ?? bar.openTimeMs;
    if (bar.openTimeMs < fromMs) return [];
    this.#toldMs = bar.closeTimeMs;
    if (bar.openTimeMs === fromMs) return [bar];
    const markets = [...bar.candles.map(({ market }) => market), ...bar.empty, ...bar.unproved.map(({ market }) => market)];
    const gap = { _tag: "Gap", kind: "candles", fromMs, toMs: bar.openTimeMs, reason: "there was no router to make these bars" } as const;
    return [...markets.map((market): Gap => ({ ...gap, market })), bar];
  }
}
