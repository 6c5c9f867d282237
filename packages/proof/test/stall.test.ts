/** An event loop that is held up by a long piece of work: what came meanwhile lies unread, and is read before anything is called dead. */
import { assert, describe, it } from "@effect/vitest";
import { streamTickerEvents, streamTradesEvents } from "@naru/router/MarketData";
import * as RouterConfig from "@naru/router/RouterConfig";
import * as Supervisor from "@naru/router/Supervisor";
import { HostClock } from "@naru/router/transport/Awake";
import { Transport } from "@naru/router/transport/Transport";
import { defaultOriginMs, Exchange } from "@naru/sim";
import { profiles } from "@naru/upbit/profiles";
import { layerOf } from "@naru/upbit/UpbitVenue";
import { Clock, Effect, Layer, Stream } from "effect";
import { TestClock } from "effect/testing";
import { makeLoop, onClock } from "./ownClocks.ts";

/** Streams of these markets over one socket, held up again and again; how many sockets it took, and what was told beside elements. */
const heldUp = (markets: ReadonlyArray<string>, forMs: number, times: number) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(defaultOriginMs);
    const clock = yield* Clock.Clock;
    const loop = makeLoop(clock);
    let workMs = 0;
    const host = `stalled-${markets.length}-${forMs}`;
    const profile = { ...profiles.upbit, restUrl: `http://${host}/v1`, socketUrl: `ws://${host}/websocket/v1`, host, simulated: true };
    const exchange = onClock(clock).pipe(Layer.provideMerge(Exchange.layer({ seed: 5 })));
    const network = Layer.effect(Transport, Effect.map(Transport, loop.transport)).pipe(Layer.provideMerge(exchange));
    const router = Supervisor.layer.pipe(
      Layer.provide(Layer.merge(layerOf(profile), RouterConfig.layer({ auditEveryMs: 0, tickerAuditEveryMs: 0 }))),
      Layer.provide(
        Layer.mergeAll(
          Layer.succeed(Clock.Clock, loop.clock),
          Layer.succeed(HostClock, () => ({ bootMs: undefined, cpuMs: workMs })),
        ),
      ),
      Layer.provideMerge(network),
    );
    return yield* Effect.gen(function* () {
      const { ledger } = yield* Exchange;
      const told = new Set<string>();
      const look = ({ _tag }: { readonly _tag: string }) => Effect.sync(() => void told.add(_tag));
      yield* Effect.forkChild(Stream.runForEach(streamTickerEvents(markets), look));
      yield* Effect.forkChild(Stream.runForEach(streamTradesEvents(markets), look));
      yield* TestClock.adjust("40 seconds");
      for (let time = 0; time < times; time++) {
        yield* loop.holdUp(
          Effect.andThen(
            TestClock.adjust(forMs),
            Effect.sync(() => void (workMs += forMs)),
          ),
        );
        // At another moment between two pings each time.
        yield* TestClock.adjust(11_000 + 1_300 * (time % 9));
      }
      return { sockets: ledger.connections().length, told: [...told].sort() };
    }).pipe(Effect.provide(router));
  });

describe("an event loop that is held up", () => {
  it.effect(
    "for a tenth of a second, one and a half, or ten, costs no link: it is looked at once more before it is called dead (I03)",
    () =>
      Effect.gen(function* () {
        for (const markets of [["BTC-DOT"], ["KRW-BTC", "KRW-ETH", "KRW-XRP"]])
          for (const [forMs, times] of [
            [100, 2],
            [1_500, 2],
            [10_000, 6],
          ] as const)
            assert.deepStrictEqual(
              yield* heldUp(markets, forMs, times),
              { sockets: 1, told: ["Live"] },
              `${markets.join()} for ${forMs} ms`,
            );
      }),
  );
});
