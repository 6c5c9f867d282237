/** The list of markets, as a table and as JSON. */
import { MarketInfo } from "@naru/router/domain/Market";
import * as Schema from "effect/Schema";
import { grouped } from "./numbers.ts";
import type { Style } from "./style.ts";
import { simColumn, table } from "./table.ts";

export const marketsTable = (markets: ReadonlyArray<MarketInfo>, simulated: boolean, style: Style): ReadonlyArray<string> =>
  table<MarketInfo>(
    [
      ...simColumn<MarketInfo>(markets, () => simulated),
      { header: "MARKET", align: "left", text: (info) => info.market, tone: () => "strong" },
      { header: "NAME", align: "left", text: (info) => info.englishName },
      { header: "이름", align: "left", text: (info) => info.koreanName ?? "" },
      { header: "TICK", align: "right", text: (info) => (info.tickSize === undefined ? "" : grouped(info.tickSize)) },
      { header: "WARNING", align: "left", text: warnings, tone: () => "warn" },
    ],
    markets,
    style,
  );

const warnings = (info: MarketInfo): string => [...(info.warning === true ? ["WARNING"] : []), ...(info.cautions ?? [])].join(", ");

const encode = Schema.encodeUnknownSync(Schema.toCodecJson(MarketInfo));
const names = Object.keys(MarketInfo.fields);

/** Every field present, null where the exchange gave nothing. */
export const marketToJson = (info: MarketInfo): Readonly<Record<string, unknown>> => {
  // A struct's JSON form is an object with the same field names.
  const encoded = encode(info) as unknown as Readonly<Record<string, unknown>>;
  return Object.fromEntries(names.map((name) => [name, encoded[name] ?? null]));
};
