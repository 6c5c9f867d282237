/** What a request shows of itself: spans and lines of the log, and nothing where memory answers at once. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer, Logger, References, Tracer } from "effect";
import { TestClock } from "effect/testing";
import { plainText } from "../src/domain/plainText.ts";
import { UpstreamError } from "../src/errors/MarketDataError.ts";
import { FallbackManager } from "../src/fallback/FallbackManager.ts";
import { getTicker } from "../src/MarketData.ts";
import { type Tier, type TierAnswer, TierMiss } from "../src/tiers/Tier.ts";
import { tracedCall, tracedTiers } from "../src/tracing.ts";
import { questions, ticker } from "./samples.ts";
import { answered, frame, routerOver, stubOf, tickers } from "./stubServices.ts";

const start = Date.UTC(2026, 0, 31);

/** Runs an effect and hands back its spans and lines, in the order they came. */
const watched = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const spans: Array<Tracer.NativeSpan> = [];
    const lines: Array<{ readonly message: string; readonly requestId: unknown; readonly level: string }> = [];
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options);
        spans.push(span);
        return span;
      },
    });
    const logger = Logger.make(({ message, fiber, logLevel }) => {
      const { requestId } = fiber.getRef(References.CurrentLogAnnotations);
      lines.push({ message: [message].flat().map(String).join(" "), requestId, level: logLevel });
    });
    const value = yield* effect.pipe(
      Effect.withTracer(tracer),
      Effect.provide(Logger.layer([logger])),
      Effect.provideService(References.MinimumLogLevel, "Debug"),
    );
    return { value, spans, lines };
  });

/** Only what this file is about: spans of the call and of tiers. */
const shown = (spans: ReadonlyArray<Tracer.NativeSpan>) =>
  spans
    .filter(({ name }) => name === "MarketData.ask" || name.startsWith("tier "))
    .map(({ name, attributes, parent, status }): Readonly<Record<string, unknown>> => ({
      name,
      under: parent._tag === "Some" && parent.value._tag === "Span" ? parent.value.name : null,
      failed: status._tag === "Ended" && status.exit._tag === "Failure",
      ...Object.fromEntries(attributes),
    }));

/** The spans of this name and all under them. */
const inside = (spans: ReadonlyArray<Tracer.NativeSpan>, root: string) =>
  spans.filter((span) => {
    for (let at: Tracer.AnySpan | undefined = span; at?._tag === "Span"; at = at.parent._tag === "Some" ? at.parent.value : undefined)
      if (at.name === root) return true;
    return false;
  });

