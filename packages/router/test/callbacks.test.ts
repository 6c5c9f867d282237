/** Callback subscriptions: a bad callback hurts nobody, and the handle tells how it stands. */
import { assert, describe, it } from "@effect/vitest";
import { Deferred, Effect, Stream } from "effect";
import type { CallbackElement } from "../src/MarketData.ts";
import { type MarketData, subscribe } from "../src/MarketData.ts";
import { NetworkError } from "../src/errors/MarketDataError.ts";
import { btc, trade } from "./samples.ts";
import { routerOver, type Stub, stubOf } from "./stubServices.ts";

const live = (id: number) => ({
  _tag: "Live",
  market: btc,
  value: trade(String(id), 0),
  snapshot: false,
  channel: "websocket",
  late: false,
  receivedTimeMs: 0,
});
const feed = Stream.fromIterable([1, 2, 3, 4].map(live));

const saying = (events: Stub["events"]) => {
  const stub = stubOf(() => Effect.die("REST is not asked"));
  stub.events = events;
  return stub;
};

const test = (title: string, stub: Stub, effect: Effect.Effect<unknown, unknown, MarketData>) =>
  it.effect(title, () => Effect.provide(effect, routerOver(stub)));

/** Lets everything run that can run without the clock. */
const settled = Effect.replicateEffect(Effect.yieldNow, 20, { discard: true });

describe("subscribe", () => {
  test(
    "hands over every element, counts a callback that throws, and goes on (R000-20)",
    saying(feed),
    Effect.gen(function* () {
      const seen: Array<CallbackElement> = [];
      const subscription = yield* subscribe("KRW-BTC", ["trades"], (element) => {
        seen.push(element);
        if (seen.length % 2 === 1) throw new Error("a bug of the caller's");
      });
      yield* settled;
      assert.deepStrictEqual(subscription.status(), { state: "ended", delivered: 4, callbackErrors: 2, error: null });
      assert.deepStrictEqual(
        seen.map(({ kind, element }) => [kind, element._tag]),
        [1, 2, 3, 4].map(() => ["trades", "Live"]),
      );
    }),
  );

  test(
    "counts the rejected promise of an async callback, which would else end the process",
    saying(feed),
    Effect.gen(function* () {
      const subscription = yield* subscribe("KRW-BTC", ["trades"], () => Promise.reject(new Error("a bug of the caller's")));
      yield* settled;
      yield* Effect.promise(() => Promise.resolve());
      assert.deepStrictEqual(subscription.status(), { state: "ended", delivered: 4, callbackErrors: 4, error: null });
    }),
  );

  const endless = saying(Stream.concat(feed, Stream.never));
  test(
    "runs until it is unsubscribed, twice if need be, and neighbours do not notice",
    endless,
    Effect.gen(function* () {
      const one = yield* subscribe("KRW-BTC", ["trades"], () => {
        throw new Error("a bug of the caller's");
      });
      const other = yield* subscribe(["KRW-BTC", "KRW-ETH"], ["ticker", "ticker", "orderbook"], () => {});
      yield* settled;
      assert.notStrictEqual(one.id, other.id);
      assert.deepStrictEqual([one.status().state, other.status().state], ["running", "running"]);
      // Two kinds of stream, each with the feed of this stub.
      assert.deepStrictEqual([one.status().delivered, other.status().delivered], [4, 8]);
      yield* one.unsubscribe;
      yield* one.unsubscribe;
      assert.deepStrictEqual([one.status().state, one.status().error, other.status().state], ["ended", null, "running"]);
    }),
  );

  const error = new NetworkError({ phase: "socket", host: "", code: "1006", detail: null });
  test(
    "tells in its status how the feed failed, never by throwing",
    saying(Stream.concat(feed, Stream.fail(error))),
    Effect.gen(function* () {
      const subscription = yield* subscribe("KRW-BTC", ["trades"], () => {});
      yield* settled;
      assert.deepStrictEqual(subscription.status(), { state: "failed", delivered: 4, callbackErrors: 0, error });
    }),
  );

  test(
    "does not call a bug of ours an end",
    saying(Stream.die(new Error("a bug"))),
    Effect.gen(function* () {
      const subscription = yield* subscribe("KRW-BTC", ["trades"], () => {});
      yield* settled;
      assert.deepStrictEqual(subscription.status(), { state: "failed", delivered: 0, callbackErrors: 0, error: null });
    }),
  );

  test(
    "refuses an empty list of kinds at once, and tells a bad market in the status",
    saying(feed),
    Effect.gen(function* () {
      assert.containSubset(yield* Effect.flip(subscribe("KRW-BTC", [], () => {})), { _tag: "InvalidRequest", field: "kinds" });
      const subscription = yield* subscribe("btc", ["trades"], () => {});
      yield* settled;
      assert.containSubset(subscription.status(), { state: "failed", error: { _tag: "InvalidRequest", field: "market" } });
    }),
  );

  it.effect("ends with the layer it was made in", () =>
    Effect.gen(function* () {
      const handle = yield* Deferred.make<{ readonly status: () => { readonly state: string } }>();
      const inside = Effect.flatMap(
        subscribe("KRW-BTC", ["trades"], () => {}),
        (made) => Deferred.succeed(handle, made),
      );
      yield* Effect.provide(inside, routerOver(endless));
      assert.strictEqual((yield* Deferred.await(handle)).status().state, "ended");
    }),
  );
});
