/**
 * Words for writing a market's story in a test: trades at chosen prices, standstill, and faults. Scripted trades are trades like all others:
 * from their moment on the ticker, books, candles and streams show them. All of it needs the {@link Exchange} in scope and takes effect at
 * the exchange's present time.
 */
import * as Data from "effect/Data";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import { type Fault, FaultError } from "./faults/Fault.ts";
import { faultOf, type FaultMatch, matchOf, type RestFault } from "./faults/RestFault.ts";
import { Exchange, type ExchangeModel } from "./Exchange.ts";
import type { MarketTape } from "./market/MarketTape.ts";
import { parseUnits } from "./market/TickSize.ts";
import { sequentialId } from "./market/Trade.ts";

/** The script asks for something the exchange cannot do. */
export class ScriptError extends Data.TaggedError("ScriptError")<{ readonly reason: string }> {
  override get message(): string {
    return `The script cannot run: ${this.reason}`;
  }
}

export interface ScriptedTrade {
  /** Quote currency. Text is exact; a number is taken by its shortest decimal. It need not lie on the tick grid. */
  readonly price: number | string;
  /** Base currency. Default: an ordinary size of the market. */
  readonly size?: number | string | undefined;
  /** The taker's side. Default BID. */
  readonly side?: "ASK" | "BID" | undefined;
}

export interface ScriptedResult {
  /** The `sequential_id` it has on the wire. */
  readonly id: string;
  readonly timeMs: number;
}

/** One trade, now. */
export const trade = (market: string, scripted: ScriptedTrade): Effect.Effect<ScriptedResult, ScriptError, Exchange> =>
  Effect.gen(function* () {
    const exchange = yield* Exchange;
    const result = yield* insert(exchange, yield* read(exchange, market, scripted), yield* exchange.now);
    exchange.tapeChanged();
    return result;
  });

/** One trade for each price: all now, one after another, or spaced by `every`, the first now. A price that cannot be fails before any trade. */
export const path = (
  market: string,
  prices: ReadonlyArray<number | string>,
  options: Omit<ScriptedTrade, "price"> & { readonly every?: Duration.Input | undefined } = {},
): Effect.Effect<ReadonlyArray<ScriptedResult>, ScriptError, Exchange> =>
  Effect.gen(function* () {
    const exchange = yield* Exchange;
    const nowMs = yield* exchange.now;
    const everyMs = options.every === undefined ? 0 : Duration.toMillis(options.every);
    const trades = yield* Effect.forEach(prices, (price) => read(exchange, market, { ...options, price }));
    const results = yield* Effect.forEach(trades, (ready, i) => insert(exchange, ready, nowMs + i * everyMs));
    exchange.tapeChanged();
    return results;
  });

const withModel = (use: (exchange: ExchangeModel, nowMs: number) => void): Effect.Effect<void, never, Exchange> =>
  Effect.flatMap(Exchange, (exchange) => Effect.map(exchange.now, (nowMs) => use(exchange, nowMs)));

/** From now on only scripted trades happen, in all markets; books stand still but for them. */
export const halt: Effect.Effect<void, never, Exchange> = withModel((exchange, nowMs) => {
  exchange.world.halt(nowMs);
  exchange.tapeChanged();
});

/** Seeded trades happen again from now on; those of the halt never did. */
export const resume: Effect.Effect<void, never, Exchange> = withModel((exchange, nowMs) => {
  exchange.world.resume(nowMs);
  exchange.tapeChanged();
});

/** Switches a fault on, from now; returns its id. Fails when a parameter is out of range, or when no door that is open could show it. */
export const fault = (given: Fault): Effect.Effect<number, FaultError, Exchange> =>
  Effect.gen(function* () {
    const exchange = yield* Exchange;
    const nowMs = yield* exchange.now;
    const reason = exchange.unshowable(given);
    if (reason !== undefined) return yield* reason;
    return yield* Effect.try({
      try: () => exchange.faults.on(given, nowMs),
      catch: (error) => new FaultError({ reason: error instanceof Error ? error.message : String(error), near: [] }),
    });
  });

/** Switches faults off by the id of one or by verb; returns how many were on. */
export const endFault = (idOrVerb: number | string): Effect.Effect<number, never, Exchange> =>
  Effect.map(Exchange, (exchange) => exchange.faults.off(idOrVerb));

/** Every service is off from now on for so long: no trades, no candles, REST and sockets as `ExchangeOptions.maintenance` says. */
export const maintenance = (duration: Duration.Input): Effect.Effect<void, never, Exchange> =>
  withModel((exchange, nowMs) => {
    exchange.world.maintain(nowMs, nowMs + Math.max(1, Duration.toMillis(duration)));
    exchange.tapeChanged();
  });

/** The market is there from now on, without a history; a code that is in no catalogue makes a new market. Fails when it is listed already. */
export const list = (market: string): Effect.Effect<void, ScriptError, Exchange> =>
  changeListing((exchange, nowMs) => (exchange.world.list(market, nowMs) ? undefined : `${market} is listed already`));

/** The market is gone from now on, with its history; its last ticker says so. Fails when it is not listed. */
export const delist = (market: string): Effect.Effect<void, ScriptError, Exchange> =>
  changeListing((exchange, nowMs) => (exchange.world.delist(market, nowMs) ? undefined : `no market ${market}`));