describe("a request", () => {
  it.effect("opens no span where nobody looks, and leaves the program's own as it was", () =>
    Effect.gen(function* () {
      const around: Array<string | undefined> = [];
      const [tier] = tracedTiers([{ name: "cold_rest", ask: () => Effect.andThen(seen, Effect.fail(new TierMiss({ reason: "absent" }))) }]);
      const seen = Effect.map(
        Effect.option(Effect.currentSpan),
        (span) => void around.push(span._tag === "Some" ? span.value.name : undefined),
      );
      const asked = tier === undefined ? Effect.void : tier.ask(questions.ticker, { deadlineNanos: 0n, missed: () => {} });
      const call = tracedCall(Effect.exit(asked), questions.ticker, "r-1");
      const own = yield* Effect.andThen(call, Effect.currentSpan).pipe(Effect.withSpan("mine"));
      yield* call;
      assert.deepStrictEqual(around, ["mine", undefined]);
      assert.deepStrictEqual([...own.attributes], []);
      yield* watched(call);
      assert.strictEqual(around[2], "tier cold_rest");
    }),
  );

  it.effect("shows each attempt: its place, how it ended, how long it took, and who is next (R000-05)", () =>
    Effect.gen(function* () {
      const ask = (afterMs: number, outcome: ReturnType<Tier["ask"]>) => () => Effect.andThen(Effect.sleep(afterMs), outcome);
      const answer: TierAnswer = {
        value: 1,
        channel: "websocket",
        exchangeTimeMs: 1,
        receivedNanos: 0n,
        receivedMs: 0,
        confirmedNanos: 0n,
      };
      const ranked = tracedTiers([
        { name: "hot_cache", ask: ask(0, Effect.fail(new TierMiss({ reason: "absent" }))) },
        { name: "live_subscription", ask: ask(45.2, Effect.succeed(answer)) },
        ...(["batch_snapshot", "warm_cache_rest", "cold_rest"] as const).map((name) => ({ name, ask: ask(0, Effect.never) })),
      ]);
      const run = FallbackManager.use((manager) => manager.run(questions.ticker, ranked, 5_000));
      const { spans, lines } = yield* Effect.provide(
        watched(answered(tracedCall(run, questions.ticker, "r-1"))),
        Layer.fresh(FallbackManager.layerTest),
      );
      assert.deepStrictEqual(shown(spans), [
        { name: "MarketData.ask", under: null, failed: false, kind: "ticker", market: "KRW-BTC", requestId: "r-1" },
        {
          name: "tier hot_cache",
          under: "MarketData.ask",
          failed: false,
          tier: "hot_cache",
          index: 1,
          total: 5,
          requestId: "r-1",
          outcome: "missed",
          reason: "absent",
          durationMs: 0,
        },
        {
          name: "tier live_subscription",
          under: "MarketData.ask",
          failed: false,
          tier: "live_subscription",
          index: 2,
          total: 5,
          requestId: "r-1",
          outcome: "answered",
          reason: "ok",
          durationMs: 45.2,
        },
      ]);
      assert.deepStrictEqual(lines, [
        { message: "[1/5] hot_cache missed after 0.0 ms: absent; next live_subscription", requestId: "r-1", level: "Debug" },
        { message: "[2/5] live_subscription answered in 45.2 ms", requestId: "r-1", level: "Debug" },
      ]);
    }),
  );

  it.effect("writes the line of an attempt also where no spans are wanted, and none where lines of its level are not", () =>
    Effect.gen(function* () {
      const lines: Array<string> = [];
      const logger = Logger.make(({ message }) => void lines.push([message].flat().map(String).join(" ")));
      const [tier] = tracedTiers([{ name: "cold_rest", ask: () => Effect.fail(new TierMiss({ reason: "absent" })) }]);
      const asked = tier?.ask(questions.ticker, { deadlineNanos: 0n, missed: () => {} }) ?? Effect.die("no tier");
      for (const level of ["Info", "Debug"] as const) {
        const told = Effect.provideService(asked, References.MinimumLogLevel, level);
        assert.strictEqual((yield* Effect.flip(Effect.provide(told, Logger.layer([logger]))))._tag, "TierMiss");
      }
      assert.deepStrictEqual(lines, ["[1/1] cold_rest missed after 0.0 ms: absent; nobody is left"]);
    }),
  );

  it.effect("shows a failure as one, with its reason, and puts the request's id on every line and span of it (R001-32)", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start);
      let asked = 0;
      const busy = new UpstreamError({ status: 503, name: null, detail: "line one\nline two", retryAfterMs: null });
      const stub = stubOf((question) => (++asked === 1 ? Effect.fail(busy) : tickers()(question)));
      const { value, spans, lines } = yield* Effect.provide(watched(answered(getTicker("KRW-BTC"))), routerOver(stub));
      const attempts = shown(spans).filter(({ name }) => name !== "MarketData.ask");
      assert.deepStrictEqual(
        attempts.map((attempt) => [attempt["name"], attempt["failed"], attempt["outcome"]]),
        [
          ["tier batch_snapshot", true, "failed"],
          ["tier warm_cache_rest", false, "answered"],
        ],
      );
      assert.strictEqual(
        lines[0]?.message.replace(/[\d.]+ ms/, "N ms"),
        "[1/3] batch_snapshot failed after N ms: UpstreamError: The exchange could not answer (status 503, detail line one line two); next warm_cache_rest",
      );
      for (const { message, requestId } of lines) assert.strictEqual(requestId, value.provenance.requestId, message);
      assert.isTrue(lines.some(({ requestId }) => requestId !== undefined));
      for (const { name, attributes } of inside(spans, "MarketData.ask"))
        assert.strictEqual(attributes.get("requestId"), value.provenance.requestId, name);
      assert.isAbove(lines.filter(({ level }) => level === "Warn").length, 0, "the mode has changed");
    }),
  );

  it.effect("shows nothing where memory answers at once, in whatever number", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start);
      const stub = stubOf(tickers());
      stub.connected = true;
      const hot = Effect.andThen(frame(stub, ticker("100", start)), Effect.replicateEffect(getTicker("KRW-BTC"), 3));
      const { value, spans, lines } = yield* Effect.provide(watched(hot), routerOver(stub));
      assert.deepStrictEqual(
        value.map(({ provenance }) => provenance.tier),
        ["hot_cache", "hot_cache", "hot_cache"],
      );
      assert.deepStrictEqual([spans.length, lines.length], [0, 0]);
    }),
  );
});

describe("text of others", () => {
  it("is one line of at most 200 characters without anything that a terminal or a log would obey (S-22)", () => {
    const nasty = ["a\r\nb", "\u001b[31mred\u001b[0m", "x\u2028y\u2029z", "evil\u202etxt", "tab\tnull\u0000", "\u009b2J"];
    // eslint-disable-next-line no-control-regex -- they are what is looked for
    const obeyed = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/;
    for (const text of nasty) assert.notMatch(plainText(text), obeyed, JSON.stringify(text));
    assert.strictEqual(plainText("a\r\nb"), "a b");
    assert.strictEqual(plainText("한국어 그대로"), "한국어 그대로");
    const long = plainText("x".repeat(1_048_576));
    assert.deepStrictEqual([long.length, long.endsWith("…")], [200, true]);
    assert.strictEqual(plainText("y".repeat(200)).length, 200);
  });
});
