/**
 * One world: the emulated exchange in memory, the whole product on top of it, three consumers, and faults, all in virtual time and decided by
 * one number. The six invariants are checked as things happen, and once more when the faults are over and the market has fallen quiet.
 *
 * The same seed gives the same run, step for step. What a run saw is its trace hash.
 */
import { getCandles, health, MarketData } from "@naru/router/MarketData";
import { Exchange, type ExchangeModel, Script, Sim } from "@naru/sim";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Cause from "effect/Cause";
import * as Logger from "effect/Logger";
import { PoliteCheck } from "./checks/PoliteCheck.ts";
import { consume } from "./Consumer.ts";
import { Chance } from "./engine/Chance.ts";
import { Engine, Stuck } from "./engine/Engine.ts";
import type { Meddling } from "./Meddling.ts";
import { Observer } from "./Observer.ts";
import { drawPlan, quietMs, type WorldPlan, worldMs } from "./Plan.ts";
import { endMs, inject, isSilent, type PlannedFault } from "./PlannedFault.ts";
import { Probes } from "./Probes.ts";
import { Trace } from "./Trace.ts";
import { Truth } from "./Truth.ts";
import { Findings, type Violation } from "./Violation.ts";

export interface WorldReport {
  readonly plan: WorldPlan;
  readonly violations: ReadonlyArray<Violation>;
  readonly hash: string;
  readonly probes: ReadonlyMap<string, number>;
  /** Fiber steps run. */
  readonly steps: number;
  /** Only when they were asked for. */
  readonly lines: ReadonlyArray<string> | undefined;
}

export interface WorldOptions {
  readonly keepLines?: boolean | undefined;
  /** Broken on purpose, to see that a checker sees it. */
  readonly meddling?: Meddling | undefined;
  /** Instead of the plan its seed draws. */
  readonly plan?: WorldPlan | undefined;
}

/** The time a client needs to know that a link is dead without being told: its watchdog's 15 s and a tick. */
const watchdogMs = 15_500;
const lastCalls = 4;
/** The mode is normal again so long after the last fault, in milliseconds. */
const recoveryMs = 60_000;

export const runWorld = async (seed: number, options: WorldOptions = {}): Promise<WorldReport> => {
  const chance = new Chance(seed);
  const plan = options.plan ?? drawPlan(seed, chance.branch("plan"));
  const engine = new Engine(chance.branch("engine"));
  const nowMs = () => engine.clock.currentTimeMillisUnsafe();
  const findings = new Findings(nowMs);
  const trace = new Trace({ keepLines: options.keepLines === true });
  const probes = new Probes();
  let polite: PoliteCheck | undefined;
  let model: ExchangeModel | undefined;
  const life = Effect.gen(function* () {
    const exchange = yield* Exchange;
    model = exchange;
    polite = new PoliteCheck(exchange, findings, { mayBeLimited: false });
    const exchangeNowMs = () => exchange.nowOf(engine.clock);
    const observer = new Observer({
      truth: new Truth(exchange),
      findings,
      trace,
      probes,
      nowMs,
      exchangeNowMs,
      blindMs: () => (plan.faults.some((fault) => isBlind(fault, nowMs())) ? watchdogMs : 0),
    });
    for (const [index, consumer] of plan.consumers.entries()) yield* Effect.forkScoped(consume(index, consumer, observer));
    yield* Effect.forkScoped(
      Effect.forEach(plan.faults, (fault) =>
        Effect.andThen(
          Effect.sleep(Math.max(0, fault.atMs - nowMs())),
          Effect.suspend(() => inject(fault)),
        ),
      ),
    );
    yield* Effect.sleep(quietMs);
    yield* Script.halt;
    const quietFromMs = exchangeNowMs();
    yield* Effect.sleep(worldMs - quietMs);
    observer.finish(quietFromMs);
    const lastFaultMs = Math.max(0, ...plan.faults.map(endMs));
    if (!(yield* isNormal)) {
      yield* Effect.sleep(Math.max(0, lastFaultMs + recoveryMs - nowMs() - lastCalls * 1_000));
      // The mode follows the outcomes of calls: where nobody asks any more, somebody must.
      for (let call = 0; call < lastCalls; call++) {
        yield* Effect.exit(getCandles(plan.markets[0] ?? "KRW-BTC", "1m", { count: call + 1, context: "backtesting" }));
        yield* Effect.sleep("1 second");
      }
    }
    if (!(yield* isNormal)) findings.report("converges", `the mode is ${(yield* health).mode} a minute after the last fault`);
  });
  const network = { restLatencyMs: plan.restLatencyMs, connectLatencyMs: plan.connectLatencyMs };
  const layer = Sim.layerTest({
    seed,
    network,
    historyStartMs: dayStartMs - plan.historyDays * 86_400_000,
    limits: { mode: plan.limitMode },
    decorate: options.meddling,
  });
  let exit: Exit.Exit<void> | undefined;
  try {
    exit = await engine.run(meddled(Effect.scoped(life), options.meddling).pipe(Effect.provide(layer), Effect.provide(silence)), () =>
      polite?.look(),
    );
  } catch (error) {
    if (!(error instanceof Stuck)) throw error;
    findings.report("converges", error.message);
  }
  if (exit !== undefined && Exit.isFailure(exit)) findings.report("converges", `the world died: ${Cause.pretty(exit.cause)}`);
  polite?.finish();
  cleanUp(engine, model, findings);
  countExchange(model, probes);
  trace.add(nowMs(), `${engine.scheduler.steps} steps, ${model?.ledger.restCount() ?? 0} requests`);
  return {
    plan,
    violations: findings.violations,
    hash: trace.hash,
    probes: probes.counts,
    steps: engine.scheduler.steps,
    lines: trace.lines,
  };
};

const meddled = <A, E, R>(effect: Effect.Effect<A, E, R>, meddling: Meddling | undefined): Effect.Effect<A, E, R | MarketData> => {
  const wrap = meddling?.marketData;
  return wrap === undefined ? effect : Effect.flatMap(MarketData, (inner) => Effect.provideService(effect, MarketData, wrap(inner)));
};

/** A thousand worlds would log a thousand times what their reports say better. */
const silence = Logger.layer([]);

/** The UTC day a world begins in, at 03:00. */
const dayStartMs = Date.UTC(2026, 0, 5);

const isNormal = Effect.map(health, ({ mode }) => mode === "normal");

/** Silence shows only by its length, also for some time after the fault itself. */
const isBlind = (fault: PlannedFault, nowMs: number): boolean =>
  isSilent(fault) && nowMs >= fault.atMs && nowMs <= endMs(fault) + watchdogMs;

const cleanUp = (engine: Engine, exchange: ExchangeModel | undefined, findings: Findings): void => {
  const { fibers, sleeps, isRunnable } = engine.left;
  if (fibers > 0 || sleeps > 0 || isRunnable) findings.report("clean", `${fibers} fibers and ${sleeps} sleeps are left`);
  const sockets = exchange?.openSockets ?? 0;
  if (sockets > 0) findings.report("clean", `${sockets} sockets are open`);
};

const countExchange = (exchange: ExchangeModel | undefined, probes: Probes): void => {
  if (exchange === undefined) return;
  const { ledger } = exchange;
  if (ledger.connections().length > 1) probes.hit("exchange:reconnect");
  if (ledger.frameCount("in", "request") > 1) probes.hit("exchange:resubscribe");
  for (const verdict of ["limited", "banned", "fault"] as const)
    if (ledger.requests().some((entry) => entry.verdict === verdict)) probes.hit(`exchange:${verdict}`);
};
