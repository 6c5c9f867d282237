/** `naru watch`: a table of live prices, drawn over itself on a terminal; in a pipe, one line per change. */
import type { StreamElement } from "@naru/router/domain/StreamElement";
import type { Ticker } from "@naru/router/domain/Ticker";
import type { MarketDataError } from "@naru/router/errors/MarketDataError";
import { MarketData } from "@naru/router/MarketData";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Stream from "effect/Stream";
import * as Terminal from "effect/Terminal";
import type { CommandFailed } from "../CommandFailed.ts";
import { hintWithoutNetwork } from "../reach.ts";
import * as output from "../output.ts";
import { boardLines, emptyBoard, observe } from "../render/board.ts";
import { redraw } from "../render/redraw.ts";
import type { Serving } from "../settings.ts";
import { withMarketData } from "../venue.ts";
import { stream } from "./stream.ts";

const program = "naru watch";

export const watch = (flags: Serving, markets: ReadonlyArray<string>): Effect.Effect<void, CommandFailed, Terminal.Terminal> =>
  Effect.flatMap(output.canRedraw, (canRedraw) =>
    canRedraw && !flags.json
      ? withMarketData({ ...flags, program }, drawn(markets, hintWithoutNetwork(flags)))
      : stream(flags, { kind: "ticker", markets, count: Option.none() }, program),
  );

/** Draws until interrupted. `hint`: what to do where the network is out of reach; drawn, because a line on stderr would be drawn over. */
export const drawn = (
  markets: ReadonlyArray<string>,
  hint?: string,
): Effect.Effect<void, MarketDataError, MarketData | Terminal.Terminal> =>
  Effect.gen(function* () {
    const data = yield* MarketData;
    const terminal = yield* Terminal.Terminal;
    const style = yield* output.style;
    let board = emptyBoard(markets, (yield* data.health).simulated);
    let height = 0;
    const draw = Effect.gen(function* () {
      const picture = redraw(boardLines(board, yield* Clock.currentTimeMillis, style, hint), height, yield* terminal.rows);
      height = picture.height;
      yield* output.lines([picture.text]);
    });
    // A tick without an element moves the ages on.
    const elements = Stream.map(data.streamTickerEvents(markets), (element): StreamElement<Ticker> | undefined => element);
    const ticks = Stream.map(Stream.tick("1 second"), () => undefined);
    yield* Stream.runForEachArray(Stream.merge(elements, ticks, { haltStrategy: "left" }), (arrived) => {
      for (const element of arrived) if (element !== undefined) board = observe(board, element);
      return draw;
    });
  });
