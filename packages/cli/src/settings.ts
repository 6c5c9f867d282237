/**
 * Flags that may stand before or after the command's name. Each command declares those it uses; any other is refused by name, so that no
 * flag is taken and ignored. Like `flags.ts` this is loaded for `--help`: no network code here.
 */
import type { Context, Intent, OnStale, Priority, Strategy } from "@naru/router/domain/Question";
import * as Config from "effect/Config";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Result from "effect/Result";
import * as Flag from "effect/cli/Flag";
import * as GlobalFlag from "effect/cli/GlobalFlag";

const priorities = ["critical", "high", "normal", "low"] as const satisfies ReadonlyArray<Priority>;
const strategies = ["auto", "rest_only", "websocket_only"] as const satisfies ReadonlyArray<Strategy>;
const staleWays = ["fail", "serve"] as const satisfies ReadonlyArray<OnStale>;
const contexts = ["realtime_trading", "market_scanning", "monitoring", "backtesting", "research"] as const satisfies ReadonlyArray<Context>;

/** How results are printed. */
export interface Printing {
  readonly json: boolean;
}

/** Which market data, besides. */
export interface Connection extends Printing {
  /** A region's name, `sim`, or an address. */
  readonly venue: string;
  readonly simulated: Option.Option<boolean>;
  readonly seed: Option.Option<number>;
}

/** An app that goes on, besides, and may be asked how it is. */
export interface Serving extends Connection {
  readonly admin: boolean;
}

/** What goes with a question, besides. Durations in milliseconds. */
export interface Asking extends Connection {
  readonly maxAge: Option.Option<number>;
  readonly deadline: Option.Option<number>;
  readonly priority: Option.Option<Priority>;
  readonly realtime: Option.Option<boolean>;
  readonly strategy: Option.Option<Strategy>;
  readonly context: Option.Option<Context>;
  readonly onStale: Option.Option<OnStale>;
}

/** Of the emulated exchange, unless `--seed` says otherwise. */
export const usualSeed = 1;

const json = GlobalFlag.Setting("json")({
  flag: Flag.Boolean("json").pipe(Flag.withDescription("One JSON document per line on stdout"), Flag.withDefault(false)),
});

const venue = GlobalFlag.Setting("venue")({
  flag: Flag.String("venue").pipe(
    Flag.withMetavar("name|url"),
    Flag.withDescription("upbit, upbit-sg, upbit-id, upbit-th, sim, or an address such as http://127.0.0.1:8787 (env NARU_VENUE; upbit)"),
    Flag.withFallbackConfig(Config.String("NARU_VENUE")),
    Flag.withDefault("upbit"),
    Flag.map((name) => (name.trim() === "" ? "upbit" : name.trim())),
  ),
});

const simulated = GlobalFlag.Setting("simulated")({
  flag: unlessGiven(
    Flag.Boolean("simulated").pipe(
      Flag.withDescription(
        "Whether an address serves made-up prices; assumed for addresses on this machine, --no-simulated for a proxy there",
      ),
    ),
  ),
});

const seed = GlobalFlag.Setting("seed")({
  flag: unlessGiven(Flag.Int("seed").pipe(Flag.withDescription(`Decides every trade of the emulated exchange (${usualSeed})`))),
});

const admin = GlobalFlag.Setting("admin")({
  flag: Flag.Boolean("admin").pipe(
    Flag.withDescription("Listen on an admin socket in the state folder, for naru status, fallback, resubscribe and doctor"),
    Flag.withDefault(false),
  ),
});

