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
import { Clock, Effect, Layer, Logger, Stream } from "effect";
import { TestClock } from "effect/testing";
import { makeLoop, onClock } from "./ownClocks.ts";

let made = 0;

/** Streams of these markets over one socket, held up again and again; how many sockets it took, what was told beside elements, and the log's stalls. */
const heldUp = (markets: ReadonlyArray<string>, forMs: number, times: number, everyMs = (time: number) => 11_000 + 1_300 * (time % 9)) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(defaultOriginMs);
    const clock = yield* Clock.Clock;
    const loop = makeLoop(clock);
    let workMs = 0;
    const stalls: Array<number> = [];
    const host = `stalled-${++made}`;
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
        yield* TestClock.adjust(everyMs(time));
      }
      return { sockets: ledger.connections().length, told: [...told].sort(), stalls };
    }).pipe(Effect.provide(Layer.provideMerge(router, Logger.layer([stallsTo(stalls)]))));
  });

/** How long each stall was, as the log says. */
const stallsTo = (stalls: Array<number>) =>
  Logger.make<unknown, void>(({ message }) => {
    const ms = /held up for at least (\d+) ms by work of this process/.exec(String(Array.isArray(message) ? message[0] : message))?.[1];
    if (ms !== undefined) stalls.push(Number(ms));
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
            assert.deepInclude(yield* heldUp(markets, forMs, times), { sockets: 1, told: ["Live"] }, `${markets.join()} for ${forMs} ms`);
      }),
  );

  it.effect(
    "by a consumer that works for one and a half seconds, at any moment, costs nobody a link, and the log says what it was (E13)",
    () =>
      Effect.gen(function* () {
        // Every tenth of the second between two looks, and all of the time between two pings.
        const { sockets, told, stalls } = yield* heldUp(["KRW-BTC", "BTC-DOT"], 1_500, 30, (time) => 3_000 + 100 * (time % 10));
        assert.deepStrictEqual({ sockets, told }, { sockets: 1, told: ["Live"] });
        assert.lengthOf(stalls, 30);
        assert.isAtLeast(Math.min(...stalls), 500);
        assert.isAtMost(Math.max(...stalls), 1_500);
      }),
  );
});
