/**
 * From what a caller writes to a checked question: defaults filled in, everything refused that can be refused without a network. Pure.
 */
import * as Result from "effect/Result";
import { nextWindowStart, parseInterval, windowStart, type Interval } from "./domain/Interval.ts";
import { type Market, parseMarket } from "./domain/Market.ts";
import {
  type CandlesQuestion,
  Context,
  type Intent,
  type Kind,
  OnStale,
  type OrderbookQuestion,
  Priority,
  type ResolvedIntent,
  Strategy,
  type TickerQuestion,
  type TradesQuestion,
} from "./domain/Question.ts";
import { InvalidRequest } from "./errors/MarketDataError.ts";
import type { RouterConfigShape } from "./RouterConfig.ts";
import { windowsBetween } from "./tiers/candlePages.ts";
import type { CandleProgress } from "./tiers/candleProgress.ts";

/** The figures that a ticker does not come with. */
export interface RollingOptions {
  /** Also give `high24h` and `low24h`, from candles (false). Costs up to two requests a market and day, and one every three hours. */
  readonly rolling24h?: boolean | undefined;
}

export interface TickerOptions extends Intent, RollingOptions {}

export interface OrderbookOptions extends Intent {
  /** Price levels per side, 1 to 30 (15). */
  readonly levels?: number | undefined;
}

export interface TradesOptions extends Intent {
  /**
   * Trades wanted, newest ones (1, unless `from` is given). More than the exchange gives at once are read in pages. It keeps seven days; fewer than
   * wanted come when there are no more in one piece.
   */
  readonly count?: number | undefined;
  /** Only trades before this trade id. Not together with `from` or `to`. */
  readonly before?: string | undefined;
  /**
   * All trades from this moment on, inclusive. Fails with `InvalidRequest` when that is further back than the exchange gives, and not all of it is kept,
   * and when it is more than 300,000 trades.
   */
  readonly from?: Moment | undefined;
  /** Only trades before this moment, exclusive (now). */
  readonly to?: Moment | undefined;
}

/** A moment: a `Date`, epoch milliseconds, or ISO 8601 text; text without a zone is UTC. */
export type Moment = Date | number | string;

export interface CandlesOptions extends Intent {
  /** Rows wanted, newest ones (1, unless `from` is given). Any number; read in pages. */
  readonly count?: number | undefined;
  /** First window wanted, inclusive. */
  readonly from?: Moment | undefined;
  /** Windows starting before this, exclusive (now). */
  readonly to?: Moment | undefined;
  /** Whether the window in progress belongs to the answer ("include"). */
  readonly forming?: "include" | "exclude" | undefined;
  /** "flat" puts a marked empty candle where nobody traded ("none"). */
  readonly fill?: "none" | "flat" | undefined;
  /**
   * Told while the answer is read, after every page and kept stretch, and a last time with the share 1 before it is given. Synchronous; what it throws is
   * logged.
   */
  readonly onProgress?: ((progress: CandleProgress) => void) | undefined;
}

/** Of columns: which closed candles. */
export type CandleColumnsOptions = Omit<CandlesOptions, "forming" | "fill">;

type Checked<A> = Result.Result<A, InvalidRequest>;

/** Rows one question may ask for: half a year of minutes. */
export const maxRows = 300_000;
/** How long after its end a range is taken for final. Clocks of hosts that trade are seldom a minute wrong. */
const finalAfterMs = 60_000;
/** A closed range cannot change, so any age of its answer is good. */
const immutableAgeMs = Number.MAX_SAFE_INTEGER;
/** A day: whoever waits longer for one answer means another unit. */
const maxDeadlineMs = 86_400_000;

export const tickerQuestion = (market: string, options: TickerOptions, config: RouterConfigShape): Checked<TickerQuestion> =>
  checkedMarket(market, options, "ticker", config, (code, intent) =>
    // Types do not reach callers from plain JavaScript, and "no" is true there.
    options.rolling24h === undefined || typeof options.rolling24h === "boolean"
      ? Result.succeed({ kind: "ticker", market: code, intent })
      : refuse("rolling24h", String(options.rolling24h), "is neither true nor false"),
  );

export const orderbookQuestion = (market: string, options: OrderbookOptions, config: RouterConfigShape): Checked<OrderbookQuestion> =>
  checkedMarket(market, options, "orderbook", config, (code, intent) =>
    Result.map(wholeNumber("levels", options.levels ?? 15, 1, 30), (levels) => ({ kind: "orderbook", market: code, levels, intent })),
  );

