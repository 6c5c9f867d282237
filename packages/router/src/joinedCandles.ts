/**
 * Candles of the past and the live ones as one stream. The live side is listened to first; its first window is the seam: everything before it is read
 * as a question for history, over REST or from what is kept, and given first, while live frames wait in the stream's buffer. A window that has just
 * ended may still be booked at the exchange, so the last ones are read again until they are closed.
 *
 * A market that never traded has no first window. Its history is given once its silence is confirmed, and when it speaks, what lies between is read.
 */
import type * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Result from "effect/Result";
import * as Stream from "effect/Stream";
import type { Asker } from "./Asker.ts";
import { type CandlesOptions, candlesQuestion } from "./ask.ts";
import { one } from "./calls.ts";
import type { Candle } from "./domain/Candle.ts";
import type { CandleStreamOptions, Gap, Recovered, StreamElement } from "./domain/StreamElement.ts";
import type { MarketDataError } from "./errors/MarketDataError.ts";
import type { Markets } from "./MarketData.ts";
import type { RouterConfigShape } from "./RouterConfig.ts";
import type { Streaming } from "./streaming.ts";

type Elements = Stream.Stream<StreamElement<Candle>, MarketDataError>;
type Element = StreamElement<Candle>;

export type JoinedCandles = (markets: Markets, interval: string, options: CandleStreamOptions) => Elements;

/** So many candles, or those from a moment on, epoch milliseconds. */
type Past = { readonly count: number } | { readonly from: number };

interface Sources {
  readonly asker: Pick<Asker, "begin">;
  readonly config: RouterConfigShape;
  readonly clock: Clock.Clock;
  readonly streams: Streaming;
}

/** Between two readings of windows that are not closed yet at the exchange, and how often they are read at most. */
const againAfterMs = 500;
const mostReadings = 12;
/** A page that was read so long ago may lack what was booked since. */
const maxAgeMs = 100;

export const make = (sources: Sources): JoinedCandles => {
  const { streams } = sources;
  return (markets, interval, options) => {
    const { history } = options;
    if (history === undefined) return streams.events("candles", markets, { ...options, interval });
    return Stream.suspend(() => {
      const codes = typeof markets === "string" ? [markets] : [...new Set(markets)];
      const parts: Array<Elements> = [];
      for (const market of codes) {
        const checked = question(sources, market, interval, history);
        if (Result.isFailure(checked)) return Stream.fail(checked.failure);
        const { count, fromMs } = checked.success;
        parts.push(joined(sources, market, interval, options, fromMs === null ? { count: count ?? 1 } : { from: fromMs }));
      }
      // Each has a seam of its own. An empty list is refused by the live side.
      if (codes.length === 0) return streams.events("candles", markets, { ...options, interval });
      return Stream.mergeAll(parts, { concurrency: codes.length });
    });
  };
};

/** An old answer may lack the last windows before the seam, and nobody would see that: none is better. */
const question = ({ config, clock }: Sources, market: string, interval: string, options: CandlesOptions) =>
  candlesQuestion(
    market,
    interval,
    { ...options, maxAge: maxAgeMs, context: "research", onStale: "fail" },
    config,
    clock.currentTimeMillisUnsafe(),
  );

const joined = (sources: Sources, market: string, interval: string, options: CandleStreamOptions, history: Past): Elements =>
  Stream.unwrap(
    Effect.gen(function* () {
      const { clock, config, streams } = sources;
      const pull = yield* Stream.toPull(streams.events("candles", market, { ...options, interval }));
      const begun = yield* Effect.forkScoped(pull, { startImmediately: true });
      const seam = new Seam(sources, market, interval, history);
      const silent = streams.ready("candles", market, { interval }).pipe(
        Effect.andThen(Effect.sleep(config.firstWordMs)),
        // A link that breaks meanwhile is told by the stream itself.
        Effect.catch(() => Effect.sleep(config.firstWordMs)),
      );
      const isSilent = yield* Effect.raceFirst(Effect.as(Fiber.await(begun), false), Effect.as(silent, true));
      const early = isSilent ? yield* seam.upTo(clock.currentTimeMillisUnsafe(), true) : [];
      const first = Fiber.join(begun);
      let isBegun = false;
      const next = Effect.suspend(() => {
        if (isBegun) return pull;
        isBegun = true;
        return first;
      });
      const live = Stream.fromPull(Effect.succeed(next));
      return Stream.concat(Stream.fromIterable(early), Stream.flattenIterable(Stream.mapEffect(live, (element) => seam.join(element))));
    }),
  );

