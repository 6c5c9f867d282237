/**
 * Which markets somebody cares about: those asked for lately, and those a program names as its core. It is what the direct socket watches while
 * the router is out, beside the streams. Counted in the way of every question, so it is one write into a map.
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { type Market, parseMarket } from "../domain/Market.ts";
import type { Question } from "../domain/Question.ts";
import type { StreamKey } from "../domain/StreamKey.ts";
import * as Result from "effect/Result";
import { RouterConfig } from "../RouterConfig.ts";

/** Markets remembered; the one asked for longest ago leaves. */
const capacity = 1_000;
/** Levels of a book that is watched. */
const levels = 15;

export class ActiveMarkets extends Context.Service<
  ActiveMarkets,
  {
    readonly asked: (question: Question) => void;
    /** The market asked for last. */
    readonly last: () => Market | undefined;
    /** Ticker, trades and one-minute candles of every active and core market, and the books of those whose book was asked for. */
    readonly keys: () => ReadonlyArray<StreamKey>;
  }
>()("@naru/router/direct/ActiveMarkets") {
  static readonly layer: Layer.Layer<ActiveMarkets> = Layer.effect(
    ActiveMarkets,
    Effect.suspend(() => make),
  );
}

const make = Effect.gen(function* () {
  const { activeForMs, coreMarkets } = yield* RouterConfig;
  const clock = yield* Clock.Clock;
  const core: Array<Market> = [];
  for (const parsed of coreMarkets.map((code) => parseMarket(code))) {
    if (Result.isSuccess(parsed)) core.push(parsed.success);
    else yield* Effect.logWarning(`A core market is not watched: ${parsed.failure.message}`);
  }
  const tickers = new Map<Market, number>();
  const books = new Map<Market, number>();
  let last: Market | undefined;
  const nowMs = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6;

  const note = (seen: Map<Market, number>, market: Market): void => {
    // A map keeps the order of insertion: taken out and put back, a market is the youngest.
    seen.delete(market);
    seen.set(market, nowMs());
    const oldest = seen.size > capacity ? seen.keys().next().value : undefined;
    if (oldest !== undefined) seen.delete(oldest);
  };
  const recent = (seen: Map<Market, number>) => [...seen].flatMap(([market, atMs]) => (nowMs() - atMs <= activeForMs ? [market] : []));

  return ActiveMarkets.of({
    asked: ({ kind, market }) => {
      last = market;
      note(tickers, market);
      if (kind === "orderbook") note(books, market);
    },
    last: () => last,
    keys: () => {
      const markets = [...new Set([...core, ...recent(tickers)])];
      return [
        ...markets.flatMap((market): ReadonlyArray<StreamKey> => [
          { kind: "ticker", market },
          { kind: "trades", market },
          { kind: "candles", market, interval: "1m" },
        ]),
        ...recent(books).map((market): StreamKey => ({ kind: "orderbook", market, levels })),
      ];
    },
  });
});
