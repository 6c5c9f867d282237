/** `naru history list` and `naru history gaps`: what the history file holds, and where something is missing in between. */
import { missing, type TimeRange } from "@naru/router/cache/Coverage";
import { HistoryStore } from "@naru/router/cache/HistoryStore";
import { windowsBetween } from "@naru/router/tiers/candlePages";
import * as Effect from "effect/Effect";
import type * as Option from "effect/Option";
import { CommandFailed } from "../CommandFailed.ts";
import { reporting } from "../failure.ts";
import { type Kept, keptSeries, layerToLook, nameOf, rangeOf } from "../historyFile.ts";
import type { RangeInput } from "../historyTree.ts";
import * as output from "../output.ts";
import { counted, duration, grouped } from "../render/numbers.ts";
import type { Connection } from "../settings.ts";

export const list = (flags: Connection, { file }: { readonly file: Option.Option<string> }): Effect.Effect<void, CommandFailed> =>
  reporting(
    flags,
    Effect.gen(function* () {
      const store = yield* HistoryStore;
      const all: ReadonlyArray<Kept> = [...(yield* store.series), ...(yield* store.tradeSeries)];
      if (flags.json) return yield* Effect.forEach(all, (series) => output.json({ kind: "series", ...series }), { discard: true });
      yield* output.lines(
        all.map((series) => {
          const { venue, rows, coverage } = series;
          const [first, last] = [coverage[0], coverage.at(-1)];
          const span = first === undefined || last === undefined ? "nothing" : `${timeOf(first.fromMs)} to ${timeOf(last.toMs)}`;
          const holes = coverage.length > 1 ? `, ${counted(coverage.length - 1, "hole")}` : "";
          return `${venue}  ${nameOf(series)}  ${grouped(rows)} ${"interval" in series ? "candles" : "trades"}, ${span}${holes}`;
        }),
      );
    }).pipe(Effect.provide(layerToLook(flags, file))),
  );

export const gaps = (flags: Connection, input: RangeInput): Effect.Effect<void, CommandFailed> =>
  reporting(
    flags,
    Effect.gen(function* () {
      const series = yield* keptSeries(flags, input);
      const holes = missing(series.coverage, yield* rangeOf(series, input));
      const windowsIn = ({ fromMs, toMs }: TimeRange) => ("interval" in series ? windowsBetween(series.interval, fromMs, toMs) : undefined);
      if (flags.json)
        yield* Effect.forEach(holes, (hole) => output.json({ kind: "gap", ...hole, windows: windowsIn(hole) }), { discard: true });
      else
        yield* output.lines(
          holes.map((hole) => {
            const windows = windowsIn(hole);
            const size = windows === undefined ? duration(hole.toMs - hole.fromMs) : counted(windows, "window");
            return `${timeOf(hole.fromMs)} to ${timeOf(hole.toMs)}  ${size}`;
          }),
        );
      if (holes.length > 0) return yield* new CommandFailed({ exitCode: 1 });
      if (!flags.json) yield* output.lines([`nothing is missing of ${nameOf(series)}`]);
    }).pipe(Effect.provide(layerToLook(flags, input.file))),
  );

/** UTC, as short as it is exact. */
export const timeOf = (ms: number): string =>
  new Date(ms)
    .toISOString()
    .replace(/(?::00)?\.000Z$/, "Z")
    .replace("T00:00Z", "");
