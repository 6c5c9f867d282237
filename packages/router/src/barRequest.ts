/** What a caller of bars wants, checked before any network use. Pure. */
import * as Result from "effect/Result";
import type { BarMarkets, BarOptions } from "./domain/Bar.ts";
import { type Interval, parseInterval } from "./domain/Interval.ts";
import { type Market, parseMarket } from "./domain/Market.ts";
import { InvalidRequest } from "./errors/MarketDataError.ts";

export interface BarRequest {
  readonly interval: Interval;
  readonly wanted:
    | { readonly _tag: "Markets"; readonly markets: ReadonlyArray<Market> }
    | { readonly _tag: "Quote"; readonly quote: string };
}

/** Markets of one stream of bars. */
const mostMarkets = 1_000;
/** Nobody follows a week, a month or a year of trades without having missed some: REST has those candles. */
const tooLong: ReadonlySet<Interval> = new Set(["1w", "1M", "1y"]);

export const barRequest = (markets: BarMarkets, intervalText: string, options: BarOptions): Result.Result<BarRequest, InvalidRequest> =>
  Result.gen(function* () {
    const interval = yield* parseInterval(intervalText);
    if (tooLong.has(interval))
      return yield* refuse("interval", interval, "is too long for bars, which are made from trades; getCandles reads it");
    const { bufferSize } = options;
    if (bufferSize !== undefined && !(Number.isInteger(bufferSize) && bufferSize >= 1))
      return yield* refuse("bufferSize", String(bufferSize), "is not a whole number, 1 or more");
    // Types do not reach callers from plain JavaScript.
    if (typeof markets !== "object" || markets === null)
      return yield* refuse("market", String(markets), "is neither { markets } nor { quote }");
    if ("quote" in markets) {
      const quote = String(markets.quote).toUpperCase();
      if (!/^[A-Z0-9]{2,10}$/.test(quote)) return yield* refuse("quote", String(markets.quote), "is not a currency like KRW");
      return { interval, wanted: { _tag: "Quote", quote } } as const;
    }
    const codes =
      typeof markets.markets === "string" ? [markets.markets] : Array.isArray(markets.markets) ? [...new Set(markets.markets)] : [];
    if (codes.length === 0) return yield* refuse("market", "", "is missing: the list is empty");
    if (codes.length > mostMarkets)
      return yield* refuse("market", `${codes.length} markets`, `are too many for one stream; at most ${mostMarkets}`);
    const parsed: Array<Market> = [];
    for (const code of codes) parsed.push(yield* parseMarket(code));
    return { interval, wanted: { _tag: "Markets", markets: parsed } } as const;
  });

const refuse = (field: string, input: string, reason: string): Result.Result<never, InvalidRequest> =>
  Result.fail(new InvalidRequest({ field, input: input.slice(0, 60), reason }));
