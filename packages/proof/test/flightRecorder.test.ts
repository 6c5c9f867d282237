/**
 * The flight recorder over the whole product: an incident on the emulated exchange is written down by itself, and the recording run again under
 * virtual time goes through the same modes at the same times.
 */
import { assert, describe, it } from "@effect/vitest";
import { ModeControl } from "@naru/router/fallback/ModeControl";
import { getOrderbook, getTicker, streamTickerEvents } from "@naru/router/MarketData";
import { defaultRouterConfig } from "@naru/router/RouterConfig";
import { FlightFolder, makeMemoryFolder } from "@naru/router/tape/FlightFolder";
import { FlightRecorder } from "@naru/router/tape/FlightRecorder";
import { Sim } from "@naru/sim";
import { askAgain } from "@naru/sim/tape/askAgain";
import { recordedSubjects } from "@naru/sim/tape/FrameFilter";
import { layerRouterReplay } from "@naru/sim/tape/RouterReplay";
import { type Tape, tapeOfText } from "@naru/sim/tape/Tape";
import { Effect, Layer, Stream } from "effect";
import { TestClock } from "effect/testing";

const markets = ["KRW-BTC", "KRW-ETH"];
/** What asks by itself would have to be on the tape for a replay that asks at other moments. */
const config = {
  ...{ auditEveryMs: 0, tickerAuditEveryMs: 0, candleAuditEveryMs: 0, batchWindowMs: 0 },
  flightRecorder: { ...defaultRouterConfig.flightRecorder, windowMs: 300_000 },
} as const;
/** How it came to the incident is on the tape. The way back depends on probes, whose jitter is drawn anew in a replay. */
const [inMs, backMs] = [1_000, 45_000];

interface Change {
  readonly change: string;
  readonly atMs: number;
}

/** Collects changes of mode, by the time that the router reads. */
const modes = Effect.gen(function* () {
  const control = yield* ModeControl;
  const changes: Array<Change> = [];
  const noting = Stream.runForEach(control.modeChanges, ({ atMs, from, to }) =>
    Effect.sync(() => void changes.push({ change: `${from} → ${to}`, atMs })),
  );
  yield* Effect.forkScoped(noting, { startImmediately: true });
  return changes;
});

/** A program that asks and streams while the exchange is out of reach for a while. */
const incident = (folder: ReturnType<typeof makeMemoryFolder>, seed: number, forMs: number) =>
  Effect.gen(function* () {
    const changes = yield* modes;
    const flight = yield* FlightRecorder;
    yield* Effect.forkScoped(Effect.ignore(Stream.runDrain(streamTickerEvents(markets))));
    const ticker = Effect.exit(getTicker("KRW-BTC", { strategy: "rest_only" }));
    const book = Effect.exit(getOrderbook("KRW-ETH", { strategy: "rest_only" }));
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.all([ticker, book]), Effect.sleep("3 seconds"))));
    yield* TestClock.adjust("6 minutes");
    assert.deepStrictEqual(changes, [], "nothing has happened yet");
    assert.isAtMost(flight.status().spanMs, 330_000);
    yield* Sim.fault({ verb: "server-error", status: 503 });
    yield* Sim.refuseUpgrades(forMs);
    yield* Sim.cutSockets;
    yield* TestClock.adjust(forMs);
    yield* Sim.endFault("server-error");
    yield* TestClock.adjust("150 seconds");
    assert.isAtMost(flight.status().spanMs, 330_000);
    return [...changes];
  }).pipe(Effect.scoped, Effect.provide(Layer.provide(Sim.layerTest({ seed, config }), Layer.succeed(FlightFolder, folder))));

/** The modes of a router that is asked again what the tape says. */
const again = (tape: Tape) =>
  Effect.gen(function* () {
    const changes = yield* modes;
    yield* Effect.forkScoped(Effect.ignore(Stream.runDrain(streamTickerEvents(markets))));
    yield* Effect.forkScoped(askAgain(tape));
    // What the last question comes to.
    yield* TestClock.adjust(tape.durationMs + 5_000);
    return [...changes];
  }).pipe(Effect.scoped, Effect.provide(layerRouterReplay(tape)));

const recordedModes = (tape: Tape): ReadonlyArray<Change> =>
  [...tape.events()].flatMap(({ event }) => (event.event === "mode" ? [{ change: `${event.from} → ${event.to}`, atMs: event.wall }] : []));

const names = (changes: ReadonlyArray<Change>) => changes.map(({ change }) => change);

describe("a flight recording of an outage", () => {
  for (const seed of [3, 5]) {
    it.effect(
      `of seed ${seed} is written by itself and goes through the same modes when it is run again`,
      () =>
        Effect.gen(function* () {
          const folder = makeMemoryFolder();
          const changes = yield* incident(folder, seed, 90_000);
          assert.deepStrictEqual(names(changes), [
            "normal → degraded",
            "degraded → emergency",
            "emergency → fallback",
            "fallback → recovering",
            "recovering → normal",
          ]);
          const tapes = [...folder.written].map(([name, text]) => tapeOfText(text, name));
          // One when it began, and others at their distance, the last of which holds all of it.
          assert.isAtLeast(tapes.length, 2);
          const [first, whole] = [tapes[0], tapes.at(-1)] as [Tape, Tape];
          // The first ends with the change that it was written for, and holds how it came to that.
          assert.deepStrictEqual(names(recordedModes(first)), names(changes).slice(0, 1));
          assert.deepStrictEqual(recordedModes(whole), changes);
          for (const tape of tapes) {
            assert.isAbove(tape.counts.get("frame") ?? 0, 20);
            assert.isAbove(tape.counts.get("ask") ?? 0, 20);
            assert.strictEqual(tape.damage.droppedEvents, 0);
            assert.isTrue(tape.parts[0]?.isEnded);
          }
          const played = yield* again(whole);
          assert.deepStrictEqual(names(played), names(changes));
          for (const [index, { atMs }] of played.entries()) assert.closeTo(atMs, changes[index]?.atMs ?? 0, index < 2 ? inMs : backMs);
        }),
      60_000,
    );
  }

  it.effect("begins in the middle of a socket's life with the subscription it had, and plays its frames", () =>
    Effect.gen(function* () {
      const folder = makeMemoryFolder();
      yield* incident(folder, 3, 90_000);
      const [[name = "", text = ""] = []] = [...folder.written];
      const tape = tapeOfText(text, name);
      const [{ event: flight } = { event: undefined }, connect, open, subscribed] = [...tape.events()];
      assert.deepInclude(flight, { event: "flight", mode: "normal" });
      assert.deepInclude((flight as { readonly config?: unknown }).config, config);
      assert.deepStrictEqual([connect?.event.event, open?.event.event], ["connect", "open"]);
      assert.include(JSON.stringify(subscribed?.event), "KRW-ETH");
      assert.sameMembers(
        recordedSubjects(tape).map(({ code }) => code),
        markets,
      );
      const seen: Array<number> = [];
      yield* Effect.gen(function* () {
        const values = Stream.map(streamTickerEvents(markets), (element) => element._tag === "Live" && element.channel === "websocket");
        yield* Effect.forkScoped(Effect.ignore(Stream.runForEach(values, (isFrame) => Effect.sync(() => isFrame && seen.push(1)))));
        yield* TestClock.adjust(tape.durationMs);
      }).pipe(Effect.scoped, Effect.provide(layerRouterReplay(tape)));
      assert.isAbove(seen.length, 20);
    }),
  );
});
