/** The crashes themselves, in the process that is measured: consumers that throw, and some that take one element and no other, beside good ones. */
import type { StreamElement } from "@naru/router/domain/StreamElement";
import type { Trade } from "@naru/router/domain/Trade";
import { streamTickerEvents, streamTrades, streamTradesEvents, subscribe } from "@naru/router/MarketData";
import { Exchange, Script, Sim } from "@naru/sim";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Latch from "effect/Latch";
import * as Stream from "effect/Stream";
import { Truth } from "../world/Truth.ts";
import { Chance } from "../world/engine/Chance.ts";
import { activeResources, activeResourcesSince, heapAfterCollection } from "./measured.ts";
import { runVirtual } from "./runVirtual.ts";
import { TradeAccount } from "./TradeAccount.ts";

export interface CrashesOptions {
  readonly crashes: number;
  readonly stuck: number;
  /** The same run in which nobody crashes and nobody is stuck: what the heap is held against. */
  readonly isCalm: boolean;
}

export interface Crashes {
  readonly crashed: number;
  /** Calls of a callback that threw, its stream going on. */
  readonly callbackErrors: number;
  /** Of the stuck ones: how many were told by an error that they are too slow. */
  readonly tooSlow: number;
  /** Of each good consumer. */
  readonly good: ReadonlyArray<{ readonly delivered: number; readonly missing: number; readonly problems: ReadonlyArray<string> }>;
  readonly connections: number;
  /** Bytes after a collection: with the buffers of the stuck full, and when all have crashed as well. */
  readonly heap: { readonly full: number; readonly crashed: number };
  readonly left: { readonly fibers: number; readonly sleeps: number; readonly sockets: number; readonly resources: ReadonlyArray<string> };
}

const markets = ["KRW-BTC", "KRW-ETH", "KRW-XRP"];
/** Together some twenty trades a second. */
const rates = { "KRW-BTC": 600, "KRW-ETH": 300, "KRW-XRP": 300 };
/** Of a stuck consumer; it is full after half a minute. */
const stuckBuffer = 512;
const fillMs = 90_000;

export const crashHere = async ({ crashes, stuck, isCalm }: CrashesOptions): Promise<Crashes> => {
  const before = activeResources();
  const chance = new Chance(35);
  let exchange: Exchange["Service"] | undefined;
  const program = Effect.gen(function* () {
    exchange = yield* Exchange;
    const clock = yield* Clock.Clock;
    const truth = new Truth(exchange);
    const accounts = [0, 1, 2].map(() => new TradeAccount(truth, markets));
    yield* goodOnes(accounts);
    const freed = yield* Latch.make(false);
    let tooSlow = 0;
    const stuckOne = Stream.runForEach(streamTradesEvents(markets, { bufferSize: stuckBuffer }), () => freed.await).pipe(
      Effect.catchTag("SlowConsumer", () => Effect.sync(() => void tooSlow++)),
    );
    for (let i = 0; i < (isCalm ? 0 : stuck); i++) yield* Effect.forkScoped(stuckOne);
    const loud = yield* subscribe(markets, ["ticker"], () => {
      throw new Error("a callback that throws every time");
    });
    yield* Effect.sleep(fillMs);
    const full = heapAfterCollection();
    let crashed = 0;
    for (let i = 0; i < crashes; i++) {
      const one = Effect.onExit(crashing(chance.int(1, 12), i), () => Effect.sync(() => void crashed++));
      if (!isCalm) yield* Effect.forkScoped(one);
      yield* Effect.sleep(chance.int(0, 200));
    }
    yield* Effect.sleep("20 seconds");
    const heapWhenCrashed = heapAfterCollection();
    freed.openUnsafe();
    const endMs = exchange.nowOf(clock);
    yield* Script.halt;
    yield* Effect.sleep("5 seconds");
    const { callbackErrors, state } = loud.status();
    return {
      crashed,
      callbackErrors: state === "running" ? callbackErrors : 0,
      tooSlow,
      good: accounts.map((account) => ({
        delivered: account.delivered,
        missing: account.missingUpTo(endMs).count,
        problems: account.problems,
      })),
      connections: exchange.ledger.counters()["connection"] ?? 0,
      heap: { full, crashed: heapWhenCrashed },
    };
  });
  const layer = Sim.layerTest({ seed: 35, markets: { rates }, ledgerCapacity: 100, ledger: { frames: "off" } });
  const { value, fibers, sleeps } = await runVirtual(35, Effect.scoped(program).pipe(Effect.provide(layer)));
  return { ...value, left: { fibers, sleeps, sockets: exchange?.openSockets ?? Number.NaN, resources: activeResourcesSince(before) } };
};

/** One by elements, one by values, one by callback. */
const goodOnes = Effect.fnUntraced(function* (accounts: ReadonlyArray<TradeAccount>) {
  const [elements, values, called] = accounts;
  const take = (element: StreamElement<Trade>) => Effect.sync(() => elements?.element(element));
  yield* Effect.forkScoped(Stream.runForEach(streamTradesEvents(markets), take));
  yield* Effect.forkScoped(Stream.runForEach(streamTrades(markets), (trade) => Effect.sync(() => values?.trade(trade))));
  yield* subscribe(markets, ["trades"], ({ kind, element }) => {
    if (kind === "trades") called?.element(element);
  });
});

/** Fails, or dies, at its so-manieth element. */
const crashing = (at: number, index: number) => {
  let seen = 0;
  const boom = () =>
    Effect.suspend(() => (++seen < at ? Effect.void : index % 2 === 0 ? Effect.fail("crash") : Effect.die(new Error("crash"))));
  return index % 3 === 0 ? Stream.runForEach(streamTickerEvents(markets), boom) : Stream.runForEach(streamTradesEvents(markets), boom);
};
