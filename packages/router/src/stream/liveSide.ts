/**
 * The parts of the live side, put together: what is wanted, the sockets that carry it, the hub where frames go, and the fibers beside it that heal,
 * poll, release and audit. Everything ends with the scope it is made in.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Metric from "effect/Metric";
import { Cache } from "../cache/Cache.ts";
import { confirmedAt, type HotEntry } from "../cache/HotStore.ts";
import type { Transition } from "../cache/Transition.ts";
import { type KeyId, keyId, type StreamKey } from "../domain/StreamKey.ts";
import { Closed } from "../errors/MarketDataError.ts";
import { LiveLedger } from "../health/LiveLedger.ts";
import type { LiveNumbers } from "../health/LiveNumbers.ts";
import * as Metrics from "../health/Metrics.ts";
import { RouterConfig } from "../RouterConfig.ts";
import { monotonicMs } from "../transport/Session.ts";
import type { SocketBytes } from "../transport/Transport.ts";
import { Venue } from "../transport/Venue.ts";
import { startWorker } from "../transport/Workers.ts";
import { makeCandleAudit } from "./CandleAudit.ts";
import { FrameHub } from "./FrameHub.ts";
import { makeGapHealer } from "./GapHealer.ts";
import { HealPace } from "./HealPace.ts";
import { Interest } from "./Interest.ts";
import { makePolling } from "./Polling.ts";
import { makePool, type Pool } from "./Pool.ts";
import { makeSilenceProbe } from "./SilenceProbe.ts";
import { slotsAt } from "./SlotPolicy.ts";
import { makeTickerAudit } from "./TickerAudit.ts";
import { makeTradeAudit } from "./TradeAudit.ts";
import { makeTradeCatchUp } from "./TradeCatchUp.ts";
import { makeTradeRelease } from "./TradeRelease.ts";
import { Waiters } from "./Waiters.ts";

export interface LiveSide {
  readonly hub: FrameHub;
  readonly interest: Interest;
  readonly numbers: LiveNumbers;
  readonly pool: Pool;
  readonly waiters: Waiters;
  readonly transition: Transition;
  readonly confirmedNanos: (key: StreamKey) => bigint | undefined;
  /** Somebody stopped wanting this key: where nobody else does and no socket carries it, its numbers end here. */
  readonly gaveUp: (key: StreamKey) => void;
  /** This market's trades are looked at over REST before long. */
  readonly doubt: (id: KeyId) => void;
}

/** What everything fails with after the end. */
export const closed = new Closed({ what: "The live side" });

export const makeLiveSide = Effect.gen(function* () {
  const config = yield* RouterConfig;
  const { hot, transition } = yield* Cache;
  const clock = yield* Clock.Clock;
  const numbers = yield* LiveLedger;
  const { healer, release, catchUp, audit, polling, run } = yield* makeWorkers;
  // The pool, made last, tells the interest how good its links are and is woken by the hub: nothing of that happens before it is there.
  const slots = (nowMs: number) => slotsAt(config.slotPolicy, pool.goodSinceMs(), nowMs);
  const interest = new Interest({
    maxReads: config.maxReadSubscriptions,
    lingerMs: config.lingerMs,
    slots,
    changes: {
      began: (key) => transition.begin(key, clock.monotonicTimeNanosUnsafe()),
      left: (key) => {
        transition.leave(key, lastValueOf(key), clock.monotonicTimeNanosUnsafe());
        gaveUp(key);
      },
    },
  });
  const hub = new FrameHub({
    ...config,
    hot,
    numbers,
    holdLimit: config.streamBuffer,
    requestRepair: healer.request,
    onJoined: () => pool.changed(),
    onConfirmed: () => waiters.look(),
    onUnserved: polling.wake,
    onHeld: release.held,
    onBroken: catchUp.broke,
    onDoubt: audit.doubt,
    onDistrust: (link) => pool.links[link]?.watch(),
  });
  const confirmedNanos = (key: StreamKey) => hub.confirmedNanos(key, (link) => pool.heardNanos(link), monotonicMs(clock));
  const gaveUp = (key: StreamKey): void => {
    const id = keyId(key);
    // What a socket carries ends with its next subscription.
    if (interest.has(id) || hub.tracks.isCarried(id)) return;
    numbers.changeWithdrawn(id);
    numbers.forget(id);
  };
  /** The value of a key that is live, as current as its link proves it. */
  const lastValueOf = (key: StreamKey): HotEntry | undefined => {
    const entry = hot.get(keyId(key));
    const proved = confirmedNanos(key);
    if (entry === undefined || proved === undefined) return undefined;
    return proved > entry.confirmedNanos ? confirmedAt(entry, proved) : entry;
  };
  const waiters = new Waiters(interest, hub);
  const probe = yield* makeSilenceProbe;
  const onBytes = yield* makeByteCounter;
  const pool: Pool = yield* makePool({
    interest,
    hub,
    numbers,
    probe,
    onDown: (error, concerns) => waiters.fail(error, concerns),
    onBytes,
  });
  for (const { name, isVital, work } of run(hub)) yield* startWorker(name, work, { isVital });
  const side: LiveSide = { hub, interest, numbers, pool, waiters, transition, confirmedNanos, gaveUp, doubt: audit.doubt };
  // Each by itself, the last one first: whoever crashes at the end does not keep the others from being told.
  yield* Effect.addFinalizer(() => Effect.sync(() => waiters.fail(closed, () => true)));
  yield* Effect.addFinalizer(() => Effect.sync(() => hub.close(closed)));
  yield* Effect.addFinalizer(() => Effect.sync(() => side.pool.close()));
  return side;
});

interface Worker {
  readonly name: string;
  readonly isVital: boolean;
  readonly work: Effect.Effect<never>;
}

/** What works beside the hub, and all of it at work, to be run for ever. */
const makeWorkers = Effect.gen(function* () {
  const pace = new HealPace((yield* Venue).limits.groups);
  const healer = yield* makeGapHealer(pace);
  const release = yield* makeTradeRelease;
  const catchUp = yield* makeTradeCatchUp(pace);
  const audit = yield* makeTradeAudit;
  const tickers = yield* makeTickerAudit;
  const candles = yield* makeCandleAudit;
  const polling = yield* makePolling;
  // Without the first four a stream waits for ever, or for what nobody reads; without an audit it is only less sure of itself.
  const run = (hub: FrameHub): ReadonlyArray<Worker> => [
    { name: "healing of gaps", isVital: true, work: healer.run(hub) },
    { name: "polling", isVital: true, work: polling.run(hub) },
    { name: "release of trades", isVital: true, work: release.run(hub.trades) },
    { name: "catching up of trades", isVital: true, work: catchUp.run(hub.trades) },
    { name: "audit of trades", isVital: false, work: audit.run(hub.trades) },
    { name: "audit of tickers", isVital: false, work: tickers.run(hub) },
    { name: "audit of candles", isVital: false, work: candles.run(hub.candles) },
  ];
  return { healer, release, catchUp, audit, polling, run };
});

/** Adds what came in to the metrics. */
const makeByteCounter = Effect.gen(function* () {
  const context = yield* Effect.context<never>();
  const count = (counted: keyof SocketBytes, bytes: number) =>
    Metric.withAttributes(Metrics.socketBytes, { counted }).updateUnsafe(bytes, context);
  return ({ wire, payload }: SocketBytes): void => {
    count("wire", wire);
    count("payload", payload);
  };
});
