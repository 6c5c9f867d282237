/** `naru stream`: elements as they come, one per line, interruptions included. */
import type { Kind } from "@naru/router/domain/Question";
import type { MarketDataError } from "@naru/router/errors/MarketDataError";
import { MarketData } from "@naru/router/MarketData";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Stream from "effect/Stream";
import type { CommandFailed } from "../CommandFailed.ts";
import type { Shared } from "../flags.ts";
import * as output from "../output.ts";
import { elementLine, elementToJson, isValue, type KindedElement } from "../render/elements.ts";
import { withMarketData } from "../venue.ts";

export interface StreamInput {
  readonly kind: Kind;
  readonly markets: ReadonlyArray<string>;
  readonly interval: string;
  readonly levels: number;
  /** Values after which it ends; interruptions are not counted. */
  readonly count: Option.Option<number>;
}

export const stream = (flags: Shared, input: StreamInput): Effect.Effect<void, CommandFailed> =>
  withMarketData(
    flags,
    Effect.gen(function* () {
      const data = yield* MarketData;
      const origin = yield* data.health;
      const style = yield* output.style;
      const elements = firstValues(
        elementsOf(data, input),
        Option.getOrElse(input.count, () => Infinity),
      );
      yield* Stream.runForEachArray(elements, (arrived) =>
        flags.json
          ? Effect.forEach(arrived, (element) => output.json(elementToJson(element, origin)), { discard: true })
          : output.lines(arrived.map((element) => elementLine(element, origin, style))),
      );
    }),
  );

const elementsOf = (
  data: MarketData["Service"],
  { kind, markets, interval, levels }: StreamInput,
): Stream.Stream<KindedElement, MarketDataError> => {
  switch (kind) {
    case "ticker":
      return Stream.map(data.streamTickerEvents(markets), (element) => ({ kind, element }));
    case "orderbook":
      return Stream.map(data.streamOrderbookEvents(markets, { levels }), (element) => ({ kind, element }));
    case "trades":
      return Stream.map(data.streamTradesEvents(markets), (element) => ({ kind, element }));
    case "candles":
      return Stream.map(data.streamCandlesEvents(markets, interval), (element) => ({ kind, element }));
  }
};

const firstValues = <E>(elements: Stream.Stream<KindedElement, E>, count: number): Stream.Stream<KindedElement, E> => {
  let seen = 0;
  return Stream.takeUntil(elements, (element) => isValue(element) && ++seen >= count);
};
