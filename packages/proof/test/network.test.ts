/**
 * Near, far and very far: the same program over three roads, with jitter and losses, each of which has goals of its own. What a caller waits for
 * follows from the trips; what the router does about it (how long an attempt is given, when a second one starts, how long callers are gathered,
 * how frames are spelled) follows from what it measured.
 */
import { assert, describe, it } from "@effect/vitest";
import { getOrderbook, getTicker, health, streamTicker } from "@naru/router/MarketData";
import { Rest } from "@naru/router/transport/RestCall";
import { Subscriptions } from "@naru/router/stream/Subscriptions";
import { Exchange, Sim } from "@naru/sim";
import { Clock, Effect, Fiber, Stream } from "effect";
import { TestClock } from "effect/testing";

const unaudited = { auditEveryMs: 0, tickerAuditEveryMs: 0 };
const markets = ["KRW-BTC", "KRW-ETH", "KRW-XRP", "KRW-SOL", "KRW-DOGE", "KRW-ADA"];

/** Runs a call while virtual time passes; how it ended, and after how long. */
const timed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock;
    const startedMs = clock.currentTimeMillisUnsafe();
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true });
    for (let i = 0; i < 20_000 && fiber.pollUnsafe() === undefined; i++) yield* TestClock.adjust(1);
    const answer = yield* Fiber.join(fiber);
    return { answer, tookMs: clock.currentTimeMillisUnsafe() - startedMs };
  });

const share = (values: ReadonlyArray<number>, at: number): number =>
  values.toSorted((a, b) => a - b)[Math.ceil(values.length * at) - 1] ?? NaN;

/** A minute of it: a stream that keeps the socket, reads in rhythm, cold reads over REST, and cold reads that want the socket. */
const minute = (deadline: number) =>
  Effect.gen(function* () {
    const { ledger } = yield* Exchange;
    yield* Effect.forkChild(Stream.runDrain(streamTicker(["KRW-BTC"])), { startImmediately: true });
    yield* TestClock.adjust("20 seconds");
    const polled: Array<number> = [];
    const cold: Array<number> = [];
    const realtime: Array<number> = [];
    let requests = ledger.restCount();
    let hedges = 0;
    for (let turn = 0; turn < 20; turn++) {
      polled.push((yield* timed(getTicker("KRW-BTC"))).tookMs);
      cold.push((yield* timed(getOrderbook(markets[turn % 6] ?? "", { strategy: "rest_only", maxAge: 100, deadline }))).tookMs);
      requests = ledger.restCount();
      const { answer, tookMs } = yield* timed(getTicker(markets[1 + (turn % 5)] ?? "", { realtime: true, maxAge: 3_000, deadline }));
      realtime.push(tookMs);
      if (answer.provenance.tier === "live_subscription") hedges += ledger.restCount() - requests;
      yield* TestClock.adjust("2 seconds");
    }
    const subscriptions = yield* Subscriptions;
    return { polled, cold, realtime, hedges, line: subscriptions.line(), road: (yield* Rest).road(), status: yield* health };
  });

/** A request whose answer never comes: how long until its caller has one all the same. */
const lostAnswer = (deadline: number) =>
  Effect.gen(function* () {
    yield* Sim.failRest("/v1/orderbook", "hang");
    return (yield* timed(getOrderbook("KRW-BTC", { strategy: "rest_only", maxAge: 100, deadline }))).tookMs;
  });

interface Goals {
  readonly rttMs: number;
  /** A cold answer over REST: the usual one, and nearly every one. A lost packet costs a resend. */
  readonly coldMs: readonly [number, number];
  /** An answer despite a request that was never answered, for a caller with time for fifteen trips, and five seconds at least. */
  readonly lostMs: number;
  readonly line: "far" | undefined;
  readonly timeoutMs: readonly [number, number];
  readonly windowMs: readonly [number, number];
}

const goals: ReadonlyArray<Goals> = [
  { rttMs: 20, coldMs: [60, 300], lostMs: 2_000, line: undefined, timeoutMs: [1_000, 1_500], windowMs: [0, 5] },
  { rttMs: 200, coldMs: [300, 1_100], lostMs: 4_000, line: "far", timeoutMs: [1_000, 4_000], windowMs: [15, 25] },
  { rttMs: 1_000, coldMs: [1_400, 5_000], lostMs: 15_000, line: "far", timeoutMs: [3_000, 10_000], windowMs: [15, 25] },
];

const within = (value: number, [least, most]: readonly [number, number], what: string) => {
  assert.isAtLeast(value, least, what);
  assert.isAtMost(value, most, what);
};

describe("a road of 20, 200 and 1,000 ms, with a fifth of jitter and one loss in a hundred trips", () => {
  it.effect(
    "meets the goals of its length: usual and late answers, second requests, time limits, gathering, and a request that is lost (R003-47)",
    () =>
      Effect.forEach(goals, ({ rttMs, coldMs, lostMs, line, timeoutMs, windowMs }) =>
        Effect.gen(function* () {
          const deadline = Math.max(5_000, 15 * rttMs);
          const seen = yield* minute(deadline);
          // What the stream keeps live costs a reader nothing, however long the way is.
          assert.strictEqual(share(seen.polled, 0.5), 0);
          assert.isAtMost(share(seen.cold, 0.5), coldMs[0]);
          assert.isAtMost(share(seen.cold, 0.95), coldMs[1]);
          assert.isAtMost(share(seen.realtime, 0.95), coldMs[1]);
          // A second request beside a socket that answers after all is what a measured head start avoids.
          assert.isAtMost(seen.hedges, 2);
          assert.strictEqual(seen.line?.profile, line);
          within(seen.road.attemptTimeoutMs, timeoutMs, "attempt");
          within(Math.max(seen.road.batchWindowMs, seen.line?.batchWindowMs ?? 0), windowMs, "window");
          const lost = yield* lostAnswer(deadline);
          assert.isAtMost(lost, lostMs);
        }).pipe(
          Effect.provide(Sim.layerTest({ seed: 9, config: unaudited, network: { road: { rttMs, jitterMs: rttMs / 5, loss: 0.01 } } })),
        ),
      ),
    60_000,
  );
});
