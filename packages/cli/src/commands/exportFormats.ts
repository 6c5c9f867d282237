/** The formats of `naru history export` that are text: CSV with a head, and a JSON document a line. */
import { rowToJson } from "@naru/router/domain/Answer";
import type { Candle } from "@naru/router/domain/Candle";

/** A file as it is written, piece by piece, in this order. */
export interface ExportedFormat {
  readonly head: () => string | Uint8Array;
  readonly rows: (rows: ReadonlyArray<Candle>) => string | Uint8Array;
  readonly end: () => string | Uint8Array;
}

const columns = ["open", "high", "low", "close", "volume", "value"] as const;

export const csv: ExportedFormat = {
  head: () => `open_time,${columns.join(",")},last_trade_time\n`,
  rows: (rows) => rows.map(csvLine).join(""),
  end: () => "",
};

export const jsonLines: ExportedFormat = {
  head: () => "",
  rows: (rows) => rows.map((candle) => `${JSON.stringify(rowToJson("candles", candle))}\n`).join(""),
  end: () => "",
};

const csvLine = (candle: Candle): string =>
  `${isoOf(candle.openTimeMs)},${columns.map((column) => candle[column].toString()).join(",")},${isoOf(candle.lastTradeTimeMs)}\n`;

const isoOf = (ms: number): string => new Date(ms).toISOString();
