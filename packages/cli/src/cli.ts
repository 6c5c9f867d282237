/** The tree of commands: names, flags and help only. What a command does is loaded when it runs. */
import * as Argument from "effect/cli/Argument";
import * as Command from "effect/cli/Command";
import * as Flag from "effect/cli/Flag";
import * as adminFlags from "./adminFlags.ts";
import * as flags from "./flags.ts";
import { explain, stream } from "./kinds.ts";
import { history } from "./historyTree.ts";
import * as linkFlags from "./linkFlags.ts";
import { running } from "./running.ts";
import * as settings from "./settings.ts";
import * as tapeFlags from "./tapeFlags.ts";
import { sim } from "./simTree.ts";

export const version = "0.1.0";

const ticker = Command.make("ticker", { markets: flags.markets }, ({ markets }) =>
  running(
    () => import("./commands/quotes.ts"),
    settings.asking,
    (command, given) => command.ticker(given, markets),
  ),
).pipe(
  Command.withDescription("Last price and the day's figures"),
  Command.withExamples([
    { command: "naru ticker KRW-BTC KRW-ETH", description: "Two markets, one request" },
    { command: "naru --venue sim ticker KRW-BTC", description: "Made-up prices, no network" },
  ]),
  Command.withGlobalFlags(settings.askingFlags),
);

const orderbook = Command.make("orderbook", { markets: flags.markets, levels: flags.levels }, (input) =>
  running(
    () => import("./commands/quotes.ts"),
    settings.asking,
    (command, given) => command.orderbook(given, input),
  ),
).pipe(Command.withDescription("Bids and asks"), Command.withGlobalFlags(settings.askingFlags));

const trades = Command.make("trades", { market: flags.market, count: flags.tradesCount }, (input) =>
  running(
    () => import("./commands/rows.ts"),
    settings.asking,
    (command, given) => command.trades(given, input),
  ),
).pipe(Command.withDescription("The newest trades, oldest first"), Command.withGlobalFlags(settings.askingFlags));

const candles = Command.make("candles", flags.candles, (input) =>
  running(
    () => import("./commands/rows.ts"),
    settings.asking,
    (command, given) => command.candles(given, input),
  ),
).pipe(
  Command.withDescription("Candles of any interval and number, oldest first"),
  Command.withExamples([
    { command: "naru candles KRW-BTC --interval 1h --from 2026-01-01 --to 2026-02-01", description: "A month of hours, UTC" },
  ]),
  Command.withGlobalFlags(settings.askingFlags),
);

const markets = Command.make(
  "markets",
  {
    quote: Flag.optional(Flag.String("quote").pipe(Flag.withDescription("Only markets priced in this currency: KRW, BTC, USDT"))),
    ticks: Flag.Boolean("ticks").pipe(Flag.withDescription("Also read tick sizes, some requests more (true)"), Flag.withDefault(true)),
  },
  (input) =>
    running(
      () => import("./commands/markets.ts"),
      settings.connection,
      (command, given) => command.markets(given, input),
    ),
).pipe(Command.withDescription("Every market, with names, tick size and warnings"), Command.withGlobalFlags(settings.connectionFlags));

const watch = Command.make("watch", { markets: flags.markets }, ({ markets }) =>
  running(
    () => import("./commands/watch.ts"),
    settings.serving,
    (command, given) => command.watch(given, markets),
  ),
).pipe(Command.withDescription("A live table of prices; one line per change in a pipe"), Command.withGlobalFlags(settings.servingFlags));

const monitor = Command.make("monitor", linkFlags.monitor, (input) =>
  running(
    () => import("./commands/monitor.ts"),
    settings.serving,
    (command, given) => command.monitor(given, input),
  ),
).pipe(
  Command.withDescription("The live side at work: changes, messages, lag, losses, every second"),
  Command.withExamples([
    { command: "naru monitor KRW-BTC KRW-ETH", description: "A table that is drawn anew; one line per second in a pipe" },
  ]),
  Command.withGlobalFlags(settings.servingFlags),
);

const link = Command.make("link", linkFlags.link, (input) =>
  running(
    () => import("./commands/link.ts"),
    settings.connection,
    (command, given) => command.link(given, input),
  ),
).pipe(
  Command.withDescription("Examine the socket: connect, ping, subscribe, compare lists, listen; exit code 0 when all is well"),
  Command.withExamples([{ command: "naru link KRW-BTC --kinds trades --for 30s", description: "Half a minute of one key" }]),
  Command.withGlobalFlags(settings.connectionFlags),
);

const status = Command.make("status", adminFlags.status, (input) =>
  running(
    () => import("./commands/status.ts"),
    settings.printing,
    (command, given) => command.status(given, input),
  ),
).pipe(
  Command.withDescription("What a running app is doing: mode, link, limits, ages, alerts, and what was done by hand"),
  Command.withExamples([{ command: "naru status", description: "The app that was started with --admin, or a list of several" }]),
);

