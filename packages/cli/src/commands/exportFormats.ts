/** The formats of `naru history export` that are text: CSV with a head, and a JSON document a line. */
import { rowToJson } from "@naru/router/domain/Answer";
import type { Candle } from "@naru/router/domain/Candle";
import type { Trade } from "@naru/router/domain/Trade";

/** A file as it is written, piece by piece, in this order. */
export interface ExportedFormat<Row> {
  readonly head: () => string | Uint8Array;
  readonly rows: (rows: ReadonlyArray<Row>) => string | Uint8Array;
  readonly end: () => string | Uint8Array;
}

const columns = ["open", "high", "low", "close", "volume", "value"] as const;

export const candleCsv: ExportedFormat<Candle> = {
  head: () => `open_time,${columns.join(",")},last_trade_time\n`,
  rows: (rows) => rows.map(candleLine).join(""),
  end: () => "",
};

export const tradeCsv: ExportedFormat<Trade> = {
  head: () => "trade_time,id,price,volume,side\n",
  rows: (rows) => rows.map(tradeLine).join(""),
  end: () => "",
};

export const jsonLines = (kind: "candles" | "trades"): ExportedFormat<Candle | Trade> => ({
  head: () => "",
  rows: (rows) => rows.map((row) => `${JSON.stringify(rowToJson(kind, row))}\n`).join(""),
  end: () => "",
});

const candleLine = (candle: Candle): string =>
  `${isoOf(candle.openTimeMs)},${columns.map((column) => candle[column].toString()).join(",")},${isoOf(candle.lastTradeTimeMs)}\n`;

/** An id is text: whoever reads it as a number of today's spreadsheets loses its last digit. */
const tradeLine = ({ id, price, volume, side, tradeTimeMs }: Trade): string =>
  `${isoOf(tradeTimeMs)},${id},${price.toString()},${volume.toString()},${side}\n`;

const isoOf = (ms: number): string => new Date(ms).toISOString();