const maxAge = GlobalFlag.Setting("max-age")({ flag: duration("max-age", "The oldest value accepted, by its last confirmation") });
const deadline = GlobalFlag.Setting("deadline")({
  flag: duration("deadline", "Budget of one call over everything (5s); per page for rows"),
});
const priority = GlobalFlag.Setting("priority")({
  flag: unlessGiven(Flag.Literals("priority", priorities).pipe(Flag.withDescription("Order in queues (normal)"))),
});
const realtime = GlobalFlag.Setting("realtime")({
  flag: unlessGiven(
    Flag.Boolean("realtime").pipe(Flag.withDescription("Open the socket first, for a second at most, and prefer what it brings")),
  ),
});
const strategy = GlobalFlag.Setting("strategy")({
  flag: unlessGiven(Flag.Literals("strategy", strategies).pipe(Flag.withDescription("Forbid a channel (auto)"))),
});
const context = GlobalFlag.Setting("context")({
  flag: unlessGiven(Flag.Literals("context", contexts).pipe(Flag.withDescription("What the answer is for (realtime_trading)"))),
});
const onStale = GlobalFlag.Setting("on-stale")({
  flag: unlessGiven(
    Flag.Literals("on-stale", staleWays).pipe(
      Flag.withDescription("When only an older value is known: an error, or the value with a label"),
    ),
  ),
});

/** The flags to be declared by a command that reads the values below. */
export const printingFlags = [json] as const;
export const emulatedFlags = [seed] as const;
export const connectionFlags = [venue, simulated, seed] as const;
export const servingFlags = [...connectionFlags, admin] as const;
export const askingFlags = [...connectionFlags, maxAge, deadline, priority, realtime, strategy, context, onStale] as const;

export const printing = Effect.gen(function* () {
  return { json: yield* json } satisfies Printing;
});

/** For a command that runs the emulated exchange itself. */
export const emulated = Effect.gen(function* () {
  return { json: yield* json, seed: Option.getOrElse(yield* seed, () => usualSeed) };
});

export const connection = Effect.gen(function* () {
  return { json: yield* json, venue: yield* venue, simulated: yield* simulated, seed: yield* seed } satisfies Connection;
});

export const serving = Effect.gen(function* () {
  return { ...(yield* connection), admin: yield* admin } satisfies Serving;
});

export const asking = Effect.gen(function* () {
  return {
    ...(yield* connection),
    maxAge: yield* maxAge,
    deadline: yield* deadline,
    priority: yield* priority,
    realtime: yield* realtime,
    strategy: yield* strategy,
    context: yield* context,
    onStale: yield* onStale,
  } satisfies Asking;
});

/** The part of the flags that goes with a question. */
export const intentOf = (flags: Asking): Intent => ({
  maxAge: Option.getOrUndefined(flags.maxAge),
  deadline: Option.getOrUndefined(flags.deadline),
  priority: Option.getOrUndefined(flags.priority),
  realtime: Option.getOrUndefined(flags.realtime),
  strategy: Option.getOrUndefined(flags.strategy),
  context: Option.getOrUndefined(flags.context),
  onStale: Option.getOrUndefined(flags.onStale),
});

const millisPerUnit: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Milliseconds of `500ms`, `2s`, `1.5m` or `1h`; otherwise what is wrong with it. A bare number is refused: half of all people mean seconds. */
export const parseDuration = (text: string): Result.Result<number, string> => {
  const match = /^(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h)?$/.exec(text.trim());
  if (match === null) {
    return Result.fail(
      /^-\d/.test(text.trim()) ? "is negative: write a length of time such as 2s" : "is not a duration such as 500ms, 2s or 1m",
    );
  }
  const [, number = "", unit] = match;
  if (unit === undefined) return Result.fail(`has no unit: write ${number}s or ${number}${number.includes(".") ? "" : "000"}ms`);
  return Result.succeed(Number(number) * (millisPerUnit[unit] ?? 1));
};

/** A flag that takes a length of time, in milliseconds when it is given. */
export function duration(name: string, description: string) {
  return unlessGiven(
    Flag.String(name).pipe(
      Flag.withMetavar("duration"),
      Flag.withDescription(description),
      Flag.filterMap(
        (text) => Result.getSuccess(parseDuration(text)),
        (text) => Result.match(parseDuration(text), { onSuccess: () => "", onFailure: (reason) => reason }),
      ),
    ),
  );
}

function unlessGiven<A>(flag: Flag.Flag<A>) {
  return Flag.optional(flag);
}
