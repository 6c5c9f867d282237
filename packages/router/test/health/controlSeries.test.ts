import { assert, it } from "@effect/vitest";
import { Effect, Metric } from "effect";
import type { Mode } from "../../src/domain/Mode.ts";
import { publishControl } from "../../src/health/controlSeries.ts";

const seriesNow = Effect.map(Metric.snapshot, (all) =>
  Object.fromEntries(
    all.map(({ id, attributes, state }) => [
      [id, ...Object.values(attributes ?? {})].join(" "),
      "value" in state ? state.value : "count" in state ? state.count : undefined,
    ]),
  ),
);

it.effect("mode, limits and breakers are read when somebody looks, and gone with the client", () =>
  Effect.gen(function* () {
    let mode: Mode = "normal";
    let pausedMs = 0;
    const limits = () => [{ group: "ticker", limit: 10, allowed: 7, others: 3, used: 4, waiting: 3, pausedMs, refusals: 2 }];
    const look = Effect.gen(function* () {
      yield* publishControl({
        client: "1",
        groups: ["ticker", "candle"],
        limits,
        breakerOpenMs: (group) => (group === "candle" ? 2_500 : 0),
        mode: () => mode,
        modeSeconds: (one) => (one === "fallback" ? 120 : 0),
        warm: () => ({ entries: 2, bytes: 900, hits: 11, misses: 12, refreshes: 13, readAhead: 14, aheadUsed: 15, aheadWasted: 16 }),
      });
      const before = yield* seriesNow;
      assert.deepInclude(before, {
        "naru_mode 1 normal": 1,
        "naru_mode 1 fallback": 0,
        "naru_mode_seconds_total 1 fallback": 120,
        "naru_limiter_headroom 1 ticker": 0.6,
        "naru_limiter_headroom 1 candle": 1,
        "naru_limiter_queue 1 ticker": 3,
        "naru_limiter_allowed 1 ticker": 7,
        "naru_limiter_others 1 ticker": 3,
        "naru_limiter_refusals_total 1 ticker": 2,
        "naru_breaker_open_seconds 1 candle": 2.5,
        "naru_breaker_open_seconds 1 ticker": 0,
        "naru_warm_questions_total 1 hit": 11,
        "naru_warm_questions_total 1 miss": 12,
        "naru_warm_readings_total 1 late_hit": 13,
        "naru_warm_readings_total 1 habit": 14,
        "naru_warm_ahead_total 1 used": 15,
        "naru_warm_ahead_total 1 wasted": 16,
        "naru_warm_entries 1": 2,
        "naru_warm_bytes 1": 900,
      });
      mode = "fallback";
      pausedMs = 4_000;
      assert.deepInclude(yield* seriesNow, {
        "naru_mode 1 normal": 0,
        "naru_mode 1 fallback": 1,
        "naru_limiter_headroom 1 ticker": 0,
        "naru_limiter_pause_seconds 1 ticker": 4,
      });
    });
    yield* Effect.scoped(look);
    assert.deepStrictEqual(yield* seriesNow, {});
  }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())),
);