export const tradesQuestion = (market: string, options: TradesOptions, config: RouterConfigShape, nowMs: number): Checked<TradesQuestion> =>
  checkedMarket(market, options, "trades", config, (code, intent) =>
    Result.gen(function* () {
      const { before } = options;
      if (before !== undefined && !/^\d{1,30}$/.test(before)) return yield* refuse("before", before, "is not a trade id");
      const fromMs = options.from === undefined ? undefined : yield* moment("from", options.from);
      const toMs = options.to === undefined ? undefined : yield* moment("to", options.to);
      if (before !== undefined && (fromMs ?? toMs) !== undefined)
        return yield* refuse("before", before, "cannot be combined with from or to");
      if (fromMs !== undefined && fromMs >= Math.min(toMs ?? nowMs, nowMs))
        return yield* refuse("from", new Date(fromMs).toISOString(), "is not before the end of the range");
      const count = yield* rowCount(options.count, fromMs ?? null);
      const isClosed = before !== undefined || (toMs !== undefined && nowMs >= toMs + finalAfterMs);
      return {
        kind: "trades",
        market: code,
        count,
        intent: isClosed ? { ...intent, maxAgeMs: immutableAgeMs } : intent,
        ...(before !== undefined && { before }),
        ...(fromMs !== undefined && { fromMs }),
        // A bound in the future is the present.
        ...(toMs !== undefined && toMs < nowMs && { toMs }),
      } as const;
    }),
  );

export const candlesQuestion = (
  market: string,
  intervalText: string,
  options: CandlesOptions,
  config: RouterConfigShape,
  nowMs: number,
): Checked<CandlesQuestion> =>
  checkedMarket(market, options, "candles", config, (code, intent) =>
    Result.gen(function* () {
      const interval = yield* parseInterval(intervalText);
      const fromMs = options.from === undefined ? null : yield* moment("from", options.from);
      const to = options.to === undefined ? null : yield* moment("to", options.to);
      const count = yield* rowCount(options.count, fromMs);
      // The wire reads whole seconds; rounding up keeps the bound exclusive.
      const toMs = to === null ? null : Math.ceil(to / 1_000) * 1_000;
      const upper = Math.min(toMs ?? nowMs, nowMs);
      if (fromMs !== null) {
        if (fromMs >= upper) return yield* refuse("from", new Date(fromMs).toISOString(), "is not before the end of the range");
        const rows = windowsBetween(interval, fromMs, upper);
        if (rows > maxRows)
          return yield* refuse("from", new Date(fromMs).toISOString(), `spans ${rows} windows; at most ${maxRows} fit one question`);
      }
      const forming = yield* oneOf("forming", options.forming ?? "include", ["include", "exclude"]);
      const fill = yield* oneOf("fill", options.fill ?? "none", ["none", "flat"]);
      const closed = toMs !== null && isClosed(interval, toMs, nowMs);
      return {
        kind: "candles",
        market: code,
        interval,
        count,
        fromMs,
        toMs,
        forming,
        fill,
        intent: closed ? { ...intent, maxAgeMs: immutableAgeMs } : intent,
      } as const;
    }),
  );

/** The same for columns: closed candles, in which a window without a trade has no row. */
export const candleColumnsQuestion = (
  market: string,
  interval: string,
  options: CandleColumnsOptions,
  config: RouterConfigShape,
  nowMs: number,
): Checked<CandlesQuestion> => {
  // Types do not reach callers from plain JavaScript.
  const { forming, fill }: CandlesOptions = { ...options };
  if (forming !== undefined && forming !== "exclude")
    return refuse("forming", String(forming), "cannot be said of columns: they hold closed candles");
  if (fill !== undefined && fill !== "none")
    return refuse("fill", String(fill), "cannot be said of columns: emptyWindows says which have no trade");
  return Result.map(
    candlesQuestion(market, interval, { ...options, forming: "exclude", fill: "none" }, config, nowMs),
    (question): CandlesQuestion => ({ ...question, columns: true }),
  );
};

/**
 * Every default of an intent. `realtime` asks for a younger value, and for trading an old value is an error. Without `Result.gen`: it stands in the way
 * of what memory answers.
 */
