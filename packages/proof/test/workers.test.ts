/** What becomes of the whole client when a fiber behind its back crashes and goes on crashing: nothing ends without a word, and nothing goes on without it. */
import { assert, describe, it } from "@effect/vitest";
import { type AlertSink, AlertSinks } from "@naru/router/alerts/AlertSink";
import { ModeControl } from "@naru/router/fallback/ModeControl";
import { getTicker, health, streamTradesEvents } from "@naru/router/MarketData";
import { LinkObserver } from "@naru/router/stream/Subscriptions";
import { Sim } from "@naru/sim";
import { Effect, Fiber, Layer, Logger, Stream } from "effect";
import { TestClock } from "effect/testing";

const bug = (): never => {
  throw new Error("a bug of somebody else");
};

const seconds = (count: number) => Effect.repeat(TestClock.adjust("1 second"), { times: count - 1 });

/** How often each worker crashed, as the log says. */
const crashes = () => {
  const counted: Array<string> = [];
  const logger = Logger.make<unknown, void>(({ message }) => {
    const name = /^The worker "(.+)" /.exec(String(Array.isArray(message) ? message[0] : message))?.[1];
    if (name !== undefined) counted.push(name);
  });
  return { counted, layer: Logger.layer([logger]) };
};

describe("a fiber that crashes behind everybody's back", () => {
  it.effect("is begun again five times, then told of, and the router that cannot do without it is given up and built afresh (E14)", () => {
    const ill = { link: false, sink: true };
    const sink: AlertSink = { name: "broken", send: () => (ill.sink ? bug() : Effect.void) };
    const log = crashes();
    const broken = Layer.mergeAll(
      Layer.succeed(AlertSinks, [sink]),
      Layer.succeed(LinkObserver, () => (ill.link ? bug() : undefined)),
      log.layer,
    );
    const config = { auditEveryMs: 0, tickerAuditEveryMs: 0, candleAuditEveryMs: 0 };
    return Effect.gen(function* () {
      const control = yield* ModeControl;
      const told: Array<string> = [];
      const following = yield* Effect.forkChild(
        Stream.runForEach(streamTradesEvents("KRW-BTC"), ({ _tag }) => Effect.sync(() => void told.push(_tag))),
      );
      yield* seconds(5);
      assert.strictEqual((yield* health).status, "healthy");

      // Every word of the socket's state crashes the fiber that has to say it.
      ill.link = true;
      yield* Sim.cutSockets;
      yield* seconds(5);
      assert.deepInclude((yield* health).workers[0], { name: "socket 1", state: "restarting" });
      yield* seconds(45);
      assert.strictEqual(log.counted.filter((name) => name === "socket 1").length, 6);
      assert.strictEqual(control.mode(), "fallback");
      assert.match(control.status().reason ?? "", /the worker "socket 1" has failed: Error: a bug of somebody else/);
      const answering = yield* Effect.forkChild(getTicker("KRW-BTC"));
      yield* seconds(1);
      assert.isFalse((yield* Fiber.join(answering)).provenance.stale);

      // The bug is over: a router is built and trusted again, and the stream, which went on over the direct socket, returns to it.
      ill.link = false;
      yield* seconds(400);
      assert.strictEqual(control.mode(), "normal");
      assert.isUndefined(following.pollUnsafe());
      assert.strictEqual(told.at(-1), "Live");
      // Each alert crashed the fiber that hands them to this sink, and the next was handed over all the same.
      assert.isAbove(log.counted.filter((name) => name === "alerts to broken").length, 1);
      assert.deepStrictEqual(
        (yield* health).workers.filter(({ name }) => name.startsWith("socket")),
        [],
      );
    }).pipe(Effect.provide(Sim.layerTest({ seed: 14, config }).pipe(Layer.provide(broken))));
  });
});
