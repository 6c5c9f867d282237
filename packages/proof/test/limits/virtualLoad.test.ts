/** The limits under load in virtual time, against the strict exchange: alone, beside a program that knows no limits, and with a limit that was lowered. */
import { assert, describe, it } from "@effect/vitest";
import { Exchange, type ExchangeOptions, Sim } from "@naru/sim";
import { Effect, Fiber, Layer } from "effect";
import { TestClock } from "effect/testing";
import { load, neighbour, type Span, spanOf } from "../../src/limits/virtualLoad.ts";

type Limits = NonNullable<ExchangeOptions["limits"]>;
type Exchanging = Sim.Services;

/** Runs something for so many seconds, then asks what the exchange saw in spans of it, in milliseconds from its beginning. */
const seen = <A>(
  options: { readonly limits: Limits; readonly saysNothing?: boolean; readonly seconds: number },
  what: Effect.Effect<unknown, unknown, Exchanging>,
  read: (span: (fromMs: number, toMs: number) => Span) => A,
) =>
  Effect.gen(function* () {
    const exchange = yield* Exchange;
    const startMs = yield* exchange.now;
    const running = yield* Effect.forkChild(what);
    for (let i = 0; i < options.seconds; i++) yield* TestClock.adjust("1 second");
    yield* Fiber.interrupt(running);
    return read((fromMs, toMs) => spanOf(exchange, startMs + fromMs, startMs + toMs));
  }).pipe(
    Effect.provide(
      Layer.fresh(
        Sim.layerTest({
          seed: 3,
          limits: { banAfter: 1_000, ...options.limits },
          network: { restLatencyMs: 30 },
          ...(options.saysNothing === true ? { decorate: { venue: (venue) => ({ ...venue, remaining: () => undefined }) } } : {}),
        }),
      ),
    ),
  );

describe("the limits under load", () => {
  it.effect("a minute at 95 % of a limit is answered in full and never refused, whichever way the exchange counts (R001-39)", () =>
    Effect.gen(function* () {
      for (const mode of ["sliding", "fixed"] as const) {
        const span = yield* seen({ limits: { mode }, seconds: 64 }, load(9.5, 60_000), (span) => span(0, 60_000));
        assert.strictEqual(span.refused, 0, mode);
        assert.isAtLeast(span.ours, 0.9 * 10 * 60, mode);
      }
    }),
  );

  it.effect("a program that begins to take half of the limit is refused no more after two seconds, and we keep the rest (D04)", () =>
    Effect.gen(function* () {
      for (const offsetMs of [0, 130, 470, 810]) {
        const startMs = 10_000 + offsetMs;
        const both = Effect.all([load(9.5, 150_000), Effect.andThen(Effect.sleep(startMs), neighbour(5, 64_000))], {
          concurrency: "unbounded",
        });
        const spans = yield* seen({ limits: { mode: "sliding" }, seconds: 110 }, both, (span) => ({
          before: span(2_000, startMs),
          after: span(startMs + 2_000, startMs + 62_000),
          gone: span(startMs + 80_000, startMs + 90_000),
        }));
        assert.isAtLeast(spans.before.ours, 9.4 * 8);
        assert.deepInclude(spans.after, { theirs: 300, refused: 0 }, `${offsetMs} ms`);
        assert.isAtMost(spans.after.ours, 5 * 60);
        assert.isAtLeast(spans.after.ours, 1.5 * 60);
        assert.isAtLeast(spans.gone.ours, 70, "most of it again");
        assert.strictEqual(spans.gone.refused, 0);
      }
    }),
  );

  it.effect(
    "a limit that is lowered without a word costs a few refusals, and then one in five minutes",
    () =>
      Effect.gen(function* () {
        const options = { limits: { perWindow: 5 }, saysNothing: true, seconds: 20 * 60 };
        const refused = yield* seen(options, load(9.5, 20 * 60_000), (span) =>
          Array.from({ length: 20 }, (_, minute) => span(minute * 60_000, (minute + 1) * 60_000).refused),
        );
        assert.isAtMost(refused[0] ?? 0, 3);
        for (let minute = 1; minute <= 15; minute++) {
          const five = refused.slice(minute, minute + 5).reduce((sum, count) => sum + count, 0);
          assert.isAtMost(five, 1, `five minutes from the ${minute}th: ${refused.join(" ")}`);
        }
      }),
    120_000,
  );
});
