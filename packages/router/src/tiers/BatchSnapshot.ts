/**
 * The tier that gathers callers: questions about single markets that arrive within a few milliseconds of each other become one request for
 * all of them. Tickers and books only; the exchange has no list form of trades or candles.
 *
 * How long they are gathered depends on whether a list of the kind is on its way. Where none is, a caller waits for those of the same moment only,
 * because nobody may come at all; whoever comes while one is on its way waits the whole window, which a long way and a full line make longer. So a
 * lone caller is sent at once, and of many who come one by one at most one goes alone before the others share a request. Callers who have come
 * together before (`Crowd.ts`) wait for each other only, not for the moment's end.
 *
 * One market the exchange does not know makes it refuse the whole list. A refused list is asked again without the markets that the list of
 * markets, if it is known by then, does not hold; where that is not enough it is cut smaller until only the bad ones fail. Asking market by
 * market would spend the whole limit of half a minute on one typing error. A market whose record cannot be read fails alone as well.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import type { Market } from "../domain/Market.ts";
import { type Orderbook, trimOrderbook } from "../domain/Orderbook.ts";
import type { Priority } from "../domain/Question.ts";
import { MarketList } from "../cache/MarketList.ts";
import { DecodeError, type MarketDataError, NeverTraded } from "../errors/MarketDataError.ts";
import { RouterConfig } from "../RouterConfig.ts";
import { Subscriptions } from "../stream/Subscriptions.ts";
import { Rest, type RestResult } from "../transport/RestCall.ts";
import { type RestCall, Venue } from "../transport/Venue.ts";
import { Crowd } from "./Crowd.ts";
import { Gathering } from "./Gathering.ts";
import { type Tier, type TierAnswer, TierMiss } from "./Tier.ts";

/** How long a caller is waited beside while nothing of its kind is on its way, in milliseconds: those of the same moment have come by then. */
const quietWindowMs = 1;

/** Parts that a refused list is cut into: as few requests as halves would cost, in half as many rounds. */
const splitInto = 4;

/** What one caller asks for. */
interface Snapshot {
  readonly market: Market;
  /** Order book levels; 0 for tickers. */
  readonly levels: number;
  readonly priority: Priority;
  readonly deadlineNanos: bigint;
}

const urgency: ReadonlyArray<Priority> = ["critical", "high", "normal", "low"];

export const make: Effect.Effect<Tier, never, Rest | Venue | MarketList | Subscriptions> = Effect.gen(function* () {
  const rest = yield* Rest;
  const subscriptions = yield* Subscriptions;
  const venue = yield* Venue;
  const config = yield* RouterConfig;
  const clock = yield* Clock.Clock;
  const marketList = yield* MarketList;

  const windowMs = (isBusy: boolean) => {
    const wholeMs = Math.max(config.batchWindowMs, rest.road().batchWindowMs, subscriptions.line()?.batchWindowMs ?? 0);
    return isBusy ? wholeMs : Math.min(wholeMs, quietWindowMs);
  };

  /** One gathering per kind: `calls` asks for a list of markets, `shape` makes one caller's value of a row. */
  const gathering = <A extends { readonly market: Market; readonly timestampMs: number }>(
    calls: (markets: ReadonlyArray<Market>, levels: number) => ReadonlyArray<RestCall<A>>,
    shape: (row: A, request: Snapshot) => unknown,
  ) => {
    const ask = (
      requests: ReadonlyArray<Snapshot>,
    ): Effect.Effect<ReadonlyMap<Market, Exit.Exit<readonly [RestResult<A>, A], MarketDataError>>> => {
      const markets = [...new Set(requests.map((request) => request.market))];
      const levels = Math.max(...requests.map((request) => request.levels));
      const asked = chunksOf(markets, rest.road().batchMarkets).flatMap((some) => calls(some, levels));
      const wanted = new Set<string>(markets);
      const options = {
        priority: urgency.find((priority) => requests.some((request) => request.priority === priority)) ?? "normal",
        deadlineNanos: requests.reduce((latest, request) => (request.deadlineNanos > latest ? request.deadlineNanos : latest), 0n),
        expects: (row: A) => wanted.has(row.market),
      };
      return Effect.map(
        Effect.forEach(asked, (call) => Effect.exit(rest.run(call, options)), { concurrency: 4 }),
        (exits) => byMarket(markets, exits),
      );
    };

    const crowd = new Crowd();
    return new Gathering<Snapshot, TierAnswer, MarketDataError>({
      wait: Effect.suspend(() => Effect.sleep(windowMs(crowd.isOnTheWay))),
      whole: () => crowd.begun(),
      answers: (requests) =>
        Effect.map(crowd.carrying(requests.length, askWhole(requests, ask, marketList.check)), (found) => (request) => {
          const exit = found.get(request.market);
          return exit === undefined
            ? Exit.fail(new DecodeError({ stage: "answer", path: "", detail: `no row for ${request.market}` }))
            : Exit.map(exit, ([result, row]) => answer(result, shape(row, request), row.timestampMs));
        }),
    });
  };

  const tickers = gathering(
    (markets) => venue.tickers(markets),
    (row) => row,
  );
  const orderbooks = gathering<Orderbook>(
    (markets, levels) => venue.orderbooks(markets, levels),
    (row, request) => trimOrderbook(row, request.levels),
  );

  return {
    name: "batch_snapshot",
    ask: (question, { deadlineNanos }) =>
      Effect.suspend((): Effect.Effect<TierAnswer, MarketDataError | TierMiss> => {
        if (question.kind !== "ticker" && question.kind !== "orderbook") return Effect.fail(new TierMiss({ reason: "not_batchable" }));
        if (deadlineNanos <= clock.monotonicTimeNanosUnsafe()) return Effect.fail(new TierMiss({ reason: "no_time" }));
        const { market, intent } = question;
        const asked = { market, priority: intent.priority, deadlineNanos };
        return question.kind === "ticker" ? tickers.ask({ ...asked, levels: 0 }) : orderbooks.ask({ ...asked, levels: question.levels });
      }),
  };
});

