/**
 * `naru history import`: what `naru history export` wrote, put into a history file, equal to the last digit. The file is taken for complete from its first
 * window to its last, or in the range that is named, because that is how it was written. It is read twice: nothing is kept of a file in which a line is
 * wrong, whatever came before it.
 */
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { TimeRange } from "@naru/router/cache/Coverage";
import { type CandleSeries, HistoryStore } from "@naru/router/cache/HistoryStore";
import type { Candle } from "@naru/router/domain/Candle";
import { nextWindowStart, windowStart } from "@naru/router/domain/Interval";
import { InvalidRequest, type MarketDataError, StorageError } from "@naru/router/errors/MarketDataError";
import { finalAfterMs } from "@naru/router/tiers/candleHistory";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Result from "effect/Result";
import type { CommandFailed } from "../CommandFailed.ts";
import { reporting } from "../failure.ts";
import { checkedSeries, keptUnder, layerOf, momentOf } from "../historyFile.ts";
import type { ImportInput } from "../historyTree.ts";
import * as output from "../output.ts";
import { counted } from "../render/numbers.ts";
import type { Connection } from "../settings.ts";
import { checkVenue } from "../venue.ts";
import { type CandleText, formatOf, textOf } from "./candleText.ts";
import { timeOf } from "./history.ts";

/** Lines read and candles kept at once. */
const linesAtOnce = 10_000;

export const imported = (flags: Connection, input: ImportInput): Effect.Effect<void, CommandFailed> =>
  reporting(flags, kept(flags, input).pipe(Effect.provide(layerOf(flags, input.file))));

const kept = (flags: Connection, input: ImportInput) =>
  Effect.gen(function* () {
    const store = yield* HistoryStore;
    yield* Effect.fromResult(checkVenue(flags));
    const series: CandleSeries = { venue: keptUnder(flags), ...(yield* checkedSeries(input)) };
    const format = Option.getOrElse(input.format, () => formatOf(input.input));
    const text = textOf(format, series);
    const finalMs = windowStart(series.interval, (yield* Clock.currentTimeMillis) - finalAfterMs);
    const found = { rows: 0, firstMs: Number.NaN, lastMs: Number.NaN };
    yield* eachPart(input.input, text, (rows, line) => {
      for (const [nth, { openTimeMs }] of rows.entries()) {
        const reason = reasonAgainst(series, openTimeMs, found.lastMs, finalMs);
        if (reason !== undefined) return Effect.fail(refused(line + nth, reason));
        if (found.rows++ === 0) found.firstMs = openTimeMs;
        found.lastMs = openTimeMs;
      }
      return Effect.void;
    });
    const range = yield* rangeOf(series, input, found, finalMs);
    let [atMs, held]: [number, ReadonlyArray<Candle>] = [range.fromMs, []];
    const put = (toMs: number) => store.putCandles(series, held, { fromMs: atMs, toMs });
    yield* eachPart(input.input, text, (rows) =>
      Effect.gen(function* () {
        const nextMs = rows[0]?.openTimeMs ?? atMs;
        // What a part holds is complete up to where the next one begins.
        if (held.length > 0) yield* put(nextMs);
        if (held.length > 0) atMs = nextMs;
        held = rows;
      }),
    );
    yield* put(range.toMs);
    const { market, interval } = series;
    if (flags.json) yield* output.json({ kind: "import", ...series, ...range, format, input: input.input, rows: found.rows });
    else
      yield* output.lines([
        `${market} ${interval}: ${counted(found.rows, "candle")} kept, ${timeOf(range.fromMs)} to ${timeOf(range.toMs)} is complete`,
      ]);
  });

/** Why a candle cannot stand where it does. */
const reasonAgainst = ({ interval }: CandleSeries, openTimeMs: number, beforeMs: number, finalMs: number): string | undefined => {
  if (windowStart(interval, openTimeMs) !== openTimeMs) return `does not begin a window of ${interval}`;
  if (openTimeMs <= beforeMs) return "is not after the candle before it";
  return openTimeMs >= finalMs ? "is of a window that is not final yet" : undefined;
};

const rangeOf = (
  series: CandleSeries,
  { from, to }: ImportInput,
  { rows, firstMs, lastMs }: { readonly rows: number; readonly firstMs: number; readonly lastMs: number },
  finalMs: number,
): Effect.Effect<TimeRange, InvalidRequest> =>
  Effect.gen(function* () {
    if (rows === 0 && (Option.isNone(from) || Option.isNone(to)))
      return yield* new InvalidRequest({ field: "range", input: "", reason: "is needed for a file without a candle: --from and --to" });
    const fromMs = Option.isSome(from) ? yield* momentOf(series, from.value, "from") : firstMs;
    const toMs = Option.isSome(to) ? yield* momentOf(series, to.value, "to") : nextWindowStart(series.interval, lastMs);
    const refuse = (reason: string) => new InvalidRequest({ field: "range", input: `${timeOf(fromMs)} to ${timeOf(toMs)}`, reason });
    if (fromMs >= toMs) return yield* refuse("ends before it begins");
    if (toMs > finalMs) return yield* refuse("ends with windows that are not final yet");
    if (rows > 0 && (firstMs < fromMs || lastMs >= toMs)) return yield* refuse("is shorter than the file");
    return { fromMs, toMs };
  });

type Use = (rows: ReadonlyArray<Candle>, firstLine: number) => Effect.Effect<void, MarketDataError>;

/** The candles of a file, so many at a time, with the number of the first one's line. */
const eachPart = (path: string, text: CandleText, use: Use): Effect.Effect<void, MarketDataError> =>
  Effect.acquireUseRelease(
    attempt(path, async () => {
      const file = createReadStream(path);
      await once(file, "open");
      return file;
    }),
    (file) =>
      Effect.gen(function* () {
        const lines = createInterface({ input: file, crlfDelay: Infinity })[Symbol.asyncIterator]();
        let line = 1;
        if (text.head !== "") {
          const [head] = yield* attempt(path, () => linesOf(lines, 1));
          if (head !== text.head.trimEnd()) return yield* refused(line, `is not ${text.head.trimEnd()}`);
          line++;
        }
        for (;;) {
          const read = yield* attempt(path, () => linesOf(lines, linesAtOnce));
          if (read.length === 0) return;
          const rows: Array<Candle> = [];
          for (const [nth, one] of read.entries()) {
            const parsed = text.parse(one);
            if (Result.isFailure(parsed)) return yield* refused(line + nth, parsed.failure);
            rows.push(parsed.success);
          }
          yield* use(rows, line);
          line += read.length;
        }
      }),
    (file) => Effect.sync(() => void file.destroy()),
  );

/** So many lines, or as many as there are. */
const linesOf = async (lines: AsyncIterator<string>, count: number): Promise<ReadonlyArray<string>> => {
  const read: Array<string> = [];
  while (read.length < count) {
    const next = await lines.next();
    if (next.done === true) break;
    read.push(next.value);
  }
  return read;
};

const refused = (line: number, reason: string): InvalidRequest => new InvalidRequest({ field: "line", input: String(line), reason });

const attempt = <A>(path: string, use: () => Promise<A>): Effect.Effect<A, StorageError> =>
  Effect.tryPromise({
    try: use,
    catch: (cause) =>
      new StorageError({ operation: "import", path, code: null, detail: cause instanceof Error ? cause.message : String(cause) }),
  });
