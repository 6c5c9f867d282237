/**
 * The trade gate: in scripted worlds that go wrong in every way at once, nothing passes that a witness of its own knows to be bad; and one test
 * for every reason, so that no reason is never given.
 */
import { assert, describe, it } from "@effect/vitest";
import { Clock, Effect, Fiber, Result, Schema } from "effect";
import { TestClock } from "effect/testing";
import { Cache } from "../src/cache/Cache.ts";
import { makeClient } from "../src/client/makeClient.ts";
import type { Mode } from "../src/domain/Mode.ts";
import type { GuardRules, Quote } from "../src/domain/Quote.ts";
import { keyId } from "../src/domain/StreamKey.ts";
import { NetworkError, UpstreamError } from "../src/errors/MarketDataError.ts";
import { TradeRefused } from "../src/errors/TradeRefused.ts";
import { FallbackManager } from "../src/fallback/FallbackManager.ts";
import type { GuardOptions } from "../src/guard.ts";
import { guard, type MarketData } from "../src/MarketData.ts";
import { book, btc, ticker } from "./samples.ts";
import { answered, frame, routerOver, type Stub, stubOf } from "./stubServices.ts";

const start = Date.UTC(2026, 0, 31);

/** Shapes a book may have; only the first is fit for an order at 1 %. */
const shapes = {
  good: { asks: [["1001", "1"]], bids: [["1000", "2"]] },
  wide: { asks: [["1100", "1"]], bids: [["1000", "2"]] },
  locked: { asks: [["1000", "1"]], bids: [["1000", "2"]] },
  crossed: { asks: [["999", "1"]], bids: [["1000", "2"]] },
  noAsk: { asks: [], bids: [["1000", "2"]] },
  noBid: { asks: [["1001", "1"]], bids: [] },
  empty: { asks: [], bids: [] },
} as const;
type Shape = keyof typeof shapes;
const bookOf = (shape: Shape, atMs: number) => book(shapes[shape].asks, shapes[shape].bids, atMs);

const tickerId = keyId({ kind: "ticker", market: btc });
const bookId = keyId({ kind: "orderbook", market: btc, levels: 1 });

/** The exchange of one world, and the witness: when each value it ever gave was last known to be current. Values are told apart by their time. */
class World {
  readonly stub: Stub;
  shape: Shape = "good";
  restMs = 20;
  restFails = false;
  /** Monotonic milliseconds, by kind and the value's own time. */
  readonly confirmedMs = new Map<string, number>();
  #lastMs = 0;

  constructor() {
    this.stub = stubOf(({ endpoint }) =>
      Effect.gen({ self: this }, function* () {
        yield* Effect.sleep(this.restMs);
        if (this.restFails) return yield* new NetworkError({ phase: "connect", host: "stub.test", code: "ECONNREFUSED", detail: null });
        const clock = yield* Clock.Clock;
        return [endpoint === "ticker" ? this.ticker(clock) : this.book(clock)];
      }),
    );
  }

  ticker(clock: Clock.Clock) {
    const atMs = this.#next(clock);
    this.confirmedMs.set(`ticker ${atMs}`, monotonicMs(clock));
    return ticker("1000", atMs);
  }

  book(clock: Clock.Clock) {
    const atMs = this.#next(clock);
    this.confirmedMs.set(`orderbook ${atMs}`, monotonicMs(clock));
    return bookOf(this.shape, atMs);
  }

  /** The link is proved alive: what was said last of its live keys is current still. */
  prove(clock: Clock.Clock) {
    if (!this.stub.connected) return;
    this.stub.confirmedNanos = clock.monotonicTimeNanosUnsafe();
    for (const [kind, id] of [["ticker", tickerId] as const, ["orderbook", bookId] as const]) {
      const last = [...this.confirmedMs.keys()].filter((name) => name.startsWith(kind)).at(-1);
      if (last !== undefined && this.stub.live.has(id)) this.confirmedMs.set(last, monotonicMs(clock));
    }
  }

  /** No two values have one time. */
  #next(clock: Clock.Clock): number {
    return (this.#lastMs = Math.max(this.#lastMs + 1, clock.currentTimeMillisUnsafe()));
  }
}

const monotonicMs = (clock: Clock.Clock) => Number(clock.monotonicTimeNanosUnsafe()) / 1e6;

const putBook = (world: World) =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock;
    const { hot } = yield* Cache;
    const value = world.book(clock);
    const nanos = clock.monotonicTimeNanosUnsafe();
    world.stub.live.add(bookId);
    const times = { exchangeTimeMs: value.timestampMs, receivedNanos: nanos, receivedMs: clock.currentTimeMillisUnsafe() };
    hot.put(bookId, { value, ...times, confirmedNanos: nanos, channel: "websocket", depth: 30 });
  });

