/**
 * The plain way to the exchange, for when the router is out: one question, one request, no tier, no cache, no breaker. It shares nothing with a
 * router but what the exchange counts together, the process's limits, and the transport. How many requests a question takes, and how rows
 * become its answer, is the same stateless code (`tiers/restAnswer.ts`); questions about single markets that come in one turn are one request.
 *
 * It is lean, not rude: a second attempt where the first one failed on the way and time is left, and then a second's rest for the whole limit
 * group, in which everybody is told what the last attempt died of. So an exchange that is down is asked about once a second, however many ask; and
 * one that stays closed for more than a minute ever more seldom, once in half a minute in the end, and with one attempt.
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import * as Request from "effect/Request";
import * as RequestResolver from "effect/RequestResolver";
import * as Result from "effect/Result";
import type { Market, MarketInfo } from "../domain/Market.ts";
import { trimOrderbook } from "../domain/Orderbook.ts";
import type { OrderbookQuestion, Question, TickerQuestion } from "../domain/Question.ts";
import { DecodeError, type MarketDataError, NeverTraded, TimeoutError } from "../errors/MarketDataError.ts";
import { type Grant, RateLimiter } from "../limits/RateLimiter.ts";
import type { HistoryKeeper } from "../tiers/HistoryKeeper.ts";
import * as RestAnswer from "../tiers/restAnswer.ts";
import type { TierAnswer } from "../tiers/Tier.ts";
import { exchangeTimeMs, readAnswer } from "../transport/readAnswer.ts";
import { Rest, type RestOptions, type RestResult } from "../transport/RestCall.ts";
import { afterFailure, defaultRestPolicy } from "../transport/RestPolicy.ts";
import { RestRoad } from "../transport/RestRoad.ts";
import { Transport } from "../transport/Transport.ts";
import { type RestCall, Venue } from "../transport/Venue.ts";

export class DirectRest extends Context.Service<
  DirectRest,
  {
    /** Answers one question by `deadlineNanos`, on the monotonic clock. */
    readonly ask: (question: Question, deadlineNanos: bigint) => Effect.Effect<TierAnswer, MarketDataError>;
    /** The same for nobody's call: by itself, with the lowest priority, and a failure is told to nobody else. */
    readonly sample: (question: Question, deadlineNanos: bigint) => Effect.Effect<TierAnswer, MarketDataError>;
    /** The venue's markets. */
    readonly markets: (deadlineNanos: bigint) => Effect.Effect<ReadonlyArray<MarketInfo>, MarketDataError>;
    /** Whether a question of this limit group would be sent now: nobody waits for the limit, and the group is not resting. */
    readonly isFree: (group: string) => boolean;
    /** Somebody has had to wait for a place of the group within the last so many milliseconds. */
    readonly hasWaited: (group: string, withinMs: number) => boolean;
  }
>()("@naru/router/direct/DirectRest") {
  static readonly layer: Layer.Layer<DirectRest, never, Transport | Venue | RateLimiter | HistoryKeeper> = Layer.effect(
    DirectRest,
    Effect.suspend(() => make),
  );
}

/** Attempts of one request, the first included. */
const attempts = 2;
/**
 * How long a limit group rests after the last of them failed on the way, in milliseconds: at least, at most, and where it has failed for longer than
 * a minute, as a share of the time since.
 */
const resting = { leastMs: 1_000, mostMs: 30_000, afterMs: 60_000, share: 1 / 8 } as const;
/** How long one attempt may take, in milliseconds. */
const attemptMs = 5_000;
/** Markets in one question; the venue splits further where a URL would grow too long. */
const maxBatch = 300;

