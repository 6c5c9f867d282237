/**
 * One consumer's stream of bars: its markets' trades are wanted while it runs, bars are made by `BarFeed.ts` and wait for the consumer in a queue of
 * their own. What a market's feed cannot prove any more is read over REST, one market at a time and in the rhythm of the audits, so that bars cost
 * no request of their own while nothing is broken. Everything ends with the stream.
 */
import * as Cause from "effect/Cause";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Queue from "effect/Queue";
import * as Stream from "effect/Stream";
import { type BarElement, type BarOptions, isBar } from "../../domain/Bar.ts";
import { closeMarginMs } from "../../domain/Candle.ts";
import type { Interval } from "../../domain/Interval.ts";
import type { Market } from "../../domain/Market.ts";
import type { StreamKey } from "../../domain/StreamKey.ts";
import { type MarketDataError, SlowConsumer } from "../../errors/MarketDataError.ts";
import type { ConsumerNumbers } from "../../health/ConsumerNumbers.ts";
import { RouterConfig, type RouterConfigShape } from "../../RouterConfig.ts";
import { Rest } from "../../transport/RestCall.ts";
import { monotonicMs } from "../../transport/Session.ts";
import { Venue } from "../../transport/Venue.ts";
import { attach, detach } from "../consumerStream.ts";
import type { LiveSide } from "../liveSide.ts";
import type { Consumer } from "../Consumer.ts";
import type { UnreadBars } from "./BarBook.ts";
import { BarFeed } from "./BarFeed.ts";

/** Elements held for a consumer that does not say how many. */
const defaultBuffer = 256;

export interface BarSpec extends BarOptions {
  readonly interval: Interval;
  readonly markets: ReadonlyArray<Market>;
  /** The markets as they are later, asked as often as the list of markets is read; those of the beginning stay where there is none. */
  readonly follow?: Effect.Effect<ReadonlyArray<Market>, MarketDataError> | undefined;
}

/** Made when the live side is; asked once per stream. `onWanted` is told of keys that are wanted from now on. */
export const makeBarStream = Effect.fnUntraced(function* (side: LiveSide, onWanted: (keys: ReadonlyArray<StreamKey>) => void) {
  const parts: Parts = {
    side,
    onWanted,
    config: yield* RouterConfig,
    clock: yield* Clock.Clock,
    rest: yield* Rest,
    venue: yield* Venue,
  };
  return (spec: BarSpec): Stream.Stream<BarElement, MarketDataError> => Stream.unwrap(open(parts, spec));
});

interface Parts {
  readonly side: LiveSide;
  readonly onWanted: (keys: ReadonlyArray<StreamKey>) => void;
  readonly config: RouterConfigShape;
  readonly clock: Clock.Clock;
  readonly rest: Rest["Service"];
  readonly venue: Venue["Service"];
}

const open = Effect.fnUntraced(function* (parts: Parts, spec: BarSpec) {
  const { side } = parts;
  const capacity = Math.max(1, spec.bufferSize ?? defaultBuffer);
  const queue = yield* Queue.dropping<BarElement, MarketDataError>(capacity);
  const numbers = yield* Effect.acquireRelease(
    Effect.sync(() => side.numbers.consumerOpened("candles", spec.markets.length)),
    (opened) => Effect.sync(() => side.numbers.consumerClosed(opened)),
  );
  const members = yield* Effect.acquireRelease(
    Effect.sync(() => new Members(parts, spec, queue, capacity, numbers)),
    (opened) => Effect.sync(() => opened.close()),
  );
  members.become(spec.markets);
  // Whatever ends these but the stream itself ends the stream.
  const worker = (work: Effect.Effect<never>) =>
    Effect.forkScoped(
      Effect.onError(work, (cause) => Queue.failCause(queue, cause)),
      { startImmediately: true },
    );
  yield* worker(members.run);
  yield* worker(follow(parts, spec, members));
  yield* worker(readUnproved(parts, spec.interval, members.feed));
  return Stream.mapArray(Stream.fromQueue(queue), (batch) => {
    for (const element of batch) {
      if (isBar(element)) numbers.delivered++;
      else if (element._tag === "Gap") numbers.gaps++;
    }
    return batch;
  });
});

/** The markets of one stream: who is followed, and by which place in the hub. Each has its own, so that one can come or go alone. */
class Members {
  readonly #parts: Parts;
  readonly #spec: BarSpec;
  readonly #queue: Queue.Queue<BarElement, MarketDataError>;
  readonly #consumers = new Map<Market, Consumer>();
  /** Of a list that is followed: those that the exchange does not have, though the list may still name them. */
  readonly #refused = new Set<Market>();
  readonly #refusing = new Map<Market, MarketDataError>();
  readonly feed: BarFeed;

