/** The ledger as metrics: read when somebody looks, bounded in keys, told apart by router, and gone with it. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer, Metric } from "effect";
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics";
import { TestClock } from "effect/testing";
import type { KeyId } from "../../src/domain/StreamKey.ts";
import { LiveLedger } from "../../src/health/LiveLedger.ts";
import type { LiveNumbers } from "../../src/health/LiveNumbers.ts";

/** Runs with a registry of its own. */
const withRegistry = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.provideService(effect, Metric.MetricRegistry, new Map());

const withLedger = <A, E>(use: (numbers: LiveNumbers) => Effect.Effect<A, E>) =>
  Effect.flatMap(LiveLedger, use).pipe(Effect.provide(Layer.fresh(LiveLedger.layer)));

const linesOf = Effect.map(PrometheusMetrics.format(), (text) => text.split("\n"));

const tell = (numbers: LiveNumbers, name: string, nowMs: number, lagMs?: number) =>
  numbers.message(numbers.key(name as KeyId, nowMs), nowMs, lagMs);

describe("the ledger of the live side as metrics", () => {
  it.effect("shows every number at the moment of the look, with units in seconds", () =>
    withRegistry(
      withLedger((numbers) =>
        Effect.gen(function* () {
          const link = numbers.link("main");
          link.opened(0);
          for (let i = 1; i <= 20; i++) tell(numbers, "ticker:KRW-BTC", 0, i * 10);
          numbers.changeStarted("ticker:KRW-BTC" as KeyId, "swap", 0);
          numbers.changeDone("ticker:KRW-BTC" as KeyId, 180);
          numbers.failed("decode", 0, "torn");
          link.ended("closed", "closed 1006", 0);
          yield* TestClock.adjust("2 seconds");
          const lines = yield* linesOf;
          for (const line of [
            'naru_stream_messages_total{client="1",key="ticker:KRW-BTC"} 20',
            'naru_stream_messages_per_second{client="1",key="ticker:KRW-BTC"} 10',
            'naru_stream_lag_seconds{client="1",key="ticker:KRW-BTC",quantile="0.5"} 0.1',
            'naru_stream_lag_seconds{client="1",key="ticker:KRW-BTC",quantile="0.95"} 0.19',
            'naru_stream_lag_seconds_count{client="1",key="ticker:KRW-BTC"} 20',
            'naru_stream_change_seconds_bucket{client="1",mode="swap",le="0.1"} 0',
            'naru_stream_change_seconds_bucket{client="1",mode="swap",le="0.2"} 1',
            'naru_stream_change_seconds_sum{client="1",mode="swap"} 0.18',
            'naru_stream_changes_total{client="1",mode="swap",outcome="completed"} 1',
            'naru_stream_receive_failures_total{client="1",cause="decode"} 1',
            'naru_link_up{client="1",link="main"} 0',
            'naru_link_ends_total{client="1",link="main",reason="closed"} 1',
            'naru_link_down_seconds_total{client="1",link="main"} 2',
            'naru_link_round_trip_seconds{client="1",link="main"} NaN',
          ])
            assert.include(lines, line);
        }),
      ),
    ),
  );

  it.effect("names a hundred keys and counts the rest as other; a newcomer takes the place of one that left", () =>
    withRegistry(
      withLedger((numbers) =>
        Effect.gen(function* () {
          for (let i = 0; i < 150; i++) for (let n = 0; n < 3; n++) tell(numbers, `key-${i}`, 0);
          const named = (lines: ReadonlyArray<string>) => lines.filter((line) => line.startsWith("naru_stream_messages_total{"));
          const before = named(yield* linesOf);
          assert.strictEqual(before.length, 101);
          assert.include(before, 'naru_stream_messages_total{client="1",key="other"} 150');
          numbers.forget("key-7" as KeyId);
          tell(numbers, "new", 0);
          tell(numbers, "one more", 0);
          const after = named(yield* linesOf);
          assert.strictEqual(after.length, 101);
          assert.include(after, 'naru_stream_messages_total{client="1",key="new"} 1');
          assert.isFalse(after.some((line) => line.includes('"key-7"')));
          assert.include(after, 'naru_stream_messages_total{client="1",key="other"} 151');
        }),
      ),
    ),
  );

  it.effect("tells two routers of one process apart, and takes everything back when one ends", () =>
    withRegistry(
      Effect.gen(function* () {
        const clients = Effect.map(linesOf, (lines) =>
          [...new Set(lines.flatMap((line) => /client="(\d+)"/.exec(line)?.[1] ?? []))].sort(),
        );
        yield* withLedger((first) => {
          first.link("main");
          return Effect.gen(function* () {
            yield* withLedger((second) => {
              tell(second, "ticker:KRW-BTC", 0);
              return Effect.map(clients, (seen) => assert.deepStrictEqual(seen, ["1", "2"]));
            });
            assert.deepStrictEqual(yield* clients, ["1"]);
          });
        });
        assert.deepStrictEqual(yield* linesOf, [""]);
      }),
    ),
  );
});
