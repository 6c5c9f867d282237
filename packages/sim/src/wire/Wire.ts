/** How this exchange writes: its profile, and what is open in the profile or deliberately different from it. Rows and frames are given one. */
import type { Profile } from "../profile/Profile.ts";
import { type Speller, spellers, type SpellingMode } from "./Spelling.ts";

export interface WireOptions {
  /** `wire`: the exchange's own mixture of spellings. Default: what the profile says. */
  readonly spelling: SpellingMode;
  /** Six prices of a REST ticker as quoted text with eight decimals, as a guide of the exchange prints them. Default false. */
  readonly tickerPricesAsText: boolean;
  /** The best quotes of a trade frame, where the profile sends them. `null` has been seen. Default shown. */
  readonly bestQuotes: "shown" | "null";
  /**
   * The ticker of a market that never traded: its prices, times and extremes are null, or there is no ticker. Such a market has no candles, no
   * trades and no snapshot of them either way. Default null.
   */
  readonly neverTraded: "null" | "absent";
  /** Decimals of `candle_acc_trade_price` in candle frames at least; 16 were printed in 2025. Default 8. */
  readonly candleMoneyPlaces: 8 | 16;
  /** The member order of a REST book's units: as probed, or as documented. Default bidFirst. */
  readonly restBookOrder: "bidFirst" | "askFirst";
  /** `name` in a REST error: the status as a number, as on the wire, or as text, as in the schema. Default number. */
  readonly errorName: "number" | "text";
}

export interface Wire {
  readonly profile: Profile;
  readonly options: WireOptions;
  readonly spell: Speller;
}

export const makeWire = (profile: Profile, given: Partial<WireOptions> = {}): Wire => {
  const options: WireOptions = {
    spelling: profile.spelling,
    tickerPricesAsText: false,
    bestQuotes: "shown",
    neverTraded: "null",
    candleMoneyPlaces: 8,
    restBookOrder: "bidFirst",
    errorName: "number",
    ...given,
  };
  return { profile, options, spell: spellers[options.spelling] };
};
