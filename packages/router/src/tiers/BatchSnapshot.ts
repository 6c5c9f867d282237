/**
 * The tier that gathers callers: questions about single markets that arrive within a few milliseconds of each other become one request for
 * all of them. Tickers and books only; the exchange has no list form of trades or candles.
 *
 * One market the exchange does not know makes it refuse the whole list, so a refused list is asked again market by market, and only the bad
 * one fails. A market whose record cannot be read fails alone as well.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Request from "effect/Request";
import * as RequestResolver from "effect/RequestResolver";
import type { Market } from "../domain/Market.ts";
import { type Orderbook, trimOrderbook } from "../domain/Orderbook.ts";
import type { Priority } from "../domain/Question.ts";
import { DecodeError, type MarketDataError } from "../errors/MarketDataError.ts";
import { RouterConfig } from "../RouterConfig.ts";
import { Rest, type RestResult } from "../transport/RestCall.ts";
import { type RestCall, Venue } from "../transport/Venue.ts";
import { type Tier, type TierAnswer, TierMiss } from "./Tier.ts";

/** Markets in one batch. The venue splits further where a URL would grow too long. */
const maxBatch = 300;

interface SnapshotFields {
  readonly market: Market;
  /** Order book levels; 0 for tickers. */
  readonly levels: number;
  readonly priority: Priority;
  readonly deadlineNanos: bigint;
}
class Snapshot extends Request.Class<SnapshotFields, TierAnswer, MarketDataError> {}

const urgency: ReadonlyArray<Priority> = ["critical", "high", "normal", "low"];

export const make: Effect.Effect<Tier, never, Rest | Venue> = Effect.gen(function* () {
  const rest = yield* Rest;
  const venue = yield* Venue;
  const config = yield* RouterConfig;
  const clock = yield* Clock.Clock;

  const answer = (result: RestResult<unknown>, value: unknown, exchangeTimeMs: number): TierAnswer => ({
    value,
    channel: "rest",
    exchangeTimeMs,
    receivedNanos: result.receivedNanos,
    receivedMs: result.receivedMs,
    confirmedNanos: result.receivedNanos,
  });

  /** One resolver per kind: `calls` asks for a list of markets, `shape` makes one caller's value of a row. */
  const resolver = <A extends { readonly market: Market; readonly timestampMs: number }>(
    calls: (markets: ReadonlyArray<Market>, levels: number) => ReadonlyArray<RestCall<A>>,
    shape: (row: A, request: Snapshot) => unknown,
  ) => {
    const ask = (
      requests: ReadonlyArray<Snapshot>,
    ): Effect.Effect<ReadonlyMap<Market, Exit.Exit<readonly [RestResult<A>, A], MarketDataError>>> => {
      const markets = [...new Set(requests.map((request) => request.market))];
      const levels = Math.max(...requests.map((request) => request.levels));
      const wanted = new Set<string>(markets);
      const options = {
        priority: urgency.find((priority) => requests.some((request) => request.priority === priority)) ?? "normal",
        deadlineNanos: requests.reduce((latest, request) => (request.deadlineNanos > latest ? request.deadlineNanos : latest), 0n),
        expects: (row: A) => wanted.has(row.market),
      };
      return Effect.map(
        Effect.forEach(calls(markets, levels), (call) => Effect.exit(rest.run(call, options)), { concurrency: 4 }),
        (exits) => byMarket(markets, exits),
      );
    };

    return RequestResolver.make<Snapshot>(
      Effect.fnUntraced(function* (entries) {
        const requests = entries.map((entry) => entry.request);
        let found = yield* ask(requests);
        const refused = requests.filter((request) => isRefusedList(found.get(request.market)));
        if (refused.length > 0 && found.size > 1) found = new Map([...found, ...(yield* askSingly(refused, ask))]);
        for (const entry of entries) {
          const exit = found.get(entry.request.market);
          entry.completeUnsafe(
            exit === undefined
              ? Exit.fail(new DecodeError({ stage: "answer", path: "", detail: `no row for ${entry.request.market}` }))
              : Exit.map(exit, ([result, row]) => answer(result, shape(row, entry.request), row.timestampMs)),
          );
        }
      }),
    ).pipe(RequestResolver.setDelay(config.batchWindowMs), RequestResolver.batchN(maxBatch));
  };

  const tickers = resolver(
    (markets) => venue.tickers(markets),
    (row) => row,
  );
  const orderbooks = resolver<Orderbook>(
    (markets, levels) => venue.orderbooks(markets, levels),
    (row, request) => trimOrderbook(row, request.levels),
  );

  return {
    name: "batch_snapshot",
    ask: Effect.fn("BatchSnapshot.ask")(function* (question, { deadlineNanos }) {
      if (question.kind !== "ticker" && question.kind !== "orderbook") return yield* new TierMiss({ reason: "not_batchable" });
      if (deadlineNanos <= clock.monotonicTimeNanosUnsafe()) return yield* new TierMiss({ reason: "no_time" });
      const fields = { market: question.market, priority: question.intent.priority, deadlineNanos };
      return question.kind === "ticker"
        ? yield* Effect.request(new Snapshot({ ...fields, levels: 0 }), tickers)
        : yield* Effect.request(new Snapshot({ ...fields, levels: question.levels }), orderbooks);
    }),
  };
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

const askSingly = <A>(
  requests: ReadonlyArray<Snapshot>,
  ask: (requests: ReadonlyArray<Snapshot>) => Effect.Effect<Found<A>>,
): Effect.Effect<Found<A>> =>
  Effect.map(
    Effect.forEach(Map.groupBy(requests, (request) => request.market).values(), ask, { concurrency: 4 }),
    (maps) => new Map(maps.flatMap((map) => [...map])),
  );
