/**
 * The tree of commands. It holds names, flags and help only; what a command does is loaded when it runs, so that help and completion are
 * quick.
 */
import * as Argument from "effect/cli/Argument";
import * as Command from "effect/cli/Command";
import * as Flag from "effect/cli/Flag";
import * as Effect from "effect/Effect";
import * as flags from "./flags.ts";

export const version = "0.1.0";

const naru = Command.make("naru").pipe(
  Command.withSharedFlags(flags.shared),
  Command.withDescription("Market data of the Upbit exchange. You name it; the system chooses REST, WebSocket or memory, and says which."),
);

/** Loads a command's module, then runs it with the flags that all commands share. A module of our own that cannot be loaded is a defect. */
const running = <M, E, R>(module: () => Promise<M>, run: (loaded: M, shared: flags.Shared) => Effect.Effect<void, E, R>) =>
  Effect.gen(function* () {
    const shared = yield* naru;
    yield* run(yield* Effect.promise(module), shared);
  });

const ticker = Command.make("ticker", { markets: flags.markets }, ({ markets }) =>
  running(
    () => import("./commands/quotes.ts"),
    (command, shared) => command.ticker(shared, markets),
  ),
).pipe(
  Command.withDescription("Last price and the day's figures"),
  Command.withExamples([
    { command: "naru ticker KRW-BTC KRW-ETH", description: "Two markets, one request" },
    { command: "naru --venue sim ticker KRW-BTC", description: "Made-up prices, no network" },
  ]),
);

const orderbook = Command.make("orderbook", { markets: flags.markets, levels: flags.levels }, (input) =>
  running(
    () => import("./commands/quotes.ts"),
    (command, shared) => command.orderbook(shared, input),
  ),
).pipe(Command.withDescription("Bids and asks"));

const trades = Command.make("trades", { market: flags.market, count: flags.count("Trades wanted, the newest", 20) }, (input) =>
  running(
    () => import("./commands/rows.ts"),
    (command, shared) => command.trades(shared, input),
  ),
).pipe(Command.withDescription("The newest trades, oldest first"));

const candles = Command.make("candles", flags.candles, (input) =>
  running(
    () => import("./commands/rows.ts"),
    (command, shared) => command.candles(shared, input),
  ),
).pipe(
  Command.withDescription("Candles of any interval and number, oldest first"),
  Command.withExamples([
    { command: "naru candles KRW-BTC --interval 1h --from 2026-01-01 --to 2026-02-01", description: "A month of hours, UTC" },
  ]),
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
      (command, shared) => command.markets(shared, input),
    ),
).pipe(Command.withDescription("Every market, with names, tick size and warnings"));

const watch = Command.make("watch", { markets: flags.markets }, ({ markets }) =>
  running(
    () => import("./commands/watch.ts"),
    (command, shared) => command.watch(shared, markets),
  ),
).pipe(Command.withDescription("A live table of prices; one line per change in a pipe"));

const stream = Command.make(
  "stream",
  {
    kind: flags.kind,
    markets: flags.markets,
    interval: flags.interval,
    levels: flags.levels,
    count: Flag.optional(Flag.Int("count").pipe(Flag.withDescription("End after this many values"))),
  },
  (input) =>
    running(
      () => import("./commands/stream.ts"),
      (command, shared) => command.stream(shared, input),
    ),
).pipe(
  Command.withDescription("Elements as they come, one per line, interruptions included"),
  Command.withExamples([{ command: "naru stream trades KRW-BTC --json", description: "One JSON document per trade" }]),
);

const explain = Command.make("explain", { kind: flags.kind, levels: flags.levels, ...flags.candles }, (input) =>
  running(
    () => import("./commands/explain.ts"),
    (command, shared) => command.explain(shared, input),
  ),
).pipe(
  Command.withDescription("How a question would be answered, and why, without asking it"),
  Command.withExamples([
    { command: "naru explain candles KRW-BTC --interval 1m --count 1000", description: "Tiers, scores, rules and cost" },
  ]),
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
      (command) => command.decode(input),
    ),
).pipe(Command.withDescription("Recorded frames and bodies to JSON documents"));

const serve = Command.make(
  "serve",
  { port: Flag.Int("port").pipe(Flag.withDescription("Port on 127.0.0.1; 0 takes a free one (8787)"), Flag.withDefault(8787)) },
  (input) =>
    running(
      () => import("./commands/serve.ts"),
      (command, shared) => command.serve(shared, input),
    ),
).pipe(Command.withDescription("Serve it on this machine until interrupted, for clients in any language"));

const sim = Command.make("sim").pipe(Command.withDescription("The emulated exchange"), Command.withSubcommands([serve]));

const demo = Command.make("demo", {}, () =>
  running(
    () => import("./commands/demo.ts"),
    (command, shared) => command.demo(shared),
  ),
).pipe(Command.withDescription("The whole system against the emulated exchange, each step checked against the exchange's own ledger"));

/** The `naru` command. */
export const cli = naru.pipe(
  Command.withSubcommands([ticker, orderbook, trades, candles, markets, watch, stream, explain, decode, sim, demo]),
);