/** What the witness holds against a quote that passed. */
const objections = (
  world: World,
  quote: Quote,
  options: GuardRules,
  { clock, mode }: { readonly clock: Clock.Clock; readonly mode: Mode },
): ReadonlyArray<string> => {
  const found: Array<string> = [];
  const parts = [
    ["ticker", quote.ticker.value.timestampMs],
    ["orderbook", quote.orderbook.value.timestampMs],
  ] as const;
  for (const [kind, atMs] of parts) {
    const confirmedMs = world.confirmedMs.get(`${kind} ${atMs}`);
    if (confirmedMs === undefined) found.push(`a ${kind} that nobody gave`);
    else if (monotonicMs(clock) - confirmedMs > options.maxConfirmedAgeMs + 1e-3) found.push(`a ${kind} confirmed too long ago`);
  }
  const { asks, bids } = quote.orderbook.value;
  if (asks.length === 0 || bids.length === 0) found.push("a side is empty");
  else if (Number(String(bids[0]?.price)) >= Number(String(asks[0]?.price))) found.push("crossed");
  if (quote.spreadPercent > options.maxSpreadPercent) found.push("too wide");
  if (String(quote.bid.price) !== String(bids[0]?.price) || String(quote.ask.price) !== String(asks[0]?.price)) found.push("not the best");
  for (const one of [mode, quote.mode]) if (!options.modes.includes(one)) found.push(`the mode ${one}`);
  if (!options.allowSimulated) found.push("made up");
  return found;
};

const Step = Schema.Struct({
  act: Schema.Literals([
    "wait",
    "ticker",
    "book",
    "prove",
    "up",
    "down",
    "rest fails",
    "rest works",
    "rest slow",
    "shape",
    "guard",
    "guard",
    "guard",
  ]),
  ms: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 900 })),
  shape: Schema.Literals(["good", "good", "good", "wide", "locked", "crossed", "noAsk", "noBid", "empty"]),
  maxConfirmedAgeMs: Schema.Literals([50, 300, 1_000]),
  maxSpreadPercent: Schema.Literals([0.01, 1, 50]),
  modes: Schema.Literals(["normal", "any", "emergency"]),
  allowSimulated: Schema.Literals([true, true, true, false]),
});

const modesOf = (word: "normal" | "any" | "emergency"): ReadonlyArray<Mode> =>
  word === "any" ? ["normal", "degraded", "emergency"] : [word];

type Services = MarketData | Cache | FallbackManager;

/** Plays a world; every guard runs beside what happens next, and its quote is judged at the moment it passes. */
const play = (world: World, steps: ReadonlyArray<typeof Step.Type>, seen: Map<string, number>) =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock;
    const manager = yield* FallbackManager;
    const { stub } = world;
    const running: Array<Fiber.Fiber<unknown>> = [];
    const found: Array<string> = [];
    for (const step of steps) {
      if (step.act === "ticker" && stub.connected) {
        const proved = stub.confirmedNanos;
        yield* frame(stub, world.ticker(clock));
        stub.confirmedNanos = proved;
      }
      if (step.act === "book" && stub.connected) yield* putBook(world);
      if (step.act === "prove") world.prove(clock);
      if (step.act === "up") stub.connected = true;
      if (step.act === "down") {
        stub.connected = false;
        stub.live.clear();
      }
      if (step.act === "rest fails") world.restFails = true;
      if (step.act === "rest works") [world.restFails, world.restMs] = [false, 20];
      if (step.act === "rest slow") world.restMs = step.ms;
      if (step.act === "shape") world.shape = step.shape;
      if (step.act === "guard") {
        const { maxConfirmedAgeMs, maxSpreadPercent, allowSimulated } = step;
        const options = { maxConfirmedAgeMs, maxSpreadPercent, allowSimulated, modes: modesOf(step.modes), deadline: 1_000 };
        const judged = Effect.map(Effect.result(guard("KRW-BTC", options)), (result) => {
          const word = Result.isSuccess(result) ? "passed" : result.failure._tag === "TradeRefused" ? result.failure.reason._tag : "error";
          seen.set(word, (seen.get(word) ?? 0) + 1);
          if (Result.isSuccess(result)) found.push(...objections(world, result.success, options, { clock, mode: manager.mode() }));
        });
        running.push(yield* Effect.forkChild(judged, { startImmediately: true }));
      }
      yield* TestClock.adjust(step.act === "wait" ? step.ms : step.ms % 40);
    }
    yield* TestClock.adjust("5 seconds");
    yield* Fiber.awaitAll(running);
    return found;
  });

