import { assert, it } from "@effect/vitest";
import { Effect, Stream } from "effect";
import { makeClient } from "../../src/client/makeClient.ts";
import { NetworkError } from "../../src/errors/MarketDataError.ts";
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
