/** Streams of values made from streams of elements: what a hole does, and what is refused before the socket is asked. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Stream } from "effect";
import {
  type MarketData,
  streamCandles,
  streamOrderbook,
  streamOrderbookDeltas,
  streamTicker,
  streamTickerDeltas,
  streamTrades,
  streamTradesEvents,
} from "../src/MarketData.ts";
import { Closed } from "../src/errors/MarketDataError.ts";
import type * as Delta from "../src/stream/Delta.ts";
import { btc, ticker, trade } from "./samples.ts";
import { routerOver, type Stub, stubOf } from "./stubServices.ts";

const live = (id: string) => ({
  _tag: "Live",
  market: btc,
  value: trade(id, 0),
  snapshot: false,
  channel: "websocket",
  late: false,
  receivedTimeMs: 0,
});
const recovered = (id: string) => ({ _tag: "Recovered", market: btc, value: trade(id, 0), late: false, receivedTimeMs: 0 });
const gap = { _tag: "Gap", kind: "trades", market: btc, fromMs: 1_000, toMs: 2_000, reason: "too_far_back" };
const others = [
  { _tag: "Reconnecting", attempt: 1, reason: "1006", atMs: 0 },
  { _tag: "Resumed", downMs: 5, atMs: 5 },
  { _tag: "Dropped", count: 3 },
];

/** A router whose socket says these elements. */
const saying = (events: Stub["events"]) => {
  const stub = stubOf(() => Effect.die("REST is not asked"));
  stub.events = events;
  return stub;
};

const test = (title: string, stub: Stub, effect: Effect.Effect<unknown, unknown, MarketData>) =>
  it.effect(title, () => Effect.provide(effect, routerOver(stub)));

/** The ids that came, and how the stream ended. */
const idsOf = (stream: ReturnType<typeof streamTrades>) =>
  Effect.gen(function* () {
    const ids: Array<string> = [];
    const error = yield* Effect.match(
      Stream.runForEach(stream, ({ id }) => Effect.sync(() => ids.push(id))),
      { onFailure: (failure) => failure, onSuccess: () => null },
    );
    return { ids, error };
  });

describe("a stream of values", () => {
  test(
    "carries live and recovered values in their order, and nothing else",
    saying(Stream.make(live("1"), ...others, recovered("2"), live("3"))),
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* idsOf(streamTrades("KRW-BTC")), { ids: ["1", "2", "3"], error: null });
    }),
  );

  const holed = saying(Stream.make(live("1"), live("2"), gap, live("3")));
  test(
    "gives every value before a hole that could not be filled, then fails and says what is missing",
    holed,
    Effect.gen(function* () {
      const { ids, error } = yield* idsOf(streamTrades("KRW-BTC"));
      assert.deepStrictEqual(ids, ["1", "2"]);
      assert(error?._tag === "StreamGap");
      assert.deepStrictEqual(
        [error.kind, error.market, error.fromMs, error.toMs, error.reason],
        ["trades", "KRW-BTC", 1_000, 2_000, "too_far_back"],
      );
      // Run again, it is a new stream: the hole of the last run is not in its memory.
      assert.deepStrictEqual((yield* idsOf(streamTrades("KRW-BTC").pipe(Stream.take(1)))).ids, ["1"]);
    }),
  );

  test(
    "goes on over a hole when the caller says so",
    saying(Stream.make(live("1"), gap, live("3"))),
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* idsOf(streamTrades("KRW-BTC", { onGap: "skip" })), { ids: ["1", "3"], error: null });
    }),
  );

  const closed = new Closed({ what: "the client" });
  test(
    "fails as the feed fails, after the values before",
    saying(Stream.concat(Stream.make(live("1")), Stream.fail(closed))),
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* idsOf(streamTrades("KRW-BTC")), { ids: ["1"], error: closed });
    }),
  );
});

describe("a stream of events", () => {
  const all = [live("1"), ...others, gap, recovered("2")];
  test(
    "reports a hole and goes on",
    saying(Stream.make(...all)),
    Effect.gen(function* () {
      assert.deepStrictEqual((yield* Stream.runCollect(streamTradesEvents("KRW-BTC"))) as ReadonlyArray<unknown>, all);
    }),
  );
});