describe("the trade gate", () => {
  const seen = new Map<string, number>();
  it.effect.prop(
    "lets nothing pass that is old, crossed, one-sided, too wide, of a wrong mode or made up, whatever happens while it asks",
    { steps: Schema.Array(Step).check(Schema.isMinLength(20), Schema.isMaxLength(60)) },
    ({ steps }) =>
      Effect.gen(function* () {
        const world = new World();
        const found = yield* Effect.provide(play(world, steps, seen), routerOver(world.stub));
        assert.deepStrictEqual(found, []);
      }),
    { timeout: 60_000, arbitrary: { runs: 150, seed: 7 } },
  );

  it("was tried in every way by those worlds, and lets good quotes pass", () => {
    for (const word of ["passed", "Unavailable", "TooOld", "EmptySide", "Crossed", "WideSpread", "WrongMode", "Simulated"]) {
      assert.isAbove(seen.get(word) ?? 0, 4, `${word} of ${JSON.stringify([...seen])}`);
    }
    assert.isUndefined(seen.get("error"));
  });
});

const inRouter = (title: string, make: () => World, effect: (world: World) => Effect.Effect<unknown, unknown, Services>) =>
  it.effect(title, () => {
    const world = make();
    return Effect.provide(Effect.andThen(TestClock.setTime(start), effect(world)), routerOver(world.stub));
  });

const with_ = (changes: Partial<Pick<World, "shape" | "restMs" | "restFails">>) => () => Object.assign(new World(), changes);

const refusal = (options: GuardOptions = {}) =>
  Effect.map(Effect.flip(answered(guard("KRW-BTC", { allowSimulated: true, ...options }))), (error) => {
    assert.instanceOf(error, TradeRefused);
    return error;
  });

describe("a quote", () => {
  inRouter("has the price, the best of both sides, and the provenance of both parts at this moment", with_({}), () =>
    Effect.gen(function* () {
      const quote = yield* answered(guard("KRW-BTC", { allowSimulated: true }));
      assert.deepStrictEqual(
        [quote.market, String(quote.price), String(quote.bid.price), String(quote.bid.size), String(quote.ask.price), quote.mode],
        ["KRW-BTC", "1000", "1000", "2", "1001", "normal"],
      );
      assert.approximately(quote.spreadPercent, 0.1, 0.001);
      assert.deepStrictEqual(
        [quote.ticker.provenance.channel, quote.orderbook.provenance.channel, quote.orderbook.value.asks.length],
        ["rest", "rest", 1],
      );
      assert.strictEqual(quote.confirmedAgeMs, Math.max(quote.ticker.provenance.confirmedAgeMs, quote.orderbook.provenance.confirmedAgeMs));
    }),
  );

  inRouter("is given at once, without a request, while both parts are live", with_({}), (world) =>
    Effect.gen(function* () {
      const clock = yield* Clock.Clock;
      world.stub.connected = true;
      yield* frame(world.stub, world.ticker(clock));
      yield* putBook(world);
      const quote = yield* guard("KRW-BTC", { allowSimulated: true });
      assert.deepStrictEqual([quote.ticker.provenance.tier, quote.orderbook.provenance.tier], ["hot_cache", "hot_cache"]);
      assert.lengthOf(world.stub.asked, 0);
    }),
  );

  inRouter("is asked again in the part that grew too old while the other part was on its way", with_({ restMs: 80 }), (world) =>
    Effect.gen(function* () {
      const clock = yield* Clock.Clock;
      world.stub.connected = true;
      yield* frame(world.stub, world.ticker(clock));
      yield* TestClock.adjust("60 millis");
      const quote = yield* answered(guard("KRW-BTC", { allowSimulated: true, maxConfirmedAgeMs: 100 }));
      assert.deepStrictEqual(
        world.stub.asked.map(({ endpoint }) => endpoint),
        ["orderbook", "ticker"],
      );
      assert.isAtMost(quote.confirmedAgeMs, 100);
    }),
  );

  it.effect("comes through the promise door, which rejects with the refusal itself", () =>
    Effect.gen(function* () {
      const world = new World();
      world.restMs = 0;
      const naru = yield* Effect.acquireRelease(
        Effect.promise(() => makeClient(routerOver(world.stub))),
        (client) => Effect.promise(() => client.close()),
      );
      const quote: Quote = yield* Effect.promise(() => naru.guard("KRW-BTC", { allowSimulated: true }));
      assert.strictEqual(String(quote.ask.price), "1001");
      const refused = yield* Effect.promise(() => naru.guard("KRW-BTC").catch((cause: unknown) => cause));
      assert.instanceOf(refused, TradeRefused);
    }),
  );
});

