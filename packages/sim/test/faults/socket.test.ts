import { assert, describe, it } from "@effect/vitest";
import { type Socket, Transport } from "@naru/router/transport/Transport";
import { Effect, Exit, Layer, Scope } from "effect";
import { TestClock } from "effect/testing";
import { Exchange, layerMemoryTransport, Script } from "../../src/index.ts";
import { NaiveSocket, passing } from "./naive.ts";
import { type SocketCase, socketCases, subscription, type Watched } from "./socketCases.ts";

const layer = layerMemoryTransport().pipe(Layer.provideMerge(Exchange.layer({ seed: 1 })));

const made = Array.from({ length: 10 }, (_, i) => 96_000_000 + i * 1_000);

/** Opens, subscribes, and watches ten trades. */
const watch = (one: SocketCase, withFault: boolean) =>
  Effect.gen(function* () {
    const transport = yield* Transport;
    const socket = new NaiveSocket();
    const switchOn = withFault ? Script.fault(one.fault) : Effect.void;
    yield* Script.halt;
    if (one.begins === "connect") yield* switchOn;
    const opening = transport.socket("ws://sim/websocket/v1", socket.handlers);
    const opened = yield* passing(
      Effect.match(opening, {
        onFailure: (refused): { readonly refused: Watched["refused"]; readonly link?: Socket } => ({ refused }),
        onSuccess: (link) => ({ refused: undefined, link }),
      }),
    );
    if (one.begins === undefined || one.begins === "subscribe") yield* switchOn;
    const say = (use: (link: Socket) => Effect.Effect<void, unknown>) =>
      opened.link === undefined ? Effect.void : Effect.ignore(use(opened.link));
    yield* say((link) => link.send(subscription(one)));
    yield* TestClock.adjust("1 second");
    const seenAt: Array<number> = [];
    for (const [i, price] of made.entries()) {
      yield* Script.trade("KRW-BTC", { price });
      yield* TestClock.adjust("100 millis");
      seenAt.push(socket.messages.length);
      yield* TestClock.adjust("900 millis");
      if (i !== 4) continue;
      if (one.begins === "middle") yield* switchOn;
      yield* say((link) => link.ping);
    }
    yield* TestClock.adjust("10 seconds");
    return { socket, made, seenAt, refused: opened.refused } satisfies Watched;
  });

const words = ({ fault, begins = "subscribe" }: SocketCase): string => `${JSON.stringify(fault)} from ${begins} on`;

describe("a fault harms a client that trusts its socket, and the ledger says which it was", () => {
  for (const one of socketCases) {
    it.effect(words(one), () =>
      Effect.gen(function* () {
        const { ledger } = yield* Exchange;
        const control = yield* Effect.provide(watch(one, false), Layer.fresh(layer));
        assert.throws(() => one.harm(control), undefined, undefined, "the harm is there without the fault");
        one.harm(yield* watch(one, true));
        const fired = ledger.faults(one.fault.verb);
        assert.isNotEmpty(fired);
        assert.match(fired[0]?.on ?? "", /connection 1$|^GET \/websocket\/v1$/);
      }).pipe(Effect.provide(layer)),
    );
  }
});

describe("without a fault", () => {
  it.effect("the same watch shows every trade, in order, at its time, and a pong", () =>
    Effect.gen(function* () {
      const watched = yield* watch({ fault: { verb: "hang" }, harm: () => {} }, false);
      assert.deepStrictEqual(watched.socket.prices, made);
      assert.deepStrictEqual(watched.seenAt, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      assert.deepStrictEqual([watched.socket.pongs, watched.socket.closes, watched.socket.broken], [1, [], 0]);
      assert.deepStrictEqual((yield* Exchange).ledger.faults(), []);
    }).pipe(Effect.provide(layer)),
  );
});

describe("a close frame that stays unanswered", () => {
  it.effect("keeps a client waiting that waits for the answer, until it goes by force", () =>
    Effect.gen(function* () {
      const exchange = yield* Exchange;
      const socket = new NaiveSocket();
      const scope = yield* Scope.make();
      yield* passing(Scope.provide((yield* Transport).socket("ws://sim/websocket/v1", socket.handlers), scope));
      yield* Script.fault({ verb: "close-unanswered" });
      const began = yield* exchange.now;
      yield* passing(Scope.close(scope, Exit.void));
      assert.isAtLeast((yield* exchange.now) - began, 1_000);
      assert.deepStrictEqual(socket.closes, [{ code: 1006, reason: "" }]);
      assert.deepStrictEqual(
        exchange.ledger.faults("close-unanswered").map(({ on }) => on),
        ["connection 1"],
      );
    }).pipe(Effect.provide(layer)),
  );
});