const make = Effect.gen(function* () {
  const venue = yield* Venue;
  const clock = yield* Clock.Clock;
  const requests = new Requests(yield* Transport, venue, yield* RateLimiter, clock);
  const samples = new Requests(yield* Transport, venue, yield* RateLimiter, clock);
  // No breaker, and a road of which nothing was measured.
  const road = new RestRoad();
  const rest = Rest.of({ run: (call, options) => requests.run(call, options), road: () => road.decide(attemptMs), breakerOpenMs: () => 0 });
  const restAnswer = yield* Effect.provideService(RestAnswer.make, Rest, rest);
  const batch = batcher(venue, rest);
  const sampleRest = Rest.of({ ...rest, run: (call, options) => samples.run(call, options) });
  const sampleAnswer = yield* Effect.provideService(RestAnswer.make, Rest, sampleRest);
  return DirectRest.of({
    ask: Effect.fn("DirectRest.ask")(function* (question: Question, deadlineNanos: bigint) {
      if (question.kind === "ticker" || question.kind === "orderbook") return yield* batch(question, deadlineNanos);
      return yield* restAnswer(question, { deadlineNanos });
    }),
    sample: (question, deadlineNanos) => sampleAnswer({ ...question, intent: { ...question.intent, priority: "low" } }, { deadlineNanos }),
    markets: Effect.fn("DirectRest.markets")(function* (deadlineNanos: bigint) {
      return (yield* rest.run(venue.markets(), { priority: "high", deadlineNanos })).rows;
    }),
    isFree: (group) => requests.isFree(group),
    hasWaited: (group, withinMs) => requests.hasWaited(group, withinMs),
  });
});

/** One request after another, each by itself. */
class Requests {
  readonly #transport: Transport["Service"];
  readonly #venue: Venue["Service"];
  readonly #limiter: RateLimiter["Service"];
  readonly #clock: Clock.Clock;
  /** Groups that rest, until when and why. At most as many as the venue has groups. */
  readonly #resting = new Map<string, { readonly untilMs: number; readonly error: MarketDataError }>();
  /** Groups of which nothing was understood since, monotonic milliseconds. */
  readonly #failingSinceMs = new Map<string, number>();

  constructor(transport: Transport["Service"], venue: Venue["Service"], limiter: RateLimiter["Service"], clock: Clock.Clock) {
    this.#transport = transport;
    this.#venue = venue;
    this.#limiter = limiter;
    this.#clock = clock;
  }