describe("a stream of changes", () => {
  const priced = (price: string, timestampMs: number) => ({ ...live(""), value: ticker(price, timestampMs) });
  /** Each delta by what it stands on, and how the stream ended. */
  const told = (stream: ReturnType<typeof streamTickerDeltas>) =>
    Effect.gen(function* () {
      const deltas: Array<string> = [];
      const take = (delta: Delta.Delta<"ticker">) =>
        deltas.push(delta.base === null ? `${delta.seq} whole: ${delta.reason}` : `${delta.seq} on ${delta.base}`);
      const error = yield* Effect.match(
        Stream.runForEach(stream, (delta) => Effect.sync(() => take(delta))),
        { onFailure: ({ _tag }) => _tag, onSuccess: () => null },
      );
      return { deltas, error };
    });

  test(
    "begins whole, goes on with changes, and is whole again after an interruption; a second run begins anew",
    saying(Stream.make(priced("1", 1), priced("2", 2), ...others, priced("3", 3), priced("4", 4))),
    Effect.gen(function* () {
      const expected = { deltas: ["1 whole: first", "2 on 1", "3 whole: dropped", "4 on 3"], error: null };
      const stream = streamTickerDeltas("KRW-BTC");
      assert.deepStrictEqual(yield* told(stream), expected);
      assert.deepStrictEqual(yield* told(stream), expected);
    }),
  );

  test(
    "fails at a hole like a stream of values, or is whole after it when the caller says so",
    saying(Stream.make(priced("1", 1), gap, priced("2", 2))),
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* told(streamTickerDeltas("KRW-BTC")), { deltas: ["1 whole: first"], error: "StreamGap" });
      assert.deepStrictEqual(yield* told(streamTickerDeltas("KRW-BTC", { onGap: "skip" })), {
        deltas: ["1 whole: first", "2 whole: gap"],
        error: null,
      });
    }),
  );
});

describe("before the socket is asked", () => {
  const stub = saying(Stream.die("asked"));
  const refusal = (stream: Stream.Stream<unknown, unknown, MarketData>) => Effect.flip(Stream.runDrain(stream));
  test(
    "bad input is refused, and an unknown market is told with its neighbours",
    stub,
    Effect.gen(function* () {
      const refused: ReadonlyArray<readonly [Stream.Stream<unknown, unknown, MarketData>, object]> = [
        [streamTicker([]), { _tag: "InvalidRequest", field: "market" }],
        [streamTicker("krw-btc"), { _tag: "InvalidRequest", field: "market" }],
        [streamOrderbook("KRW-BTC", { levels: 31 }), { _tag: "InvalidRequest", field: "levels" }],
        [streamOrderbookDeltas("KRW-BTC", { levels: 31 }), { _tag: "InvalidRequest", field: "levels" }],
        [streamTickerDeltas([]), { _tag: "InvalidRequest", field: "market" }],
        [streamCandles("KRW-BTC", "2m"), { _tag: "InvalidRequest", field: "interval" }],
        [streamCandles("KRW-BTC", "1w"), { _tag: "InvalidRequest", field: "interval" }],
        [streamTrades("KRW-BTC", { overflow: "conflate" }), { _tag: "InvalidRequest", field: "overflow" }],
        [streamCandles("KRW-BTC", "1m", { overflow: "conflate" }), { _tag: "InvalidRequest", field: "overflow" }],
        [streamTicker(["KRW-BTC", "KRW-BTD"]), { _tag: "MarketUnknown", market: "KRW-BTD", near: ["KRW-BTC", "KRW-BCH", "KRW-ETH"] }],
      ];
      for (const [stream, expected] of refused) assert.containSubset(yield* refusal(stream), expected);
    }),
  );

  const unlisted = saying(Stream.make(live("1")));
  test(
    "a list of markets that cannot be read stands in nobody's way",
    unlisted,
    Effect.gen(function* () {
      unlisted.script = () => Effect.fail(new Closed({ what: "REST" }));
      assert.deepStrictEqual((yield* idsOf(streamTrades("KRW-BTC"))).ids, ["1"]);
    }),
  );
});
