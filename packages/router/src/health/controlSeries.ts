/**
 * How the client stands, as metrics that are read when somebody looks: its mode, what its limits have left, which breakers are open, and what the store
 * of REST answers was good for.
 */
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import { Mode } from "../domain/Mode.ts";
import * as Metrics from "./Metrics.ts";
import { SeriesSet } from "./SeriesSet.ts";

/** One limit as it stands. */
export interface LimitState {
  readonly group: string;
  readonly limit: number;
  readonly used: number;
  readonly waiting: number;
  readonly pausedMs: number;
  readonly allowed: number;
  readonly others: number;
  readonly refusals: number;
}

/** What the store of REST answers holds, and was good for so far. */
export interface WarmState {
  readonly entries: number;
  readonly bytes: number;
  readonly hits: number;
  readonly misses: number;
  readonly refreshes: number;
  readonly readAhead: number;
  readonly aheadUsed: number;
  readonly aheadWasted: number;
}

export interface ControlOptions {
  readonly client: string;
  /** The groups of REST requests, each with a limit and a breaker. */
  readonly groups: ReadonlyArray<string>;
  readonly limits: () => ReadonlyArray<LimitState>;
  readonly breakerOpenMs: (group: string) => number;
  readonly mode: () => Mode;
  readonly modeSeconds: (mode: Mode) => number;
  readonly warm: () => WarmState;
}

/** Published until the scope closes. */
export const publishControl = (options: ControlOptions): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const series = new SeriesSet(yield* Effect.context<never>(), { client: options.client });
    yield* Effect.acquireRelease(
      Effect.sync(() => publish(series, options)),
      () => Effect.sync(() => series.remove()),
    );
  });

const publish = (series: SeriesSet, { groups, limits, breakerOpenMs, mode, modeSeconds, warm }: ControlOptions): void => {
  publishWarm(series, warm);
  for (const one of Mode.literals) {
    const part = series.with({ mode: one });
    part.gauge(Metrics.mode, () => (mode() === one ? 1 : 0));
    part.counter(Metrics.modeSeconds, () => modeSeconds(one));
  }
  for (const group of groups) {
    const part = series.with({ group });
    const state = () => limits().find((limit) => limit.group === group);
    part.gauge(Metrics.limiterHeadroom, () => headroomOf(state()));
    part.gauge(Metrics.limiterQueue, () => state()?.waiting ?? 0);
    part.gauge(Metrics.limiterPause, () => (state()?.pausedMs ?? 0) / 1_000);
    part.gauge(Metrics.limiterAllowed, () => state()?.allowed ?? 0);
    part.gauge(Metrics.limiterOthers, () => state()?.others ?? 0);
    part.counter(Metrics.limiterRefusals, () => state()?.refusals ?? 0);
    part.gauge(Metrics.breakerOpen, () => breakerOpenMs(group) / 1_000);
  }
};

const publishWarm = (series: SeriesSet, warm: () => WarmState): void => {
  series.with({ outcome: "hit" }).counter(Metrics.warmQuestions, () => warm().hits);
  series.with({ outcome: "miss" }).counter(Metrics.warmQuestions, () => warm().misses);
  series.with({ cause: "late_hit" }).counter(Metrics.warmReadings, () => warm().refreshes);
  series.with({ cause: "habit" }).counter(Metrics.warmReadings, () => warm().readAhead);
  series.with({ outcome: "used" }).counter(Metrics.warmAhead, () => warm().aheadUsed);
  series.with({ outcome: "wasted" }).counter(Metrics.warmAhead, () => warm().aheadWasted);
  series.gauge(Metrics.warmEntries, () => warm().entries);
  series.gauge(Metrics.warmBytes, () => warm().bytes);
};

/** A group that nobody has used yet is free. */
const headroomOf = (state: LimitState | undefined): number => {
  if (state === undefined) return 1;
  return state.pausedMs > 0 ? 0 : Math.max(0, 1 - state.used / state.limit);
};
