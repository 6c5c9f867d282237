/**
 * Candles and trades as Parquet files, a row group for each stretch that is written. Numbers are `DECIMAL(38, 18)`: exact, and one schema for every
 * series, so that files can be read together. One that does not fit is refused, never rounded. The library that knows the format is loaded when it is
 * wanted; who installed the command without optional dependencies is told which one is missing.
 */
import type { Candle } from "@naru/router/domain/Candle";
import type { Decimal } from "@naru/router/domain/Decimal";
import type { Trade } from "@naru/router/domain/Trade";
import { decimalColumns } from "@naru/router/domain/CandleColumns";
import type { CandleSeries, TradeSeries } from "@naru/router/cache/HistoryStore";
import { InvalidRequest } from "@naru/router/errors/MarketDataError";
import * as Effect from "effect/Effect";
import type * as Parquet from "hyparquet-writer";
import type { ExportedFormat } from "./exportFormats.ts";

/** Digits after the point, and in all: what 16 bytes hold and every reader knows. */
const scale = 18;
const precision = 38;
const most = 10n ** BigInt(precision);

type Library = typeof Parquet;
type ParquetFormat<Row> = Effect.Effect<ExportedFormat<Row>, InvalidRequest>;

/** A column: what it is to a reader, and how a row fills it. */
interface Column<Row> {
  readonly name: string;
  readonly type: ColumnType;
  readonly of: (row: Row) => bigint | string;
}
type ColumnType = "time" | "decimal" | "text";

export const candleParquet = ({ venue, market, interval }: CandleSeries): ParquetFormat<Candle> =>
  Effect.map(library, (parquet) => formatOf(parquet, "candles", candleColumns, { venue, market, interval }));

export const tradeParquet = ({ venue, market }: TradeSeries): ParquetFormat<Trade> =>
  Effect.map(library, (parquet) => formatOf(parquet, "trades", tradeColumns, { venue, market }));

const library: Effect.Effect<Library, InvalidRequest> = Effect.tryPromise({
  try: () => import("hyparquet-writer"),
  catch: () =>
    new InvalidRequest({
      field: "--format",
      input: "parquet",
      reason: "needs the optional package hyparquet-writer, which is not installed",
    }),
});

const candleColumns: ReadonlyArray<Column<Candle>> = [
  { name: "open_time", type: "time", of: ({ openTimeMs }) => BigInt(openTimeMs) },
  { name: "last_trade_time", type: "time", of: ({ lastTradeTimeMs }) => BigInt(lastTradeTimeMs) },
  ...decimalColumns.map((name): Column<Candle> => ({ name, type: "decimal", of: (row) => unscaled(row[name]) })),
];

/** An id is text of any digits, as everywhere. */
const tradeColumns: ReadonlyArray<Column<Trade>> = [
  { name: "trade_time", type: "time", of: ({ tradeTimeMs }) => BigInt(tradeTimeMs) },
  { name: "id", type: "text", of: ({ id }) => id },
  { name: "price", type: "decimal", of: ({ price }) => unscaled(price) },
  { name: "volume", type: "decimal", of: ({ volume }) => unscaled(volume) },
  { name: "side", type: "text", of: ({ side }) => side },
];

const formatOf = <Row>(
  { ByteWriter, ParquetWriter }: Library,
  name: string,
  columns: ReadonlyArray<Column<Row>>,
  about: Readonly<Record<string, string>>,
): ExportedFormat<Row> => {
  const writer = new ByteWriter();
  const kvMetadata = Object.entries(about).map(([key, value]) => ({ key, value }));
  const schema = [{ name, num_children: columns.length }, ...columns.map(elementOf)];
  const file = new ParquetWriter({ writer, schema, kvMetadata, createdBy: "naru" });
  /** What was written since the last time; offsets in the file go on. */
  const taken = (): Uint8Array => {
    const bytes = writer.getBytes().slice();
    writer.index = 0;
    return bytes;
  };
  return {
    head: taken,
    rows: (rows) => {
      const columnData = columns.map((column) => ({ name: column.name, data: rows.map(column.of) }));
      if (rows.length > 0) void file.write({ columnData, rowGroupSize: rows.length });
      return taken();
    },
    end: () => {
      void file.finish();
      return taken();
    },
  };
};

const elementOf = ({ name, type }: { readonly name: string; readonly type: ColumnType }): Parquet.SchemaElement => {
  const element = { name, repetition_type: "REQUIRED" } as const;
  switch (type) {
    case "time":
      return {
        ...{ ...element, type: "INT64", converted_type: "TIMESTAMP_MILLIS" },
        logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MILLIS" },
      };
    case "decimal":
      return {
        ...{ ...element, type: "FIXED_LEN_BYTE_ARRAY", type_length: 16, converted_type: "DECIMAL", scale, precision },
        logical_type: { type: "DECIMAL", scale, precision },
      };
    case "text":
      return { ...element, type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } };
  }
};

/** The number without its point. Throws where it has no place in the column. */
const unscaled = (value: Decimal): bigint => {
  const digits = value.scale > scale ? most : BigInt(value.mantissa) * 10n ** BigInt(scale - value.scale);
  if (digits >= most || digits <= -most)
    throw new RangeError(`${value.toString()} does not fit DECIMAL(${precision}, ${scale}); csv and jsonl hold it`);
  return digits;
};
