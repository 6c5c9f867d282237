/** The commands of kept history, candles and trades: bringing it in, looking at it, giving it out. Names, flags and help only. */
import * as Argument from "effect/cli/Argument";
import * as Command from "effect/cli/Command";
import * as Flag from "effect/cli/Flag";
import * as flags from "./flags.ts";
import { running } from "./running.ts";
import * as settings from "./settings.ts";

const file = Flag.optional(
  Flag.String("file").pipe(
    Flag.withMetavar("path"),
    Flag.withDescription("The history file (history.sqlite in the state folder, for the exchange itself; an address has none by itself)"),
  ),
);

const series = {
  market: flags.market,
  interval: flags.interval,
  trades: Flag.Boolean("trades").pipe(Flag.withDescription("Trades instead of candles; without an interval"), Flag.withDefault(false)),
  file,
};

const textFormats = ["csv", "jsonl"] as const;
export type TextFormat = (typeof textFormats)[number];
const formats = [...textFormats, "parquet"] as const;
export type ExportFormat = (typeof formats)[number];

const syncFlags = {
  ...series,
  from: Flag.optional(
    Flag.String("from").pipe(
      Flag.withMetavar("time"),
      Flag.withDescription(
        "First window or trade: 2024-01-01 or 2024-01-01T09:00:00+09:00; UTC without a zone. Trades: seven days back at most, and by default",
      ),
    ),
  ),
  to: Flag.optional(
    Flag.String("to").pipe(Flag.withMetavar("time"), Flag.withDescription("Windows starting before this, or trades before it (now)")),
  ),
};
export type SyncInput = Command.Command.Config.Infer<typeof syncFlags>;

const sync = Command.make("sync", syncFlags, (input) =>
  running(
    () => import("./commands/historySync.ts"),
    settings.connection,
    (command, given) => command.sync(given, input),
  ),
).pipe(
  Command.withDescription("Read closed candles or trades into the history file, as far as they are missing there; Ctrl-C loses nothing"),
  Command.withExamples([
    { command: "naru history sync KRW-BTC --trades", description: "Every trade of the last seven days" },
    { command: "naru history sync KRW-BTC --interval 1m --from 2024-01-01", description: "Every minute since; again to go on" },
  ]),
  Command.withGlobalFlags(settings.connectionFlags),
);

const list = Command.make("list", { file }, (input) =>
  running(
    () => import("./commands/history.ts"),
    settings.connection,
    (command, given) => command.list(given, input),
  ),
).pipe(Command.withDescription("What the history file holds"), Command.withGlobalFlags(settings.connectionFlags));

const gapsFlags = {
  ...series,
  from: Flag.optional(
    Flag.String("from").pipe(Flag.withMetavar("time"), Flag.withDescription("First window or trade (the first that is kept)")),
  ),
  to: Flag.optional(
    Flag.String("to").pipe(
      Flag.withMetavar("time"),
      Flag.withDescription("Windows starting before this, or trades before it (the last that is kept)"),
    ),
  ),
};
export type RangeInput = Command.Command.Config.Infer<typeof gapsFlags>;

const gaps = Command.make("gaps", gapsFlags, (input) =>
  running(
    () => import("./commands/history.ts"),
    settings.connection,
    (command, given) => command.gaps(given, input),
  ),
).pipe(
  Command.withDescription("Where something is missing between what is kept; exit code 1 when there is such a place"),
  Command.withGlobalFlags(settings.connectionFlags),
);

const exportFlags = {
  ...gapsFlags,
  output: Argument.String("output").pipe(Argument.withDescription("The file to write; - for stdout")),
  format: Flag.optional(
    Flag.Literals("format", formats).pipe(Flag.withDescription("csv, jsonl or parquet, numbers exact in each (by the name of the file)")),
  ),
};
export type ExportInput = Command.Command.Config.Infer<typeof exportFlags>;

const exporting = Command.make("export", exportFlags, (input) =>
  running(
    () => import("./commands/historyExport.ts"),
    settings.connection,
    (command, given) => command.exported(given, input),
  ),
).pipe(
  Command.withDescription("Kept candles or trades as CSV, JSON lines or Parquet; refused where something is missing in between"),
  Command.withExamples([{ command: "naru history export KRW-BTC btc.csv --interval 1m", description: "All that is kept" }]),
  Command.withGlobalFlags(settings.connectionFlags),
);

const check = Command.make("check", { file }, (input) =>
  running(
    () => import("./commands/historyCheck.ts"),
    settings.connection,
    (command, given) => command.check(given, input),
  ),
).pipe(
  Command.withDescription("Read the whole history file; what is damaged is taken out and told, with exit code 1"),
  Command.withGlobalFlags(settings.connectionFlags),
);

const importFlags = {
  market: flags.market,
  interval: flags.interval,
  file,
  from: Flag.optional(
    Flag.String("from").pipe(Flag.withMetavar("time"), Flag.withDescription("It is complete from here (its first window)")),
  ),
  to: Flag.optional(
    Flag.String("to").pipe(Flag.withMetavar("time"), Flag.withDescription("And up to here, exclusive (the end of its last)")),
  ),
  input: Argument.String("input").pipe(Argument.withDescription("A file of candles that naru history export wrote")),
  format: Flag.optional(Flag.Literals("format", textFormats).pipe(Flag.withDescription("csv or jsonl (by the name of the file)"))),
};
export type ImportInput = Command.Command.Config.Infer<typeof importFlags>;

const importing = Command.make("import", importFlags, (input) =>
  running(
    () => import("./commands/historyImport.ts"),
    settings.connection,
    (command, given) => command.imported(given, input),
  ),
).pipe(
  Command.withDescription("Candles that naru history export wrote, kept in the history file; all of it or, where a line is wrong, nothing"),
  Command.withExamples([
    { command: "naru history import KRW-BTC btc.csv --interval 1m --file other.sqlite", description: "Into another file, digit by digit" },
  ]),
  Command.withGlobalFlags(settings.connectionFlags),
);

export const history = Command.make("history").pipe(
  Command.withDescription("Closed candles and trades on this disk: read once, complete, exact"),
  Command.withSubcommands([sync, list, gaps, exporting, importing, check]),
);
