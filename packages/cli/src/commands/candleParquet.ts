/**
 * Candles as a Parquet file, a row group for each stretch that is written. Numbers are `DECIMAL(38, 18)`: exact, and one schema for every series, so that
 * files can be read together. One that does not fit is refused, never rounded. The library that knows the format is loaded when it is wanted; who
 * installed the command without optional dependencies is told which one is missing.
 */
import type { Candle } from "@naru/router/domain/Candle";
import type { Decimal } from "@naru/router/domain/Decimal";
import { decimalColumns } from "@naru/router/cache/CandleColumns";
import type { CandleSeries } from "@naru/router/cache/HistoryStore";
import { InvalidRequest } from "@naru/router/errors/MarketDataError";
import * as Effect from "effect/Effect";
import type * as Parquet from "hyparquet-writer";
import type { ExportedFormat } from "./exportFormats.ts";

/** Digits after the point, and in all: what 16 bytes hold and every reader knows. */
const scale = 18;
const precision = 38;
const most = 10n ** BigInt(precision);

type Library = typeof Parquet;

export const parquetOf = (series: CandleSeries): Effect.Effect<ExportedFormat<Candle>, InvalidRequest> =>
  Effect.map(library, (parquet) => formatOf(parquet, series));

const library: Effect.Effect<Library, InvalidRequest> = Effect.tryPromise({
  try: () => import("hyparquet-writer"),
  catch: () =>
    new InvalidRequest({
      field: "--format",
      input: "parquet",
      reason: "needs the optional package hyparquet-writer, which is not installed",
    }),
});

const formatOf = ({ ByteWriter, ParquetWriter }: Library, { venue, market, interval }: CandleSeries): ExportedFormat<Candle> => {
  const writer = new ByteWriter();
  const kvMetadata = Object.entries({ venue, market, interval }).map(([key, value]) => ({ key, value }));
  const file = new ParquetWriter({ writer, schema: schemaOf(), kvMetadata, createdBy: "naru" });
  /** What was written since the last time; offsets in the file go on. */
  const taken = (): Uint8Array => {
    const bytes = writer.getBytes().slice();
    writer.index = 0;
    return bytes;
  };
  return {
    head: taken,
    rows: (rows) => {
      if (rows.length > 0) void file.write({ columnData: columnsOf(rows), rowGroupSize: rows.length });
      return taken();
    },
    end: () => {
      void file.finish();
      return taken();
    },
  };
};

const times = ["open_time", "last_trade_time"] as const;

const schemaOf = () => [
  { name: "candles", num_children: times.length + decimalColumns.length },
  ...times.map((name) => ({
    ...({ name, type: "INT64", converted_type: "TIMESTAMP_MILLIS", repetition_type: "REQUIRED" } as const),
    logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MILLIS" } as const,
  })),
  ...decimalColumns.map((name) => ({
    ...({ name, type: "FIXED_LEN_BYTE_ARRAY", type_length: 16, converted_type: "DECIMAL", scale, precision } as const),
    ...({ repetition_type: "REQUIRED", logical_type: { type: "DECIMAL", scale, precision } } as const),
  })),
];

const columnsOf = (rows: ReadonlyArray<Candle>) => [
  { name: times[0], data: rows.map(({ openTimeMs }) => BigInt(openTimeMs)) },
  { name: times[1], data: rows.map(({ lastTradeTimeMs }) => BigInt(lastTradeTimeMs)) },
  ...decimalColumns.map((name) => ({ name, data: rows.map((row) => unscaled(row[name])) })),
];

/** The number without its point. Throws where it has no place in the column. */
const unscaled = (value: Decimal): bigint => {
  const digits = value.scale > scale ? most : BigInt(value.mantissa) * 10n ** BigInt(scale - value.scale);
  if (digits >= most || digits <= -most)
    throw new RangeError(`${value.toString()} does not fit DECIMAL(${precision}, ${scale}); csv and jsonl hold it`);
  return digits;
};
