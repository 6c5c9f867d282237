/**
 * The lists of what is traded: `/v1/market/all` (plain, with details, and as the regions outside Korea send it), instruments and the
 * deprecated supported levels. The list has no trading status: a delisted market is simply absent.
 */
import type { Decimal } from "@naru/router/domain/Decimal";
import { type Market, MarketInfo, quoteOf } from "@naru/router/domain/Market";
import * as type from "./FieldType.ts";
import { domainSchema, object, optional, required, type Row, shape } from "./Shape.ts";

const marketEvent = shape({
  warning: required(type.flag, "warning"),
  caution: optional(type.flags, "caution"),
});

/** A row of `/v1/market/all`. */
export const restMarket = shape({
  market: required(type.market, "market"),
  koreanName: optional(type.text, "korean_name"),
  englishName: required(type.text, "english_name"),
  event: optional(object(marketEvent), "market_event"),
  regionalWarning: optional(type.text, "market_warning"),
});

/** A row of `/v1/orderbook/instruments`. */
export const restInstrument = shape({
  market: required(type.market, "market"),
  quote: optional(type.text, "quote_currency"),
  tickSize: required(type.price, "tick_size"),
  supportedLevels: optional(type.decimals, "supported_levels"),
});

/** A row of `/v1/orderbook/supported_levels`. */
export const restSupportedLevels = shape({
  market: required(type.market, "market"),
  supportedLevels: required(type.decimals, "supported_levels"),
});

export const toMarketInfo = (row: Row<typeof restMarket.fields>): MarketInfo => {
  const warning = row.event?.warning ?? (row.regionalWarning === undefined ? undefined : row.regionalWarning === "CAUTION");
  return {
    market: row.market,
    base: row.market.slice(row.market.indexOf("-") + 1),
    quote: quoteOf(row.market),
    englishName: row.englishName,
    ...(row.koreanName !== undefined && { koreanName: row.koreanName }),
    ...(warning !== undefined && { warning }),
    ...(row.event?.caution !== undefined && { cautions: [...row.event.caution].filter(([, on]) => on).map(([name]) => name) }),
  };
};

/** What instruments and supported levels add to a {@link MarketInfo}. */
export interface Instrument {
  readonly market: Market;
  readonly tickSize?: Decimal;
  readonly supportedLevels?: ReadonlyArray<Decimal>;
}

export const toInstrument = (row: Row<typeof restInstrument.fields> | Row<typeof restSupportedLevels.fields>): Instrument => ({
  market: row.market,
  ...("tickSize" in row && { tickSize: row.tickSize }),
  ...(row.supportedLevels !== undefined && { supportedLevels: row.supportedLevels }),
});

/** Wire to domain, as a Schema. */
export const RestMarket = domainSchema(restMarket, "full", MarketInfo, toMarketInfo);