const fallback = Command.make("fallback", adminFlags.fallback, (input) =>
  running(
    () => import("./commands/byHand.ts"),
    settings.printing,
    (command, given) => command.fallback(given, input),
  ),
).pipe(
  Command.withDescription("Switch a running app to its direct clients and back, by hand; it is written down"),
  Command.withExamples([{ command: 'naru fallback on --reason "the router looks wrong"', description: "Until naru fallback auto" }]),
);

const resubscribe = Command.make("resubscribe", adminFlags.resubscribe, (input) =>
  running(
    () => import("./commands/byHand.ts"),
    settings.printing,
    (command, given) => command.resubscribe(given, input),
  ),
).pipe(Command.withDescription("Have a running app send its whole subscription again, and compare the exchange's list with it"));

const doctor = Command.make("doctor", adminFlags.doctor, (input) =>
  running(
    () => import("./commands/doctor.ts"),
    settings.connection,
    (command, given) => command.doctor(given, input),
  ),
).pipe(
  Command.withDescription("What is wrong, and what to do: running apps, this machine, and with --probe the exchange; exit code 0, 1 or 2"),
  Command.withExamples([
    { command: "naru doctor", description: "Asks running apps and looks at this machine; the exchange is left alone" },
    { command: "naru doctor --probe", description: "Also asks the exchange: network, price, clock, socket, key" },
  ]),
  Command.withGlobalFlags(settings.connectionFlags),
);

const decode = Command.make(
  "decode",
  {
    file: Argument.String("file").pipe(Argument.withDescription(".jsonl with the text of one frame or body in raw, or one body as .json")),
    kind: Flag.optional(
      Flag.Literals("kind", flags.recordedKinds).pipe(Flag.withDescription("What the file holds, where that is not to be seen")),
    ),
  },
  (input) =>
    running(
      () => import("./commands/decode.ts"),
      settings.printing,
      (command, given) => command.decode(given, input),
    ),
).pipe(Command.withDescription("Recorded frames and bodies to JSON documents, one per line, with --json or without"));

const record = Command.make("record", tapeFlags.record, (input) =>
  running(
    () => import("./commands/record.ts"),
    settings.connection,
    (command, given) => command.record(given, input),
  ),
).pipe(
  Command.withDescription("What a venue says, onto a tape: frames, requests, answers and waits, with their times"),
  Command.withExamples([
    { command: "naru record btc.tape --markets KRW-BTC --for 10m", description: "Ten minutes, continued when the file exists" },
  ]),
  Command.withGlobalFlags(settings.connectionFlags),
);

const replay = Command.make("replay", tapeFlags.replay, (input) =>
  running(
    () => import("./commands/replay.ts"),
    settings.printing,
    (command, given) => command.replay(given, input),
  ),
).pipe(
  Command.withDescription("A tape as an exchange on this machine, for clients in any language; or printed"),
  Command.withExamples([{ command: "naru replay btc.tape --speed 10 --print", description: "What was recorded, ten times as fast" }]),
);

const tune = Command.make("tune", tapeFlags.tune, (input) =>
  running(
    () => import("./commands/tune.ts"),
    settings.printing,
    (command, given) => command.tune(given, input),
  ),
).pipe(
  Command.withDescription("Weights of the ranking that would have done better on a tape, if there are any"),
  Command.withExamples([{ command: "naru tune day.tape --realtime", description: "For questions that want the socket" }]),
);

const demo = Command.make("demo", {}, () =>
  running(
    () => import("./commands/demo.ts"),
    settings.emulated,
    (command, given) => command.demo(given),
  ),
).pipe(
  Command.withDescription("The whole system against the emulated exchange, each step checked against the exchange's own ledger"),
  Command.withGlobalFlags(settings.emulatedFlags),
);

/** The `naru` command. */
export const cli = Command.make("naru").pipe(
  Command.withDescription(
    [
      "Market data of the Upbit exchange. You name it; the system chooses REST, WebSocket or memory, and says which.",
      "  From a clone of the repository, write npx --yes pnpm@12 --silent naru … for naru …",
      "  Each command takes its own flags, before its name or after it; naru ticker --help lists those of a question.",
    ].join("\n"),
  ),
  Command.withSubcommands([
    ticker,
    orderbook,
    trades,
    candles,
    history,
    markets,
    watch,
    stream,
    monitor,
    link,
    status,
    fallback,
    resubscribe,
    doctor,
    explain,
    decode,
    record,
    replay,
    tune,
    sim,
    demo,
  ]),
  Command.withGlobalFlags(settings.printingFlags),
);