describe("a refusal", () => {
  inRouter("of prices that are made up is the default, and asking again does not help", with_({}), () =>
    Effect.gen(function* () {
      const error = yield* refusal({ allowSimulated: false });
      assert.deepStrictEqual([error.reason._tag, error.retryable], ["Simulated", false]);
      assert.strictEqual(error.message, "No order in KRW-BTC: the price of stub is made up");
    }),
  );

  for (const [shape, tag, words] of [
    ["wide", "WideSpread", "the spread is 9.52 %, at most 1 % are accepted"],
    ["locked", "Crossed", "the book is crossed, best bid 1000 at or above best ask 1000"],
    ["crossed", "Crossed", "the book is crossed, best bid 1000 at or above best ask 999"],
    ["noAsk", "EmptySide", "the book has no ask"],
    ["noBid", "EmptySide", "the book has no bid"],
    ["empty", "EmptySide", "the book is empty"],
  ] as const) {
    inRouter(`of a book that is ${shape} names ${tag} and its numbers`, with_({ shape }), () =>
      Effect.gen(function* () {
        const error = yield* refusal();
        assert.deepStrictEqual([error.reason._tag, error.message], [tag, `No order in KRW-BTC: ${words}`]);
        assert.isTrue(error.retryable);
      }),
    );
  }

  inRouter("carries the failure of what could not be had, and can be told by its reason", with_({ restFails: true }), () =>
    Effect.gen(function* () {
      const caught = yield* answered(
        Effect.catchReason(
          guard("KRW-BTC", { allowSimulated: true }),
          "TradeRefused",
          "Unavailable",
          ({ error, kind }) => Effect.succeed([kind, error._tag]),
          () => Effect.succeed(["another reason"]),
        ),
      );
      assert.deepStrictEqual(caught, ["ticker", "NetworkError"]);
    }),
  );

  inRouter("comes within the deadline when the exchange is slow", with_({ restMs: 4_000 }), () =>
    Effect.gen(function* () {
      const clock = yield* Clock.Clock;
      const before = monotonicMs(clock);
      const error = yield* refusal({ deadline: 300 });
      assert.strictEqual(error.reason._tag, "Unavailable");
      assert.isAtMost(monotonicMs(clock) - before, 310);
    }),
  );

  inRouter("of a mode comes after asking: the answer itself may lead out of an emergency", with_({ restFails: true }), (world) =>
    Effect.gen(function* () {
      for (let i = 0; i < 3; i++) yield* refusal({ deadline: 5_000 });
      world.restFails = false;
      const error = yield* refusal({ modes: ["normal"] });
      assert.deepStrictEqual(error.reason, { _tag: "WrongMode", mode: "degraded", modes: ["normal"] });
      yield* TestClock.adjust("2 seconds");
      assert.strictEqual((yield* answered(guard("KRW-BTC", { allowSimulated: true }))).mode, "normal");
    }),
  );

  inRouter("keeps the wait that the exchange asked for", with_({}), (world) =>
    Effect.gen(function* () {
      const { script } = world.stub;
      const busy = new UpstreamError({ status: 503, name: null, detail: null, retryAfterMs: 2_500 });
      world.stub.script = (asked) => (asked.endpoint === "markets" ? script(asked) : Effect.fail(busy));
      const error = yield* refusal();
      assert.deepStrictEqual([error.retryable, error.retryAfterMs], [true, 2_500]);
    }),
  );

  inRouter("is not what a wrong question gets", with_({}), () =>
    Effect.gen(function* () {
      const wrong: ReadonlyArray<readonly [string, GuardOptions]> = [
        ["BTC-KRW-X", {}],
        ["KRW-BTC", { modes: [] }],
        ["KRW-BTC", { modes: ["nromal" as Mode] }],
        ["KRW-BTC", { maxConfirmedAgeMs: Number.NaN }],
        ["KRW-BTC", { maxConfirmedAgeMs: 0 }],
        ["KRW-BTC", { maxSpreadPercent: -1 }],
        ["KRW-BTC", { maxSpreadPercent: Number.NaN }],
        ["KRW-BTC", { deadline: 0 }],
      ];
      for (const [market, options] of wrong) {
        assert.strictEqual((yield* Effect.flip(answered(guard(market, options))))._tag, "InvalidRequest", JSON.stringify(options));
      }
      // The list of markets is read beside the first questions.
      yield* Effect.flip(answered(guard("KRW-NOPE")));
      assert.strictEqual((yield* Effect.flip(answered(guard("KRW-NOPE"))))._tag, "MarketUnknown");
    }),
  );
});
