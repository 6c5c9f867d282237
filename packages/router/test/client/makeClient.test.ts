import { assert, it } from "@effect/vitest";
import { Effect, Stream } from "effect";
import { makeClient } from "../../src/client/makeClient.ts";
import { NetworkError } from "../../src/errors/MarketDataError.ts";
import type { Delta, Held } from "../../src/stream/Delta.ts";
import { ticker } from "../samples.ts";
import { routerOver, stubOf } from "../stubServices.ts";

it.effect("a callback subscription of the promise door tells by its status how it stands, and why it failed", () =>
  Effect.gen(function* () {
    const error = new NetworkError({ phase: "socket", host: "scripted", code: null, detail: null });
    const stub = stubOf(() => Effect.die("REST is not asked"));
    stub.events = Stream.fail(error);
    const naru = yield* Effect.acquireRelease(
      Effect.promise(() => makeClient(routerOver(stub))),
      (client) => Effect.promise(() => client.close()),
    );
    const subscription = yield* Effect.promise(() => naru.subscribe("KRW-BTC", ["ticker"], () => {}));
    yield* Effect.promise(() => new Promise(setImmediate));
    assert.deepStrictEqual(subscription.status(), { state: "failed", delivered: 0, callbackErrors: 0, error });
  }),
);

it.effect("the promise door gives changes, puts them together, and throws where one is missing", () =>
  Effect.gen(function* () {
    const stub = stubOf(() => Effect.die("REST is not asked"));
    const values = ["1", "2", "3"].map((price, at) => ticker(price, at));
    stub.events = Stream.fromIterable(values.map((value) => ({ _tag: "Live", market: value.market, value })));
    const naru = yield* Effect.acquireRelease(
      Effect.promise(() => makeClient(routerOver(stub))),
      (client) => Effect.promise(() => client.close()),
    );
    const deltas = yield* Effect.promise(async () => {
      const all: Array<Delta<"ticker">> = [];
      for await (const delta of naru.streamTickerDeltas("KRW-BTC")) all.push(delta);
      return all;
    });
    let held: Held<"ticker"> | undefined;
    for (const delta of deltas) held = naru.applyDelta(held, delta);
    assert.deepStrictEqual(held?.value, values[2]);
    const [first, , third] = deltas;
    assert(first !== undefined && third !== undefined);
    assert.throws(() => naru.applyDelta(naru.applyDelta(undefined, first), third), /resnapshot/);
  }),
);
