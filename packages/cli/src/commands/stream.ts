/** `naru stream`: elements as they come, one per line, interruptions included. */
import type { MarketDataError } from "@naru/router/errors/MarketDataError";
import { MarketData } from "@naru/router/MarketData";
import * as Console from "effect/Console";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Stream from "effect/Stream";
import type { CommandFailed } from "../CommandFailed.ts";
import { hintWithoutNetwork, isNetworkReason } from "../reach.ts";
import * as output from "../output.ts";
import { elementLine, elementToJson, isValue, type KindedElement } from "../render/elements.ts";
import type { Connection, Serving } from "../settings.ts";
import { withMarketData } from "../venue.ts";

export type StreamInput = Selection & {
  readonly markets: ReadonlyArray<string>;
  /** Values after which it ends; interruptions are not counted. */
  readonly count: Option.Option<number>;
};

type Selection =
  | { readonly kind: "ticker" | "trades" }
  | { readonly kind: "orderbook"; readonly levels: number }
  | { readonly kind: "candles"; readonly interval: string };

/** `program`: how the app is called on its admin socket. */
export const stream = (flags: Serving, input: StreamInput, program = `naru stream ${input.kind}`): Effect.Effect<void, CommandFailed> =>
  withMarketData(
    { ...flags, program },
    Effect.gen(function* () {
      const data = yield* MarketData;
      const origin = yield* data.health;
      const style = yield* output.style;
      const elements = firstValues(
        elementsOf(data, input),
        Option.getOrElse(input.count, () => Infinity),
      );
      const hint = firstHint(flags);
      yield* Stream.runForEachArray(elements, (arrived) =>
        Effect.andThen(
          flags.json
            ? Effect.forEach(arrived, (element) => output.json(elementToJson(element, origin)), { discard: true })
            : output.lines(arrived.map((element) => elementLine(element, origin, style))),
          hint(arrived),
        ),
      );
    }),
  );

/** Says what to do when the venue is out of reach: once, and not to who has already seen a value. */
const firstHint = (flags: Connection) => {
  let quiet = false;
  return (arrived: ReadonlyArray<KindedElement>): Effect.Effect<void> => {
    const lost = arrived.some(({ element }) => element._tag === "Reconnecting" && isNetworkReason(element.reason));
    const hint = quiet || !lost ? undefined : hintWithoutNetwork(flags);
    quiet ||= lost || arrived.some(isValue);
    return hint === undefined ? Effect.void : Console.error(hint);
  };
};

const elementsOf = (data: MarketData["Service"], input: StreamInput): Stream.Stream<KindedElement, MarketDataError> => {
  const { kind, markets } = input;
  switch (kind) {
    case "ticker":
      return Stream.map(data.streamTickerEvents(markets), (element) => ({ kind, element }));
    case "orderbook":
      return Stream.map(data.streamOrderbookEvents(markets, { levels: input.levels }), (element) => ({ kind, element }));
    case "trades":
      return Stream.map(data.streamTradesEvents(markets), (element) => ({ kind, element }));
    case "candles":
      return Stream.map(data.streamCandlesEvents(markets, input.interval), (element) => ({ kind, element }));
  }
};

const firstValues = <E>(elements: Stream.Stream<KindedElement, E>, count: number): Stream.Stream<KindedElement, E> => {
  let seen = 0;
  return Stream.takeUntil(elements, (element) => isValue(element) && ++seen >= count);
};