/** Lists of at most so many. The venue splits further where a URL would grow too long. */
const chunksOf = <A>(all: ReadonlyArray<A>, size: number): ReadonlyArray<ReadonlyArray<A>> =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size));

const answer = (result: RestResult<unknown>, value: unknown, exchangeTimeMs: number): TierAnswer => ({
  value,
  channel: "rest",
  exchangeTimeMs,
  receivedNanos: result.receivedNanos,
  receivedMs: result.receivedMs,
  confirmedNanos: result.receivedNanos,
});

type Found<A> = ReadonlyMap<Market, Exit.Exit<readonly [RestResult<A>, A], MarketDataError>>;

/** Spreads the answers of one or several requests over the markets: rows by name, a failed request to every market it did not answer. */
const byMarket = <A extends { readonly market: Market }>(
  markets: ReadonlyArray<Market>,
  exits: ReadonlyArray<Exit.Exit<RestResult<A>, MarketDataError>>,
): Found<A> => {
  const found = new Map<Market, Exit.Exit<readonly [RestResult<A>, A], MarketDataError>>();
  let missing: Exit.Exit<never, MarketDataError> | undefined;
  for (const exit of exits) {
    if (Exit.isFailure(exit)) missing = Exit.failCause(exit.cause);
    else {
      for (const row of exit.value.rows) found.set(row.market, Exit.succeed([exit.value, row] as const));
      for (const market of exit.value.untraded ?? []) found.set(market, Exit.fail(new NeverTraded({ market })));
      const [rejected] = exit.value.rejected;
      if (rejected !== undefined) missing = missing ?? Exit.fail(rejected);
    }
  }
  if (missing !== undefined) for (const market of markets) if (!found.has(market)) found.set(market, missing);
  return found;
};

const isRefusedList = (exit: Exit.Exit<unknown, MarketDataError> | undefined): boolean => {
  const error = exit === undefined ? undefined : Exit.findErrorOption(exit);
  return error !== undefined && error._tag === "Some" && error.value._tag === "MarketUnknown";
};

type AskList<A> = (requests: ReadonlyArray<Snapshot>) => Effect.Effect<Found<A>>;

/**
 * Asks for all, and again for what was refused: without the markets known not to exist, else in {@link splitInto} parts. Each round is
 * smaller than the one before; the limiter ends it where the callers' time does not suffice.
 */
const askWhole: <A>(requests: ReadonlyArray<Snapshot>, ask: AskList<A>, check: MarketList["Service"]["check"]) => Effect.Effect<Found<A>> =
  Effect.fnUntraced(function* <A>(requests: ReadonlyArray<Snapshot>, ask: AskList<A>, check: MarketList["Service"]["check"]) {
    const found = yield* ask(requests);
    const refused = Map.groupBy(
      requests.filter((request) => isRefusedList(found.get(request.market))),
      (request) => request.market,
    );
    // One market alone was refused for itself.
    if (refused.size <= 1) return found;
    const answers = new Map(found);
    const again: Array<ReadonlyArray<Snapshot>> = [];
    for (const [market, some] of refused) {
      const known = yield* Effect.exit(check(market));
      if (Exit.isFailure(known)) answers.set(market, Exit.failCause(known.cause));
      else again.push(some);
    }
    const size = again.length < refused.size ? again.length : Math.ceil(again.length / splitInto);
    const parts = Array.from({ length: size === 0 ? 0 : Math.ceil(again.length / size) }, (_, i) => again.slice(i * size, (i + 1) * size));
    const asked = yield* Effect.forEach(parts, (part) => askWhole(part.flat(), ask, check), { concurrency: splitInto });
    for (const part of asked) for (const [market, exit] of part) answers.set(market, exit);
    return answers;
  });