  isFree(group: string): boolean {
    if (this.#restingFrom(group) !== undefined || this.#limiter.waitMs(group) > 0) return false;
    // In the moment in which a place becomes free, those who waited for it are still there.
    return !this.#limiter.snapshot().some((limit) => limit.group === group && limit.waiting > 0);
  }

  hasWaited(group: string, withinMs: number): boolean {
    return this.#limiter.snapshot().some((limit) => limit.group === group && limit.waitedAgoMs <= withinMs);
  }

  readonly run = <A>(call: RestCall<A>, options: RestOptions<A>): Effect.Effect<RestResult<A>, MarketDataError> =>
    Effect.gen({ self: this }, function* () {
      for (let attempt = 1; ; attempt++) {
        const rested = this.#restingFrom(call.group);
        if (rested !== undefined) return yield* Effect.fail(rested);
        const isClosed = this.#restMs(call.group) > resting.leastMs;
        const result = yield* Effect.result(this.#attempt(call, options));
        if (Result.isSuccess(result)) this.#failingSinceMs.delete(call.group);
        if (Result.isSuccess(result)) return result.success;
        const error = result.failure;
        if (!failedOnTheWay(error)) return yield* Effect.fail(error);
        if (!isClosed && attempt < attempts && this.#leftMs(options) > 0) continue;
        if (!this.#failingSinceMs.has(call.group)) this.#failingSinceMs.set(call.group, this.#nowMs());
        this.#resting.set(call.group, { untilMs: this.#nowMs() + this.#restMs(call.group), error });
        return yield* Effect.fail(error);
      }
    });

  /** Waiting for the limit can be interrupted; a grant that was got is always given back. */
  readonly #attempt = <A>(call: RestCall<A>, options: RestOptions<A>): Effect.Effect<RestResult<A>, MarketDataError> =>
    Effect.suspend(() => {
      let granted: Grant | undefined;
      const maxWaitMs = Math.max(0, this.#leftMs(options));
      const acquired = Effect.map(this.#limiter.acquire(call.group, { priority: options.priority, maxWaitMs }), (grant) => {
        granted = grant;
      });
      return Effect.onExit(
        Effect.andThen(
          acquired,
          Effect.suspend(() => this.#send(call, options)),
        ),
        (exit) => (granted === undefined ? Effect.void : this.#settle(call.group, granted, exit)),
      );
    });

  #send<A>(call: RestCall<A>, options: RestOptions<A>): Effect.Effect<RestResult<A>, MarketDataError> {
    return Effect.gen({ self: this }, function* () {
      const leftMs = this.#leftMs(options);
      const timeoutMs = Math.max(0, Math.min(leftMs, attemptMs));
      const phase = leftMs <= attemptMs ? "deadline" : "attempt";
      const sentMs = this.#nowMs();
      const response = yield* this.#transport.rest({ url: call.url, headers: {} }).pipe(
        Effect.timeoutOrElse({
          duration: timeoutMs,
          orElse: () => Effect.fail(new TimeoutError({ phase, timeoutMs, detail: call.endpoint })),
        }),
      );
      const receivedNanos = this.#clock.monotonicTimeNanosUnsafe();
      const receivedMs = this.#clock.currentTimeMillisUnsafe();
      const budget = this.#venue.remaining(response.headers);
      if (budget !== undefined) yield* this.#limiter.feedback(budget.group, budget.remaining, this.#nowMs() - sentMs);
      const exchangeNowMs = exchangeTimeMs(response.headers) ?? receivedMs;
      const { failure } = this.#venue;
      const answer = yield* Effect.fromResult(readAnswer(call, response, { failure, exchangeNowMs, expects: options.expects }));
      return { ...answer, exchangeNowMs, receivedNanos, receivedMs };
    });
  }

  /** What the exchange demands of everybody, it is given here too. */
  #settle(group: string, grant: Grant, exit: Exit.Exit<unknown, MarketDataError>): Effect.Effect<void> {
    const error = Option.getOrUndefined(Exit.findErrorOption(exit));
    const wasAnswered = Exit.isSuccess(exit) || (error !== undefined && error._tag !== "NetworkError" && error._tag !== "TimeoutError");
    const after = error === undefined ? undefined : afterFailure(defaultRestPolicy, error);
    return Effect.gen({ self: this }, function* () {
      // Before the end of the request is told, which lets those go on who wait for its place.
      if (after?._tag === "pause") yield* this.#limiter.pauseGroup(group, after.forMs, grant);
      if (after?._tag === "block") yield* this.#limiter.block(after.forMs);
      if (after?._tag === "hold" && error !== undefined) this.#resting.set(group, { untilMs: this.#nowMs() + after.forMs, error });
      yield* this.#limiter.ended(grant, wasAnswered);
    });
  }

  #restingFrom(group: string): MarketDataError | undefined {
    const resting = this.#resting.get(group);
    if (resting === undefined) return undefined;
    if (this.#nowMs() < resting.untilMs) return resting.error;
    this.#resting.delete(group);
    return undefined;
  }

  /** The longer a group has failed, the longer it rests. */
  #restMs(group: string): number {
    const nowMs = this.#nowMs();
    const failedForMs = nowMs - (this.#failingSinceMs.get(group) ?? nowMs);
    return Math.min(resting.mostMs, Math.max(resting.leastMs, (failedForMs - resting.afterMs) * resting.share));
  }

  #nowMs(): number {
    return Number(this.#clock.monotonicTimeNanosUnsafe()) / 1e6;
  }

  #leftMs({ deadlineNanos }: Pick<RestOptions<never>, "deadlineNanos">): number {
    return Number(deadlineNanos - this.#clock.monotonicTimeNanosUnsafe()) / 1e6;
  }
}

/** Worth another attempt at once: nothing was understood of the answer, or none came. */
const failedOnTheWay = (error: MarketDataError): boolean =>
  (error._tag === "NetworkError" && error.retryable) ||
  (error._tag === "TimeoutError" && error.phase !== "deadline") ||
  (error._tag === "UpstreamError" && error.retryable) ||
  (error._tag === "DecodeError" && error.stage !== "answer");

class Single extends Request.Class<
  { readonly question: TickerQuestion | OrderbookQuestion; readonly deadlineNanos: bigint },
  TierAnswer,
  MarketDataError
> {}

type Row = { readonly market: Market; readonly timestampMs: number };
type Entry = Request.Entry<Single>;

/** Tickers, or books, asked for in one turn are one request. */
const batcher = (venue: Venue["Service"], rest: Rest["Service"]) => {
  const resolver = RequestResolver.make<Single>((entries) => {
    const tickers = entries.filter(({ request }) => request.question.kind === "ticker");
    const books = entries.filter(({ request }) => request.question.kind === "orderbook");
    const levels = Math.max(1, ...books.map(({ request }) => levelsOf(request)));
    return Effect.all(
      [
        inRequests<Row>(rest, tickers, (markets) => venue.tickers(markets)),
        inRequests<Row>(rest, books, (markets) => venue.orderbooks(markets, levels)),
      ],
      { concurrency: "unbounded", discard: true },
    );
  }).pipe(RequestResolver.batchN(maxBatch));
  return (question: TickerQuestion | OrderbookQuestion, deadlineNanos: bigint) =>
    Effect.request(new Single({ question, deadlineNanos }), resolver);
};

const levelsOf = ({ question }: Single): number => (question.kind === "orderbook" ? question.levels : 0);

type CallsOf<A> = (markets: ReadonlyArray<Market>) => ReadonlyArray<RestCall<A>>;

const inRequests = <A extends Row>(rest: Rest["Service"], entries: ReadonlyArray<Entry>, callsOf: CallsOf<A>): Effect.Effect<void> => {
  if (entries.length === 0) return Effect.void;
  const markets = [...new Set(entries.map(({ request }) => request.question.market))];
  const wanted = new Set<string>(markets);
  const options: RestOptions<A> = {
    priority: "high",
    deadlineNanos: entries.reduce((latest, { request }) => (request.deadlineNanos > latest ? request.deadlineNanos : latest), 0n),
    expects: (row) => wanted.has(row.market),
  };
  const asked = Effect.forEach(callsOf(markets), (call) => Effect.exit(rest.run(call, options)), { concurrency: "unbounded" });
  return Effect.flatMap(asked, (exits) => {
    const rows = new Map(
      exits.flatMap((exit) =>
        Exit.isSuccess(exit) ? exit.value.rows.map((row) => [row.market, { row, result: exit.value }] as const) : [],
      ),
    );
    const failure = exits.find(Exit.isFailure);
    const missing: Array<Entry> = [];
    for (const entry of entries) {
      const found = rows.get(entry.request.question.market);
      if (found === undefined) missing.push(entry);
      else entry.completeUnsafe(Exit.succeed(answerOf(found.row, found.result, entry.request)));
    }
    // One market that the exchange does not know makes it refuse the whole list: the halves tell the good ones from it.
    const isRefused = failure !== undefined && Option.getOrUndefined(Exit.findErrorOption(failure))?._tag === "MarketUnknown";
    const left = [...new Set(missing.map(({ request }) => request.question.market))];
    if (isRefused && left.length > 1) {
      const half = new Set(left.slice(0, Math.ceil(left.length / 2)));
      const inHalf = (entry: Entry) => half.has(entry.request.question.market);
      return Effect.andThen(
        inRequests(rest, missing.filter(inHalf), callsOf),
        inRequests(
          rest,
          missing.filter((entry) => !inHalf(entry)),
          callsOf,
        ),
      );
    }
    for (const entry of missing) {
      const rejected = exits.flatMap((exit) => (Exit.isSuccess(exit) ? exit.value.rejected : []))[0];
      const { market } = entry.request.question;
      const isUntraded = exits.some((exit) => Exit.isSuccess(exit) && exit.value.untraded?.includes(market) === true);
      const detail = `no row for ${market}`;
      entry.completeUnsafe(
        failure === undefined
          ? Exit.fail(isUntraded ? new NeverTraded({ market }) : (rejected ?? new DecodeError({ stage: "answer", path: "", detail })))
          : Exit.failCause(failure.cause),
      );
    }
    return Effect.void;
  });
};

const answerOf = (row: Row, result: RestResult<unknown>, { question }: Single): TierAnswer => ({
  // A row of a list of books is a book.
  value: question.kind === "orderbook" ? trimOrderbook(row as never, question.levels) : row,
  channel: "rest",
  exchangeTimeMs: row.timestampMs,
  receivedNanos: result.receivedNanos,
  receivedMs: result.receivedMs,
  confirmedNanos: result.receivedNanos,
});
