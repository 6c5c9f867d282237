/**
 * `high24h` and `low24h` on tickers, for who asks: what `tiers/RollingDay.ts` needs of the day before is asked as any caller would ask for candles, so it
 * comes from what is kept where it is, and waits for the limit like the rest. Where it cannot be had, the figures stay away and the ticker is as good.
 */
import type * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Queue from "effect/Queue";
import * as Stream from "effect/Stream";
import { millisBetween } from "./answering.ts";
import { candlesQuestion } from "./ask.ts";
import type { Asker } from "./Asker.ts";
import type { Answer } from "./domain/Answer.ts";
import type { Candle } from "./domain/Candle.ts";
import type { Market } from "./domain/Market.ts";
import type { Question, ResolvedIntent } from "./domain/Question.ts";
import type { StreamElement } from "./domain/StreamElement.ts";
import type { Ticker } from "./domain/Ticker.ts";
import type { RouterConfigShape } from "./RouterConfig.ts";
import { midnightOf, RollingDay } from "./tiers/RollingDay.ts";

/** Markets whose day before is remembered; the one looked at longest ago leaves, and is read again. */
const capacity = 1_000;
/** How long a market of a stream is left alone whose candles could not be had, in milliseconds of its tickers' time. */
const restMs = 10_000;

export interface Rolling24h {
  /** Answers questions about tickers with the figures. What is missing is read before, in the first half of the question's deadline. */
  readonly asker: Pick<Asker, "begin">;
  /** The same tickers, each with the figures of its moment as far as they are known; what is missing is read beside the stream. */
  readonly tickers: <E>(stream: Stream.Stream<Ticker, E>) => Stream.Stream<Ticker, E>;
  readonly elements: <E>(stream: Stream.Stream<StreamElement<Ticker>, E>) => Stream.Stream<StreamElement<Ticker>, E>;
}

export const make = (asker: Pick<Asker, "begin">, config: RouterConfigShape, clock: Clock.Clock): Rolling24h => {
  const days = new Days();

  /** Reads what is missing at a moment. Never fails: what could not be read is missing still. */
  const read = (
    market: Market,
    atMs: number,
    intent: Pick<ResolvedIntent, "priority" | "strategy">,
    deadline: number,
  ): Effect.Effect<void> => {
    const day = days.of(market, atMs);
    const asked = day.missing(atMs).map((reading) => {
      const options = { from: reading.fromMs, to: reading.toMs, deadline, priority: intent.priority, strategy: intent.strategy };
      return Effect.fromResult(candlesQuestion(market, reading.interval, options, config, clock.currentTimeMillisUnsafe())).pipe(
        Effect.flatMap((question) => asker.begin(question, 1)),
        // A question about candles is answered with candles.
        Effect.map(({ value }) => day.take(reading, value as ReadonlyArray<Candle>)),
        Effect.ignore,
      );
    });
    return Effect.all(asked, { concurrency: "unbounded", discard: true });
  };

  /** The figures are those of the moment at which it was last known to be current, and not of its last trade; one that is stale has none. */
  const extended = (answer: Answer<Ticker>): Answer<Ticker> => {
    const { confirmedAgeMs, exchangeTimeMs, stale, valueAgeMs } = answer.provenance;
    if (stale) return answer;
    const currentMs = (exchangeTimeMs ?? answer.value.timestampMs) + valueAgeMs - confirmedAgeMs;
    return { ...answer, value: days.filled(answer.value, Math.floor(currentMs)) };
  };

  const begin: Asker["begin"] = (question, markets) =>
    Effect.suspend(() => {
      const startedNanos = clock.monotonicTimeNanosUnsafe();
      const nowMs = clock.currentTimeMillisUnsafe();
      const { intent, market } = question;
      // A question about a ticker is answered with one.
      const asked = (left: Question) => Effect.map(asker.begin(left, markets), (answer) => extended(answer as Answer<Ticker>));
      if (days.of(market, nowMs).missing(nowMs).length === 0) return asked(question);
      // Before the ticker, which would grow old meanwhile.
      const reading = Effect.timeoutOption(read(market, nowMs, intent, intent.deadlineMs / 2), intent.deadlineMs / 2);
      return Effect.flatMap(reading, () => {
        const leftMs = intent.deadlineMs - millisBetween(startedNanos, clock.monotonicTimeNanosUnsafe());
        return asked({ ...question, intent: { ...intent, deadlineMs: Math.max(1, leftMs) } });
      });
    });

  const readBeside: ReadBeside = ({ market, timestampMs }) =>
    read(market, timestampMs, { priority: "low", strategy: "auto" }, config.deadlineMs);

  return {
    asker: { begin },
    tickers: (stream) =>
      streamed(
        days,
        readBeside,
        stream,
        (ticker) => ticker,
        (_, ticker) => ticker,
      ),
    elements: (stream) =>
      streamed(
        days,
        readBeside,
        stream,
        (element) => ("value" in element ? element.value : undefined),
        (element, value) => ("value" in element ? { ...element, value } : element),
      ),
  };
};

type ReadBeside = (ticker: Ticker) => Effect.Effect<void>;

/** The day before, of every market that was looked at of late. */
class Days {
  readonly #days = new Map<Market, RollingDay>();

  of(market: Market, atMs: number): RollingDay {
    const known = this.#days.get(market);
    const day = known?.midnightMs === midnightOf(atMs) ? known : new RollingDay(atMs);
    this.#days.delete(market);
    this.#days.set(market, day);
    const oldest = this.#days.size > capacity ? this.#days.keys().next().value : undefined;
    if (oldest !== undefined) this.#days.delete(oldest);
    return day;
  }

  /** A ticker with the figures of a moment, or the same where they are not known. */
  filled(ticker: Ticker, atMs: number): Ticker {
    const figures = this.of(ticker.market, atMs).figures(ticker, atMs);
    return figures === undefined ? ticker : { ...ticker, high24h: figures.high, low24h: figures.low };
  }
}

/** A stream with the figures, and beside it whoever reads what is missing, one market after another. */
const streamed = <A, E>(
  days: Days,
  readBeside: ReadBeside,
  stream: Stream.Stream<A, E>,
  tickerOf: (element: A) => Ticker | undefined,
  withTicker: (element: A, ticker: Ticker) => A,
) =>
  Stream.unwrap(
    Effect.gen(function* () {
      const wanted = yield* Queue.sliding<Ticker>(capacity);
      const restingUntilMs = new Map<Market, number>();
      yield* Effect.forkScoped(Effect.forever(Effect.flatMap(Queue.take(wanted), readBeside)));
      return Stream.map(stream, (element) => {
        const ticker = tickerOf(element);
        if (ticker === undefined) return element;
        const { market, timestampMs } = ticker;
        const full = days.filled(ticker, timestampMs);
        if (full !== ticker) return withTicker(element, full);
        if (timestampMs < (restingUntilMs.get(market) ?? 0) || days.of(market, timestampMs).missing(timestampMs).length === 0)
          return element;
        restingUntilMs.set(market, timestampMs + restMs);
        Queue.offerUnsafe(wanted, ticker);
        return element;
      });
    }),
  );