/** Drops every socket at once, without a close frame: close code 1006. */
export const cutSockets: Effect.Effect<void, never, Exchange> = withModel((exchange, nowMs) => {
  exchange.faults.on({ verb: "cut", forMs: 1_000 }, nowMs);
});

/** Open sockets stay up but bring nothing, not even pongs, for so long. What was said before is forgotten; 0 ends it. */
export const silenceSockets = (duration: Duration.Input): Effect.Effect<void, never, Exchange> =>
  lasting({ verb: "half_open", stops: "out" }, duration);

/** Socket upgrades are answered with HTTP 503 for so long. What was said before is forgotten; 0 ends it. */
export const refuseUpgrades = (duration: Duration.Input): Effect.Effect<void, never, Exchange> =>
  lasting({ verb: "refuse-upgrade", status: 503 }, duration);

/** The next `times` matching requests get this instead of the truth. A path stands for everything below it too. */
export const failRest = (match: FaultMatch, given: RestFault, times = 1): Effect.Effect<void, never, Exchange> =>
  withModel((exchange, nowMs) => {
    exchange.faults.on({ ...faultOf(given), ...(typeof match === "string" ? { path: match } : {}), times }, nowMs, matchOf(match));
  });

/** Forgets REST faults that were not used yet. */
export const clearRestFaults: Effect.Effect<void, never, Exchange> = withModel((exchange) => {
  for (const verb of ["answer", "hang", "reset"]) exchange.faults.off(verb);
});

/** Blocks an IP with HTTP 418 for so long. What was said of it before is forgotten; 0 ends it. */
export const ban = (ip: string, duration: Duration.Input): Effect.Effect<void, never, Exchange> => lasting({ verb: "ban", ip }, duration);

/** Switches a fault on for a time, in place of one like it. */
const lasting = (given: Extract<Fault, { readonly verb: "half_open" | "refuse-upgrade" | "ban" }>, duration: Duration.Input) =>
  withModel((exchange, nowMs) => {
    const isLike = (other: Fault) => other.verb === given.verb && (other.verb !== "ban" || given.verb !== "ban" || other.ip === given.ip);
    for (const { id, fault: other } of exchange.faults.list()) if (isLike(other)) exchange.faults.off(id);
    const forMs = Math.floor(Duration.toMillis(duration));
    if (forMs > 0) exchange.faults.on({ ...given, forMs }, nowMs);
  });

const changeListing = (
  change: (exchange: ExchangeModel, nowMs: number) => string | undefined,
): Effect.Effect<void, ScriptError, Exchange> =>
  Effect.gen(function* () {
    const exchange = yield* Exchange;
    const nowMs = yield* exchange.now;
    const refused = yield* Effect.try({
      try: () => change(exchange, nowMs),
      catch: (error) => new ScriptError({ reason: error instanceof Error ? error.message : String(error) }),
    });
    if (refused !== undefined) return yield* new ScriptError({ reason: refused });
    exchange.tapeChanged();
  });

/** A scripted trade in the market's own units. */
interface ReadyTrade {
  readonly tape: MarketTape;
  readonly price: number;
  readonly size: number;
  readonly bid: boolean;
}

const read = (exchange: ExchangeModel, market: string, scripted: ScriptedTrade): Effect.Effect<ReadyTrade, ScriptError> => {
  const fail = (reason: string) => Effect.fail(new ScriptError({ reason }));
  const tape = exchange.world.tape(market);
  if (tape === undefined) return fail(`no market ${market}`);
  const { decimals } = tape.spec;
  const price = parseUnits(decimalText(scripted.price), decimals);
  if (price === undefined || price <= 0) return fail(`${market} has no price ${scripted.price} (positive, at most ${decimals} decimals)`);
  const size = scripted.size === undefined ? tape.spec.size : parseUnits(decimalText(scripted.size), 8);
  if (size === undefined || size <= 0) return fail(`no size ${scripted.size} (positive, at most 8 decimals)`);
  return Effect.succeed({ tape, price, size, bid: scripted.side !== "ASK" });
};

const insert = (
  exchange: ExchangeModel,
  { tape, price, size, bid }: ReadyTrade,
  atMs: number,
): Effect.Effect<ScriptedResult, ScriptError> =>
  Effect.suspend(() => {
    if (atMs < tape.openedMs || atMs >= tape.closedMs || exchange.world.maintenance.endAt(atMs) !== undefined)
      return Effect.fail(new ScriptError({ reason: `${tape.spec.code} does not trade then` }));
    const inserted = tape.insert(Math.floor(atMs), price, size, bid);
    return inserted === undefined
      ? Effect.fail(new ScriptError({ reason: `the tape of ${tape.spec.code} is full` }))
      : Effect.succeed({ id: sequentialId(inserted), timeMs: inserted.ms });
  });

/** A number's shortest decimal without exponent. */
const decimalText = (value: number | string): string => {
  const text = String(value);
  const match = /^(\d)(?:\.(\d+))?e-(\d{1,2})$/.exec(text);
  return match === null ? text : `0.${"0".repeat(Number(match[3]) - 1)}${match[1]}${match[2] ?? ""}`;
};
