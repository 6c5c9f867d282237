/** What a format of `naru history export` is, and those of it that are lines of text: CSV with a head, and a JSON document a line. */
import { rowToJson } from "@naru/router/domain/Answer";
import type { Trade } from "@naru/router/domain/Trade";
import type { TextFormat } from "../historyTree.ts";

/** A file as it is written, piece by piece, in this order. */
export interface ExportedFormat<Row> {
  readonly head: () => string | Uint8Array;
  readonly rows: (rows: ReadonlyArray<Row>) => string | Uint8Array;
  readonly end: () => string | Uint8Array;
}

/** Rows as lines, each with its end. */
export interface RowText<Row> {
  /** The lines before the first row. */
  readonly head: string;
  readonly line: (row: Row) => string;
}

export const asText = <Row>({ head, line }: RowText<Row>): ExportedFormat<Row> => ({
  head: () => head,
  rows: (rows) => rows.map(line).join(""),
  end: () => "",
});

export const tradeText = (format: TextFormat): RowText<Trade> =>
  format === "csv"
    ? { head: "trade_time,id,price,volume,side\n", line: tradeLine }
    : { head: "", line: (trade) => `${JSON.stringify(rowToJson("trades", trade))}\n` };

/** An id is text: whoever reads it as a number of today's spreadsheets loses its last digit. */
const tradeLine = ({ id, price, volume, side, tradeTimeMs }: Trade): string =>
  `${new Date(tradeTimeMs).toISOString()},${id},${price.toString()},${volume.toString()},${side}\n`;
