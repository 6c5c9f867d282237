/**
 * Closed candles as lines of text, and back, with nothing lost: CSV, whose columns are those that the interval has, and JSON lines, the documents of
 * `naru candles --json`. Numbers are read from their digits and never through a double. Pure.
 */
import type { CandleSeries } from "@naru/router/cache/HistoryStore";
import { rowToJson } from "@naru/router/domain/Answer";
import { Candle } from "@naru/router/domain/Candle";
import { Decimal } from "@naru/router/domain/Decimal";
import type { Interval } from "@naru/router/domain/Interval";
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import type { TextFormat } from "../historyTree.ts";
import type { RowText } from "./exportFormats.ts";

type Series = Pick<CandleSeries, "market" | "interval">;

/** One of the two spellings. */
export interface CandleText extends RowText<Candle> {
  /** A line without its end as a candle, or why it is none. */
  readonly parse: (line: string) => Result.Result<Candle, string>;
}

/** By the name of a file, where nothing else is said. */
export const formatOf = (path: string): TextFormat => (/\.jsonl?$/i.test(path) ? "jsonl" : "csv");

export const textOf = (format: TextFormat, series: Series): CandleText => (format === "csv" ? csv(series) : jsonl(series));

const figures = ["open", "high", "low", "close", "volume", "value"] as const;
const ofDays = ["previousClose", "changeAmount", "changeRatio", "convertedClose"] as const;

/** What only days have, and only longer periods; nothing where a candle has none. */
const extrasOf = (interval: Interval): ReadonlyArray<(typeof ofDays)[number] | "firstDay"> => {
  if (interval === "1d") return ofDays;
  return interval === "1w" || interval === "1M" || interval === "1y" ? ["firstDay"] : [];
};

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const csv = ({ market, interval }: Series): CandleText => {
  const extras = extrasOf(interval);
  const names = ["openTime", ...figures, "lastTradeTime", ...extras];
  return {
    head: `${names.map(snakeCase).join(",")}\n`,
    line: (candle) => {
      const cells = [isoOf(candle.openTimeMs), ...figures.map((name) => candle[name].toString()), isoOf(candle.lastTradeTimeMs)];
      return `${[...cells, ...extras.map((name) => String(candle[name] ?? ""))].join(",")}\n`;
    },
    parse: (line) => {
      const cells = line.split(",");
      if (cells.length !== names.length) return Result.fail(`has ${cells.length} columns instead of ${names.length}`);
      const row: Record<string, unknown> = { market, interval, state: "closed" };
      for (const [at, name] of names.entries()) {
        const cell = cells[at] ?? "";
        if (name === "openTime" || name === "lastTradeTime") row[`${name}Ms`] = timeOf(cell);
        else if (name === "firstDay") row[name] = cell === "" ? undefined : cell;
        else row[name] = cell === "" && at > figures.length + 1 ? undefined : Decimal.parse(cell);
        if (row[name] === undefined && cell !== "") row[name] = null;
      }
      return checked(row, isCandle);
    },
  };
};

const jsonl = ({ market, interval }: Series): CandleText => ({
  head: "",
  line: (candle) => `${JSON.stringify(rowToJson("candles", candle))}\n`,
  parse: (line) => {
    const document = Result.try({ try: (): unknown => JSON.parse(line), catch: () => "is no JSON" });
    return Result.flatMap(document, (fields) => {
      if (typeof fields !== "object" || fields === null) return Result.fail("is no candle");
      return Result.flatMap(checked(fields, fromJson), (candle) =>
        candle.market === market && candle.interval === interval
          ? Result.succeed(candle)
          : Result.fail(`is of ${candle.market} ${candle.interval} and not of ${market} ${interval}`),
      );
    });
  },
});

const isCandle = Schema.decodeUnknownResult(Schema.toType(Candle));
const fromJson = Schema.decodeUnknownResult(Schema.toCodecJson(Candle));

/** Without the fields that were written only to say that they are not there. */
const checked = (fields: object, decode: typeof isCandle): Result.Result<Candle, string> => {
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null));
  return Result.mapError(decode(given), (issue) => `is no candle: ${String(issue).split("\n").join(" ").slice(0, 160)}`);
};

/** NaN, which no time is, for what is none. */
const timeOf = (text: string): number => (/^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/.test(text) ? Date.parse(text) : Number.NaN);

const isoOf = (ms: number): string => new Date(ms).toISOString();
