/** `naru monitor`: the live side at work. It streams what it is told to and shows, every second, what the router counts of that. */
import type { MarketDataError } from "@naru/router/errors/MarketDataError";
import { MarketData } from "@naru/router/MarketData";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Stream from "effect/Stream";
import * as Terminal from "effect/Terminal";
import type { CommandFailed } from "../CommandFailed.ts";
import type { MonitorInput } from "../linkFlags.ts";
import * as output from "../output.ts";
import { liveLine, liveLines, liveToJson } from "../render/live.ts";
import { redraw } from "../render/redraw.ts";
import type { Serving } from "../settings.ts";
import type { TapeKind } from "../tapeFlags.ts";
import { withMarketData } from "../venue.ts";

export const monitor = (flags: Serving, input: MonitorInput): Effect.Effect<void, CommandFailed, Terminal.Terminal> =>
  Effect.flatMap(output.canRedraw, (canRedraw) =>
    withMarketData({ ...flags, program: "naru monitor" }, monitored(input, flags.json ? "json" : canRedraw ? "picture" : "lines")),
  );

/** Shows until the time is over, or a stream ends by an error. */
export const monitored = (
  { markets, kinds, for: lasting }: MonitorInput,
  as: "json" | "picture" | "lines",
): Effect.Effect<void, MarketDataError, MarketData | Terminal.Terminal> =>
  Effect.gen(function* () {
    const data = yield* MarketData;
    const show = yield* showing(as);
    const busy = Effect.forEach(kinds, (kind) => Stream.runDrain(eventsOf(data, kind, markets)), {
      concurrency: "unbounded",
      discard: true,
    });
    const shown = Effect.raceFirst(
      busy,
      Stream.runForEach(Stream.tick("1 second"), () => show),
    );
    yield* Option.match(lasting, { onNone: () => shown, onSome: (ms) => Effect.timeoutOption(shown, ms) });
  });

const showing = Effect.fnUntraced(function* (as: "json" | "picture" | "lines") {
  const data = yield* MarketData;
  const origin = yield* data.health;
  const terminal = yield* Terminal.Terminal;
  const style = yield* output.style;
  let height = 0;
  return Effect.gen(function* () {
    const metrics = yield* data.liveMetrics;
    const nowMs = yield* Clock.currentTimeMillis;
    if (as === "json") return yield* output.json(liveToJson(metrics, nowMs, origin));
    if (as === "lines") return yield* output.lines([liveLine(metrics, nowMs, origin)]);
    const picture = redraw(liveLines(metrics, origin, style), height, yield* terminal.rows);
    height = picture.height;
    yield* output.lines([picture.text]);
  });
});

const eventsOf = (data: MarketData["Service"], kind: TapeKind, markets: ReadonlyArray<string>): Stream.Stream<unknown, MarketDataError> => {
  switch (kind) {
    case "ticker":
      return data.streamTickerEvents(markets);
    case "trades":
      return data.streamTradesEvents(markets);
    case "orderbook":
      return data.streamOrderbookEvents(markets);
  }
};