/** Where the past of one market ends and its live candles begin. */
class Seam {
  readonly #sources: Sources;
  readonly #market: string;
  readonly #interval: string;
  readonly #history: Past;
  /** Everything that opens before this was given; undefined before anything was. */
  #givenMs: number | undefined;
  #isJoined = false;

  constructor(sources: Sources, market: string, interval: string, history: Past) {
    this.#sources = sources;
    this.#market = market;
    this.#interval = interval;
    this.#history = history;
  }

  /** A live element, behind what was missing before it. */
  join(element: Element): Effect.Effect<ReadonlyArray<Element>, MarketDataError> {
    const isValue = element._tag === "Live" || element._tag === "Recovered";
    if (!isValue || this.#isJoined) return Effect.succeed(isValue && this.#isKnown(element.value) ? [] : [element]);
    this.#isJoined = true;
    return Effect.map(this.upTo(element.value.openTimeMs, false), (before) =>
      this.#isKnown(element.value) ? before : [...before, element],
    );
  }

  /** All closed candles that open before `toMs` and were not given yet. `isOpen`: the last of them may be left for later. */
  upTo(toMs: number, isOpen: boolean): Effect.Effect<ReadonlyArray<Element>, MarketDataError> {
    const from = this.#givenMs;
    if (from !== undefined && from >= toMs) return Effect.succeed([]);
    const wanted = from === undefined ? this.#history : { from };
    // A stream that is to begin with windows that are all still to come begins with the first of them.
    if ("from" in wanted && wanted.from >= toMs) return Effect.succeed([]);
    return this.#read({ ...wanted, to: toMs, ...(isOpen ? { forming: "exclude" } : {}) }, isOpen, 1);
  }

  #isKnown({ openTimeMs, state }: Candle): boolean {
    return state !== "corrected" && openTimeMs < (this.#givenMs ?? Number.NEGATIVE_INFINITY);
  }

  /** `before`: what earlier readings had closed, of which nothing is read again. */
  #read(
    options: CandlesOptions,
    isOpen: boolean,
    readings: number,
    before: ReadonlyArray<Candle> = [],
  ): Effect.Effect<ReadonlyArray<Element>, MarketDataError> {
    const { asker, clock } = this.#sources;
    return Effect.flatMap(
      Effect.suspend(() => one(asker, question(this.#sources, this.#market, this.#interval, options))),
      ({ value }) => {
        const firstOpen = value.findIndex(({ state }) => state === "forming");
        const open = value[firstOpen];
        const closed = [...before, ...(firstOpen < 0 ? value : value.slice(0, firstOpen))];
        const toMs = Number(options.to);
        if (open !== undefined && !isOpen && readings < mostReadings) {
          // Where our clock takes it for a window to come, it cannot be named as a beginning.
          const isPast = open.openTimeMs < clock.currentTimeMillisUnsafe();
          const again = isPast ? this.#read({ from: open.openTimeMs, to: toMs }, isOpen, readings + 1, closed) : undefined;
          return Effect.delay(again ?? this.#read(options, isOpen, readings + 1, before), againAfterMs);
        }
        const last = closed.at(-1);
        if (!isOpen) this.#givenMs = toMs;
        else if (last !== undefined) this.#givenMs = last.openTimeMs + 1;
        const receivedTimeMs = clock.currentTimeMillisUnsafe();
        const given = closed.map((row): Recovered<Candle> => {
          return { _tag: "Recovered", market: row.market, value: { ...row, proof: "rest" }, late: false, receivedTimeMs };
        });
        if (open === undefined || isOpen) return Effect.succeed(given);
        const { market, openTimeMs } = open;
        const reason = "a window before the first live one is not closed at the exchange";
        const gap: Gap = { _tag: "Gap", kind: "candles", market, fromMs: openTimeMs, toMs, reason };
        return Effect.succeed([...given, gap]);
      },
    );
  }
}