export const resolveIntent = (intent: Intent, kind: Kind, config: RouterConfigShape): Checked<ResolvedIntent> => {
  const { realtime = false, context = "realtime_trading", deadline = config.deadlineMs, priority = "normal", strategy = "auto" } = intent;
  const usual = config.maxAgeMs[kind];
  const { maxAge = realtime ? Math.min(usual, config.maxAgeRealtimeMs) : usual, onStale = servesStale(context) ? "serve" : "fail" } =
    intent;
  const refused =
    refusal(oneOf("context", context, Context.literals)) ??
    refusal(duration("maxAge", maxAge, 0, immutableAgeMs)) ??
    refusal(duration("deadline", deadline, 1, maxDeadlineMs)) ??
    refusal(oneOf("priority", priority, Priority.literals)) ??
    refusal(oneOf("strategy", strategy, Strategy.literals)) ??
    refusal(oneOf("onStale", onStale, OnStale.literals));
  return refused ?? Result.succeed({ maxAgeMs: maxAge, deadlineMs: deadline, priority, realtime, strategy, context, onStale });
};

const refusal = <A>(checked: Checked<A>): Result.Failure<never, InvalidRequest> | undefined =>
  // A failure has no value, of whatever type.
  Result.isFailure(checked) ? (checked as Result.Failure<never, InvalidRequest>) : undefined;

const servesStale = (context: Context): boolean => context === "monitoring" || context === "research";

const checkedMarket = <A>(
  market: string,
  intent: Intent,
  kind: Kind,
  config: RouterConfigShape,
  make: (market: Market, intent: ResolvedIntent) => Checked<A>,
): Checked<A> =>
  Result.flatMap(parseMarket(market), (code) => Result.flatMap(resolveIntent(intent, kind, config), (resolved) => make(code, resolved)));

const rowCount = (count: number | undefined, fromMs: number | null): Checked<number | null> => {
  if (count === undefined) return Result.succeed(fromMs === null ? 1 : null);
  if (fromMs !== null) return refuse("count", String(count), "cannot be combined with from; a range has as many rows as it has");
  return wholeNumber("count", count, 1, maxRows);
};

/** The last window that starts before `toMs` ended so long ago that it is final even if our clock is ahead of the exchange's. */
const isClosed = (interval: Interval, toMs: number, nowMs: number): boolean =>
  nowMs >= nextWindowStart(interval, windowStart(interval, toMs - 1)) + finalAfterMs;

const wholeNumber = (field: string, value: number, min: number, max: number): Checked<number> =>
  Number.isInteger(value) && value >= min && value <= max
    ? Result.succeed(value)
    : refuse(field, String(value), `is not a whole number from ${min} to ${max}`);

export const duration = (field: string, value: number, min: number, max: number): Checked<number> =>
  Number.isFinite(value) && value >= min && value <= max
    ? Result.succeed(value)
    : refuse(field, String(value), `is not a number of milliseconds from ${min} to ${max}`);

/** Types do not reach callers from plain JavaScript, and a misspelt word must not pass for the default. */
export const oneOf = <A extends string>(field: string, value: A, known: ReadonlyArray<A>): Checked<A> =>
  known.includes(value) ? Result.succeed(value) : refuse(field, String(value), `is none of ${known.join(", ")}`);

const isoMoment = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)?(Z|[+-]\d{2}:?\d{2})?$/;

/** A moment in milliseconds; `field` names it where it is none. */
export const moment = (field: string, input: Moment): Checked<number> => {
  if (typeof input === "string") {
    const match = isoMoment.exec(input.trim());
    if (match === null) return refuse(field, input, "is not a date like 2026-01-31 or 2026-01-31T09:00:00+09:00");
    const dateOnly = input.trim().length === 10;
    const text = input.trim().replace(" ", "T") + (match[1] === undefined && !dateOnly ? "Z" : "");
    return inRange(field, input, isCalendarDay(text.slice(0, 10)) ? Date.parse(text) : Number.NaN);
  }
  // Types do not reach callers from plain JavaScript.
  const ms = typeof input === "number" ? input : input instanceof Date ? input.getTime() : Number.NaN;
  return inRange(field, String(input), ms);
};

/** `Date.parse` reads the 30th of February as the 2nd of March. */
const isCalendarDay = (day: string): boolean => {
  const ms = Date.parse(day);
  return Number.isFinite(ms) && new Date(ms).toISOString().startsWith(day);
};

/** The exchange opened in 2017; a moment far outside is a unit mistaken. */
const inRange = (field: string, input: string, ms: number): Checked<number> =>
  Number.isFinite(ms) && ms >= 0 && ms < 4e12
    ? Result.succeed(Math.round(ms))
    : refuse(field, input, "is not a moment between 1970 and 2096");

const refuse = (field: string, input: string, reason: string): Result.Result<never, InvalidRequest> =>
  Result.fail(new InvalidRequest({ field, input: input.slice(0, 60), reason }));
