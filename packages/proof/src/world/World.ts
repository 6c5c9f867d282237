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
import * as Layer from "effect/Layer";
import * as Logger from "effect/Logger";
import { PoliteCheck } from "./checks/PoliteCheck.ts";
import { consume } from "./Consumer.ts";
import { Chance } from "./engine/Chance.ts";
import { Engine, Stuck } from "./engine/Engine.ts";
import type { Meddling } from "./Meddling.ts";
import { Observer } from "./Observer.ts";
import { drawPlan, quietMs, type WorldPlan, worldMs } from "./Plan.ts";
import { blindMs, endMs, inject, isFelt } from "./PlannedFault.ts";
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

const lastCalls = 4;
/** The mode is normal again so long after the last fault, in milliseconds. */
const recoveryMs = 60_000;

/** A world lasts a minute: what the product looks into once a minute has to happen in it more often than that. */
const worldConfig = { auditEveryMs: 4_000, candleAuditEveryMs: 500, earlyProbeMs: 4_000, recoveryEveryMs: 12_000 };

/** What will happen in the world of a seed. */
export const planOf = (seed: number): WorldPlan => drawPlan(seed, new Chance(seed).branch("plan"));

export const runWorld = async (seed: number, options: WorldOptions = {}): Promise<WorldReport> => {
  const plan = options.plan ?? planOf(seed);
  const world = new World(plan, new Engine(new Chance(seed).branch("engine")), options);
  await world.run(seed);
  return world.report();
};

class World {
  private readonly plan: WorldPlan;
  private readonly engine: Engine;
  private readonly options: WorldOptions;
  private readonly nowMs: () => number;
  private readonly findings: Findings;
  private readonly trace: Trace;
  private readonly probes = new Probes();
  private polite: PoliteCheck | undefined;
  private exchange: ExchangeModel | undefined;

  constructor(plan: WorldPlan, engine: Engine, options: WorldOptions) {
    this.plan = plan;
    this.engine = engine;
    this.options = options;
    this.nowMs = () => engine.clock.currentTimeMillisUnsafe();
    this.findings = new Findings(this.nowMs);
    this.trace = new Trace({ keepLines: options.keepLines === true });
  }

  async run(seed: number): Promise<void> {
    const { engine, findings, options, plan } = this;
    const exchange = Sim.layerTest({
      seed,
      network: { restLatencyMs: plan.restLatencyMs, connectLatencyMs: plan.connectLatencyMs },
      historyStartMs: dayStartMs - plan.historyDays * 86_400_000,
      limits: { mode: plan.limitMode },
      decorate: options.meddling,
      config: worldConfig,
    });
    const life = meddled(Effect.scoped(this.life()), options.meddling).pipe(Effect.provide(Layer.provideMerge(exchange, silence)));
    try {
      const exit = await engine.run(life, () => this.polite?.look());
      if (Exit.isFailure(exit)) findings.report("converges", `the world died: ${Cause.pretty(exit.cause)}`);
    } catch (error) {
      if (!(error instanceof Stuck)) throw error;
      findings.report("converges", error.message);
    }
    this.polite?.finish();
    this.lookForLeftovers();
    this.countPaths();
    this.trace.add(this.nowMs(), `${engine.scheduler.steps} steps, ${this.exchange?.ledger.restCount() ?? 0} requests`);
  }

  report(): WorldReport {
    const { engine, findings, plan, probes, trace } = this;
    return {
      plan,
      violations: findings.violations,
      hash: trace.hash,
      probes: probes.counts,
      steps: engine.scheduler.steps,
      lines: trace.lines,
    };
  }

  /** Consumers and faults side by side; then quiet, a last look, and a normal mode. */
  private readonly life = Effect.fnUntraced({ self: this }, function* () {
    const { findings, nowMs, plan } = this;
    const exchange = yield* Exchange;
    this.exchange = exchange;
    this.polite = new PoliteCheck(exchange, findings);
    const observer = this.observer(exchange);
    for (const [index, consumer] of plan.consumers.entries()) yield* Effect.forkScoped(consume(index, consumer, observer));
    for (const fault of plan.faults) yield* Effect.forkScoped(Effect.andThen(Effect.sleep(fault.atMs), inject(fault)));
    yield* Effect.sleep(quietMs);
    yield* Script.halt;
    const quietFromMs = exchange.nowOf(this.engine.clock);
    yield* Effect.sleep(worldMs - quietMs);
    observer.finish(quietFromMs);
    if (yield* isNormal) return;
    yield* Effect.sleep(Math.max(0, Math.max(...plan.faults.map(endMs)) + recoveryMs - nowMs() - lastCalls * 1_000));
    // The mode follows the outcomes of calls: where nobody asks any more, somebody must.
    for (let call = 1; call <= lastCalls; call++) {
      yield* Effect.exit(getCandles(plan.markets[0] ?? "KRW-BTC", "1m", { count: call, context: "backtesting" }));
      yield* Effect.sleep("1 second");
    }
    if (!(yield* isNormal)) findings.report("converges", `the mode is ${(yield* health).mode} a minute after the last fault`);
  });

  private observer(exchange: ExchangeModel): Observer {
    const { engine, findings, nowMs, plan, probes, trace } = this;
    return new Observer({
      truth: new Truth(exchange),
      findings,
      trace,
      probes,
      nowMs,
      exchangeNowMs: () => exchange.nowOf(engine.clock),
      blindMs: () => Math.max(0, ...plan.faults.map((fault) => blindMs(fault, nowMs()))),
      isHelpless: () =>
        plan.faults.some((fault) => blindMs(fault, nowMs()) > 0) && plan.faults.filter((fault) => isFelt(fault, nowMs())).length > 1,
    });
  }

  private lookForLeftovers(): void {
    const { fibers, sleeps, isRunnable } = this.engine.left;
    if (fibers > 0 || sleeps > 0 || isRunnable) this.findings.report("clean", `${fibers} fibers and ${sleeps} sleeps are left`);
    const sockets = this.exchange?.openSockets ?? 0;
    if (sockets > 0) this.findings.report("clean", `${sockets} sockets are open`);
  }

  private countPaths(): void {
    if (this.exchange === undefined) return;
    const { ledger } = this.exchange;
    if (ledger.connections().length > 1) this.probes.hit("exchange:reconnect");
    if (ledger.frameCount("in", "request") > 1) this.probes.hit("exchange:resubscribe");
    for (const verdict of ["limited", "banned", "fault"] as const)
      if (ledger.requests().some((entry) => entry.verdict === verdict)) this.probes.hit(`exchange:${verdict}`);
    for (const { verb } of ledger.faults()) this.probes.hit(`fault:${verb}`);
  }
}

const meddled = <A, E, R>(effect: Effect.Effect<A, E, R>, meddling: Meddling | undefined): Effect.Effect<A, E, R | MarketData> => {
  const wrap = meddling?.marketData;
  return wrap === undefined ? effect : Effect.flatMap(MarketData, (inner) => Effect.provideService(effect, MarketData, wrap(inner)));
};

/** A thousand worlds would log a thousand times what their reports say better. */
const silence = Logger.layer([]);

/** The UTC day a world begins in, at 03:00. */
const dayStartMs = Date.UTC(2026, 0, 5);

const isNormal = Effect.map(health, ({ mode }) => mode === "normal");
