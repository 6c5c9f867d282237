/** With naru: which channel answers, and everything that can go wrong on the way, is not written here. */
import { connect } from "@naru/upbit";
import type { Prices } from "./Prices.ts";

export const openPrices = async (url: string): Promise<Prices> => {
  const naru = await connect({ venue: url });
  return {
    price: async (market) => {
      const { value, provenance } = await naru.getTicker(market, { realtime: true });
      return { price: value.price.number, ageMs: provenance.confirmedAgeMs, channel: provenance.channel };
    },
    close: naru.close,
  };
};