  constructor(parts: Parts, spec: BarSpec, queue: Queue.Queue<BarElement, MarketDataError>, capacity: number, numbers: ConsumerNumbers) {
    this.#parts = parts;
    this.#spec = spec;
    this.#queue = queue;
    const { clock, config, side } = parts;
    this.feed = new BarFeed({
      interval: spec.interval,
      graceMs: config.barGraceMs,
      patienceMs: config.barPatienceMs,
      side,
      wallMs: () => clock.currentTimeMillisUnsafe(),
      monotonicMs: () => monotonicMs(clock),
      tell: (element) => {
        if (Queue.offerUnsafe(queue, element)) return true;
        numbers.dropped++;
        this.#fail(new SlowConsumer({ kind: "candles", capacity, dropped: 1 }));
        return false;
      },
      onRefused: (market, error) => {
        // Told in the middle of the hub's own work on its consumers.
        if (spec.follow === undefined || error._tag === "Closed") this.#fail(error);
        else this.#refusing.set(market, error);
      },
    });
  }

  /** These are followed from now on, and no others. */
  become(markets: ReadonlyArray<Market>): void {
    const { onWanted, side } = this.#parts;
    const listed = new Set(markets);
    for (const market of this.#refused) if (!listed.has(market)) this.#refused.delete(market);
    const gone = [...this.#consumers.keys()].filter((market) => !listed.has(market));
    const come = [...listed].filter((market) => !this.#consumers.has(market) && !this.#refused.has(market));
    for (const market of gone) this.#leave(market);
    const keys = come.map((market) => ({ kind: "trades", market }) as const);
    for (const key of keys) {
      this.feed.book.join(key.market);
      this.#consumers.set(key.market, attach(side, [key], this.feed.outletOf(key.market), this.#spec.priority));
    }
    onWanted(keys);
    if (gone.length + come.length > 0) side.pool.changed();
  }

  close(): void {
    for (const market of [...this.#consumers.keys()]) this.#leave(market);
    this.#parts.side.pool.changed();
  }

  /** Looks whenever something is due, for ever. */
  readonly run: Effect.Effect<never> = Effect.suspend(() => {
    const { clock } = this.#parts;
    this.#letGo();
    const nowMs = monotonicMs(clock);
    return Effect.sleep(Math.max(1, Math.ceil(this.feed.look(nowMs) - nowMs)));
  }).pipe(Effect.forever);

  #letGo(): void {
    if (this.#refusing.size === 0) return;
    for (const market of this.#refusing.keys()) {
      this.#refused.add(market);
      this.#leave(market);
    }
    this.#refusing.clear();
    this.#parts.side.pool.changed();
  }

  #leave(market: Market): void {
    const consumer = this.#consumers.get(market);
    if (consumer === undefined) return;
    this.#consumers.delete(market);
    this.feed.leave(market);
    detach(this.#parts.side, consumer);
  }

  #fail(error: MarketDataError): void {
    Queue.failCauseUnsafe(this.#queue, Cause.fail(error));
  }
}

/** Looks at the list of markets in the time that it is good for. A list that is still good costs nothing. */
const looksPerList = 4;

/** The list of markets as it changes. One that cannot be read leaves those that are followed. */
const follow = ({ config }: Parts, spec: BarSpec, members: Members): Effect.Effect<never> => {
  if (spec.follow === undefined) return Effect.never;
  const once = Effect.ignore(Effect.map(spec.follow, (markets) => members.become(markets)));
  return Effect.forever(Effect.delay(once, config.marketListTtlMs / looksPerList));
};

/** Reads the candles of what no trade can prove any more, of the market that was read longest ago. */
const readUnproved = ({ clock, config, rest, venue }: Parts, interval: Interval, feed: BarFeed): Effect.Effect<never> => {
  const { candleAuditEveryMs, deadlineMs } = config;
  /** When each market was read, as a count of readings. Those that need none any more leave. */
  let turns = new Map<Market, number>();
  let turn = 0;

  const read = Effect.fnUntraced(function* (unread: UnreadBars) {
    const call = yield* Effect.fromResult(
      venue.candles(unread.market, interval, { count: venue.paging.candles, toMs: Math.ceil(unread.beforeMs / 1_000) * 1_000 }),
    );
    const { rows, rejected } = yield* rest.run(call, {
      priority: "low",
      deadlineNanos: clock.monotonicTimeNanosUnsafe() + BigInt(Math.round(deadlineMs * 1e6)),
      attempts: 1,
      expects: (row) => row.market === unread.market && row.interval === interval,
    });
    // A window whose record cannot be read would seem never to have been, and one that is not over at the exchange is not settled.
    if (rejected[0] !== undefined) return yield* rejected[0];
    if (rows.some(({ state, openTimeMs }) => state === "forming" && openTimeMs < unread.beforeMs)) return;
    feed.book.read(unread, rows);
  });

  const step = Effect.suspend(() => {
    const exchangeMs = feed.exchangeMs(monotonicMs(clock)) ?? clock.currentTimeMillisUnsafe();
    const all = feed.book.unread(exchangeMs - closeMarginMs);
    const [next] = all.toSorted((a, b) => (turns.get(a.market) ?? 0) - (turns.get(b.market) ?? 0));
    if (next === undefined) return Effect.void;
    turn++;
    turns = new Map(all.map(({ market }) => [market, market === next.market ? turn : (turns.get(market) ?? 0)]));
    return Effect.catchCause(read(next), (cause) => Effect.logDebug("Bars that are not proved could not be read", cause));
  });
  return candleAuditEveryMs > 0 ? Effect.forever(Effect.delay(step, candleAuditEveryMs)) : Effect.never;
};
