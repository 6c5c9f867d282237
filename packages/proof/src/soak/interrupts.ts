/**
 * One run of the client is interrupted at every step it takes: while it connects, subscribes, is cut, reads back what it missed, asks over REST and
 * writes down what it read. Once with all of it, and once the caller alone, in a client that goes on. Nothing is left: no fiber, no sleep, no socket,
 * no subscription. Everything is in virtual time, so a step is the same step in every run.
 */
import { HistoryStore, layerMemory } from "@naru/router/cache/HistoryStore";
import { getCandles, getTicker, getTrades, health, streamTradesEvents } from "@naru/router/MarketData";
import { Exchange, Script, Sim } from "@naru/sim";
import type { Services } from "@naru/sim/Sim";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Latch from "effect/Latch";
import * as Layer from "effect/Layer";
import * as Stream from "effect/Stream";
import type { Engine } from "../world/engine/Engine.ts";
import { atLeast, exactly, type Report } from "./Figures.ts";
import { runVirtual } from "./runVirtual.ts";

export interface InterruptsOptions {
  /** Steps that are interrupted: every so many, from the first on. 1 for all. */
  readonly every: { readonly client: number; readonly caller: number };
}

/** What one run left, and how far it had come. */
interface Left {
  /** Steps that the part which may be interrupted took. */
  readonly steps: number;
  readonly isWhole: boolean;
  readonly fibers: number;
  readonly sleeps: number;
  readonly sockets: number;
  readonly wanted: number;
  /** Fibers more than before the caller came. */
  readonly fibersAfter: number;
}

export const interrupts = async ({ every }: InterruptsOptions, say: (line: string) => void): Promise<Report> => {
  const reports: Array<Report> = [];
  for (const who of ["client", "caller"] as const) {
    const whole = await runUntil(who, Number.POSITIVE_INFINITY);
    say(`the ${who} takes ${whole.steps} steps`);
    const found: Array<Left> = [];
    const problems: Array<string> = [];
    for (let step = 1; step <= whole.steps; step += every[who]) {
      const left = await runUntil(who, step);
      found.push(left);
      if (total(left) > 0 || left.isWhole) problems.push(`${who} interrupted at step ${step} of ${whole.steps}: ${JSON.stringify(left)}`);
    }
    const sum = (of: (left: Left) => number) => found.reduce((all, left) => all + of(left), 0);
    reports.push({
      rows: [
        atLeast(`${who}: steps of the whole run`, whole.steps, 300),
        exactly(`${who}: left by the whole run`, total(whole), 0),
        exactly(`${who}: interrupted`, found.filter(({ isWhole }) => !isWhole).length, Math.ceil(whole.steps / every[who])),
        exactly(
          `${who}: fibers left`,
          sum(({ fibers, fibersAfter }) => fibers + fibersAfter),
          0,
        ),
        exactly(
          `${who}: sleeps left`,
          sum(({ sleeps }) => sleeps),
          0,
        ),
        exactly(
          `${who}: sockets left`,
          sum(({ sockets }) => sockets),
          0,
        ),
        exactly(
          `${who}: keys still wanted`,
          sum(({ wanted }) => wanted),
          0,
        ),
      ],
      problems: problems.slice(0, 5),
    });
  }
  return { rows: reports.flatMap(({ rows }) => rows), problems: reports.flatMap(({ problems }) => problems) };
};

const total = ({ fibers, fibersAfter, sleeps, sockets, wanted }: Left): number => fibers + fibersAfter + sleeps + sockets + wanted;

/** Long enough for what nobody wants any more to be given up: subscriptions of reads, and the socket itself. */
const untilIdle = "3 minutes";

/** A fiber gives way so often that a step is a few operations, and not all between two waits. */
const operationsAStep = 6;

const runUntil = async (who: "client" | "caller", lastStep: number): Promise<Left> => {
  let engine: Engine | undefined;
  let exchange: Exchange["Service"] | undefined;
  let steps = 0;
  let isWhole = false;
  const fibers = () => engine?.left.fibers ?? Number.NaN;
  const layer = Layer.provideMerge(client, layerMemory());

  /** Runs `part` until it ends, or until its last step. */
  const cutShort = <A, E, R>(part: Effect.Effect<A, E, R>) =>
    Effect.gen(function* () {
      const running = yield* Effect.forkChild(part);
      const from = engine?.scheduler.steps ?? 0;
      if (engine !== undefined)
        engine.scheduler.onStep = (step) => {
          if (step - from === lastStep) running.interruptUnsafe();
        };
      const exit = yield* Fiber.await(running);
      steps = (engine?.scheduler.steps ?? 0) - from;
      isWhole = exit._tag === "Success";
    });
  const noted = Effect.tap(Exchange, (one) => Effect.sync(() => void (exchange = one)));

  const ofClient = cutShort(Effect.provide(Effect.andThen(noted, caller), layer));
  const ofCaller = Effect.gen(function* () {
    yield* noted;
    // What the first question of all leaves for good is there.
    yield* getTicker("KRW-ETH", { strategy: "rest_only" });
    yield* Effect.sleep(untilIdle);
    const before = fibers();
    yield* cutShort(caller);
    yield* Effect.sleep(untilIdle);
    const { link } = yield* health;
    return { wanted: link.wanted, fibersAfter: fibers() - before, sockets: exchange?.openSockets ?? Number.NaN };
  });

  const nothing = { wanted: 0, fibersAfter: 0, sockets: 0 };
  const program = who === "client" ? Effect.as(ofClient, nothing) : Effect.provide(ofCaller, layer);
  const run = await runVirtual(9, program, {
    operations: operationsAStep,
    onStart: (one) => {
      engine = one;
    },
  });
  const sockets = run.value.sockets + (exchange?.openSockets ?? 0);
  return { ...run.value, steps, isWhole, fibers: run.fibers, sleeps: run.sleeps, sockets };
};

const client = Sim.layerTest({
  seed: 9,
  ledger: { frames: "off" },
  markets: { count: 4 },
  // What comes by the clock alone would be under way at some ends, and not at others.
  config: { auditEveryMs: 0, tickerAuditEveryMs: 0, candleAuditEveryMs: 0, dailyCheckCron: "", lingerMs: 1_000 },
});

/** Connects, subscribes, asks, is cut, reads back, writes, and goes. */
const caller: Effect.Effect<void, unknown, Services> = Effect.scoped(
  Effect.gen(function* () {
    const history = yield* HistoryStore;
    const healed = yield* Latch.make(false);
    yield* Effect.forkScoped(
      Stream.runForEach(streamTradesEvents(["KRW-BTC", "KRW-ETH"]), ({ _tag }) =>
        Effect.sync(() => void ((_tag === "Resumed" || _tag === "Recovered") && healed.openUnsafe())),
      ),
    );
    yield* Effect.sleep("500 millis");
    yield* Effect.all([getTicker("KRW-BTC", { realtime: true }), getTrades("KRW-ETH", { count: 5 })], { concurrency: "unbounded" });
    yield* Script.cutSockets;
    yield* healed.await;
    yield* Effect.sleep("500 millis");
    yield* getCandles("KRW-BTC", "1m", { count: 250 });
    yield* Effect.sleep("100 millis");
    yield* Effect.flatMap(history.series, (kept) => (kept.length === 0 ? Effect.die("nothing was written") : Effect.void));
  }),
);
