/**
 * `naru history check`: reads the whole history file and says what it looked at. It is only looked at first, beside whatever program uses it; a block that
 * is damaged is taken out then, so that its range is missing and can be read again. A file that SQLite itself finds broken is left as it is: the next
 * program that writes to it moves it aside.
 */
import type { Checked } from "@naru/node/history/HistoryDatabase";
import * as SqliteHistory from "@naru/node/history/SqliteHistory";
import * as Effect from "effect/Effect";
import type * as Option from "effect/Option";
import { CommandFailed } from "../CommandFailed.ts";
import { reporting } from "../failure.ts";
import { fileToLook } from "../historyFile.ts";
import * as output from "../output.ts";
import { counted } from "../render/numbers.ts";
import type { Connection } from "../settings.ts";
import { timeOf } from "./history.ts";

export const check = (flags: Connection, { file }: { readonly file: Option.Option<string> }): Effect.Effect<void, CommandFailed> =>
  reporting(
    flags,
    Effect.gen(function* () {
      const path = yield* fileToLook(flags, file);
      const seen = yield* checked(path, true);
      const isWhole = seen.damaged.length === 0;
      if (!isWhole) yield* checked(path, false);
      yield* flags.json ? output.json({ kind: "check", file: path, ...seen }) : output.lines(linesOf(path, seen));
      if (!isWhole) return yield* new CommandFailed({ exitCode: 1 });
    }),
  );

const checked = (path: string, readOnly: boolean) =>
  Effect.scoped(Effect.flatMap(SqliteHistory.make(path, { readOnly }), (store) => store.check));

const linesOf = (path: string, { series, blocks, rows, damaged }: Checked): ReadonlyArray<string> => [
  `${path}: ${series} series, ${counted(rows, "row")} in ${counted(blocks, "block")}`,
  ...damaged.map(
    ({ venue, market, fromMs, toMs, ...of }) =>
      `${venue}  ${market} ${"interval" in of ? of.interval : "trades"}  ${timeOf(fromMs)} to ${timeOf(toMs)} was damaged and is missing now; naru history sync reads it again`,
  ),
  ...(damaged.length === 0 ? ["nothing is damaged"] : []),
];
