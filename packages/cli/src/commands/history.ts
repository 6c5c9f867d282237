/** `naru history list` and `naru history gaps`: what the history file holds, and where something is missing in between. */
import { missing } from "@naru/router/cache/Coverage";
import { HistoryStore } from "@naru/router/cache/HistoryStore";
import { windowsBetween } from "@naru/router/tiers/candlePages";
import * as Effect from "effect/Effect";
import type * as Option from "effect/Option";
import { CommandFailed } from "../CommandFailed.ts";
import { reporting } from "../failure.ts";
import { keptSeries, layerToLook, rangeOf } from "../historyFile.ts";
import type { RangeInput } from "../historyTree.ts";
import * as output from "../output.ts";
import { counted, grouped } from "../render/numbers.ts";
import type { Connection } from "../settings.ts";

export const list = (flags: Connection, { file }: { readonly file: Option.Option<string> }): Effect.Effect<void, CommandFailed> =>
  reporting(
    flags,
    Effect.gen(function* () {
      const all = yield* (yield* HistoryStore).series;
      if (flags.json) return yield* Effect.forEach(all, (series) => output.json({ kind: "series", ...series }), { discard: true });
      yield* output.lines(
        all.map(({ venue, market, interval, rows, coverage }) => {
          const [first, last] = [coverage[0], coverage.at(-1)];
          const span = first === undefined || last === undefined ? "nothing" : `${timeOf(first.fromMs)} to ${timeOf(last.toMs)}`;
          const holes = coverage.length > 1 ? `, ${counted(coverage.length - 1, "hole")}` : "";
          return `${venue}  ${market} ${interval}  ${grouped(rows)} candles, ${span}${holes}`;
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
      const told = holes.map(({ fromMs, toMs }) => ({ fromMs, toMs, windows: windowsBetween(series.interval, fromMs, toMs) }));
      if (flags.json) yield* Effect.forEach(told, (hole) => output.json({ kind: "gap", ...hole }), { discard: true });
      else
        yield* output.lines(told.map(({ fromMs, toMs, windows }) => `${timeOf(fromMs)} to ${timeOf(toMs)}  ${counted(windows, "window")}`));
      if (holes.length > 0) return yield* new CommandFailed({ exitCode: 1 });
      if (!flags.json) yield* output.lines([`nothing is missing of ${series.market} ${series.interval}`]);
    }).pipe(Effect.provide(layerToLook(flags, input.file))),
  );

/** UTC, as short as it is exact. */
export const timeOf = (ms: number): string =>
  new Date(ms)
    .toISOString()
    .replace(/(?::00)?\.000Z$/, "Z")
    .replace("T00:00Z", "");
