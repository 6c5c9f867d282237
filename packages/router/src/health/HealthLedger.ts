/**
 * The ledger of outcomes: every attempt at a tier, every request and every change of link or mode is written here, synchronously, by whoever
 * made it. It decides nothing. Windows are bounded: per tier the last 200 attempts, of mode changes the last 100.
 */
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Metric from "effect/Metric";
import type { ModeChange } from "../domain/Mode.ts";
import type { Kind } from "../domain/Question.ts";
import type { Attempt } from "../errors/MarketDataError.ts";
import * as Metrics from "./Metrics.ts";
import { percentile } from "./RecentValues.ts";

const windowSize = 200;
const modeHistory = 100;

/** What one tier did lately; what lost a race counts as missed. Percentiles are of answers only, in milliseconds; null before the first. */
export interface TierHealth {
  readonly tier: string;
  readonly answered: number;
  readonly missed: number;
  readonly failed: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly lastFailure: string | null;
}

export class Health extends Context.Service<
  Health,
  {
    readonly attempted: (kind: Kind, attempt: Attempt) => void;
    /** A whole call ended: `answered`, `stale`, or the tag of its error. */
    readonly called: (kind: Kind, outcome: string) => void;
    readonly requested: (endpoint: string, status: number) => void;
    /** An attempt to get a key's first element ended: `answered`, or why it brought none. */
    readonly waited: (cause: string) => void;
    readonly linkChanged: (state: string) => void;
    readonly modeChanged: (change: ModeChange) => void;
    /** A probe of the router came to an end. */
    readonly probed: (verdict: "good" | "bad") => void;
    readonly tiers: () => ReadonlyArray<TierHealth>;
    readonly modes: () => ReadonlyArray<ModeChange>;
  }
>()("@naru/router/health/Health") {
  static readonly layer: Layer.Layer<Health> = Layer.effect(
    Health,
    Effect.suspend(() => make),
  );
}

interface Window {
  readonly recent: Array<Attempt>;
  answered: number;
  missed: number;
  failed: number;
  lastFailure: string | null;
}

const make = Effect.gen(function* () {
  const context = yield* Effect.context<never>();
  const windows = new Map<string, Window>();
  const modes: Array<ModeChange> = [];
  const count = labelled(Metrics.calls, context);
  const countAttempt = labelled(Metrics.attempts, context);
  const countRequest = labelled(Metrics.restRequests, context);
  const countWait = labelled(Metrics.firstElements, context);
  const countLink = labelled(Metrics.linkChanges, context);
  const countMode = labelled(Metrics.modeChanges, context);
  const countProbe = labelled(Metrics.routerProbes, context);

  const attempted = (_kind: Kind, attempt: Attempt): void => {
    countAttempt({ tier: attempt.tier, outcome: attempt.outcome });
    const window = windows.get(attempt.tier) ?? { recent: [], answered: 0, missed: 0, failed: 0, lastFailure: null };
    windows.set(attempt.tier, window);
    window.recent.push(attempt);
    if (window.recent.length > windowSize) window.recent.shift();
    if (attempt.outcome === "missed" || attempt.outcome === "interrupted") window.missed++;
    else if (attempt.outcome === "failed") {
      window.failed++;
      window.lastFailure = attempt.reason;
    } else {
      window.answered++;
      Metric.withAttributes(Metrics.attemptSeconds, { tier: attempt.tier }).updateUnsafe(attempt.durationMs / 1_000, context);
    }
  };

  return Health.of({
    attempted,
    called: (kind, outcome) => count({ kind, outcome }),
    requested: (endpoint, status) => countRequest({ endpoint, status: String(status) }),
    waited: (cause) => countWait({ cause }),
    linkChanged: (state) => countLink({ state }),
    probed: (verdict) => countProbe({ verdict }),
    modeChanged: (change) => {
      countMode({ to: change.to });
      modes.push(change);
      if (modes.length > modeHistory) modes.shift();
    },
    tiers: () => [...windows].map(([tier, window]) => summarise(tier, window)),
    modes: () => [...modes],
  });
});

/** A counter with labels that is cheap per count: the labelled metric of each set of labels is made once. */
const labelled = (metric: Metric.Counter<number>, context: Context.Context<never>) => {
  const known = new Map<string, Metric.Counter<number>>();
  return (labels: Record<string, string>): void => {
    const name = Object.values(labels).join("\u0000");
    let counter = known.get(name);
    if (counter === undefined) {
      counter = Metric.withAttributes(metric, labels);
      known.set(name, counter);
    }
    counter.updateUnsafe(1, context);
  };
};

const summarise = (tier: string, window: Window): TierHealth => {
  const times = window.recent.filter((attempt) => attempt.outcome === "answered").map((attempt) => attempt.durationMs);
  times.sort((a, b) => a - b);
  return {
    tier,
    answered: window.answered,
    missed: window.missed,
    failed: window.failed,
    p50Ms: percentile(times, 0.5),
    p95Ms: percentile(times, 0.95),
    lastFailure: window.lastFailure,
  };
};
