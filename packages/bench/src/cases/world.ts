/**
 * How many worlds a core runs in a second: a world is 60 virtual seconds of five markets with three consumers (tickers, trades, order books) and
 * one cut of every socket in the middle, each with a seed of its own, under a virtual clock and with nothing on a network. The candidate is
 * the whole product; the base takes the same exchange's frames off the in-memory transport and looks at none, so that the ratio says what
 * the product costs on top of the emulated exchange.
 */
import { streamOrderbookEvents, streamTickerEvents, streamTradesEvents } from "@naru/router/MarketData";
import type { StreamElement } from "@naru/router/domain/StreamElement";
import type { Trade } from "@naru/router/domain/Trade";
import { Transport } from "@naru/router/transport/Transport";
import { defaultOriginMs, Exchange, layerMemoryTransport, Sim } from "@naru/sim";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Stream from "effect/Stream";
import * as TestClock from "effect/testing/TestClock";
import type { Case, Reading, Side } from "../Case.ts";
import { subscription } from "./modelFrames.ts";

const markets = ["KRW-BTC", "KRW-ETH", "KRW-XRP", "KRW-SOL", "KRW-DOGE"];
const types = [{ type: "ticker" }, { type: "trade" }, { type: "orderbook", suffix: ".15" }] as const;

/** Enough for the code to be compiled; real runs have thousands. */
const warmWorlds = 5;
const worlds = 15;

/** One day of history and the hours since midnight: with a year of it, most of a world would be the search for the highest price of 52 weeks. */
const historyStartMs = defaultOriginMs - (defaultOriginMs % 86_400_000) - 86_400_000;

/** Half a minute, a cut, half a minute. */
const minuteWithCut = Effect.gen(function* () {
  yield* TestClock.adjust("30 seconds");
  yield* Sim.cutSockets;
  yield* TestClock.adjust("30 seconds");
});

/** One world of the whole product; gives the number of elements that reached a consumer. Dies when it is not what a world must be. */
const productWorld = (seed: number): Effect.Effect<number> =>
  Effect.gen(function* () {
    const { ledger } = yield* Exchange;
    const counts = { ticker: 0, orderbook: 0 };
    const trades: Array<StreamElement<Trade>> = [];
    yield* Effect.forkChild(Stream.runForEach(streamTickerEvents(markets), () => Effect.sync(() => void counts.ticker++)));
    yield* Effect.forkChild(Stream.runForEach(streamOrderbookEvents(markets), () => Effect.sync(() => void counts.orderbook++)));
    yield* Effect.forkChild(Stream.runForEach(streamTradesEvents(markets), (element) => Effect.sync(() => void trades.push(element))));
    yield* minuteWithCut;
    if (ledger.connections().length < 2) return yield* Effect.die(new Error(`seed ${seed}: no reconnect`));
    if (!trades.some(({ _tag }) => _tag === "Resumed")) return yield* Effect.die(new Error(`seed ${seed}: the trades did not resume`));
    if (!inOrder(trades)) return yield* Effect.die(new Error(`seed ${seed}: trades twice or out of order`));
    if (counts.ticker < 10 || counts.orderbook < 100) return yield* Effect.die(new Error(`seed ${seed}: ${JSON.stringify(counts)}`));
    return counts.ticker + counts.orderbook + trades.length;
  }).pipe(Effect.provide(Sim.layerTest({ seed, historyStartMs }).pipe(Layer.provideMerge(TestClock.layer()))), Effect.scoped);

/** Whether every market's trades come once and with rising ids. */
const inOrder = (elements: ReadonlyArray<StreamElement<Trade>>): boolean => {
  const last = new Map<string, bigint>();
  return elements.every((element) => {
    if (element._tag !== "Live" && element._tag !== "Recovered") return true;
    const id = BigInt(element.value.id);
    const before = last.get(element.market);
    last.set(element.market, id);
    return before === undefined || id > before;
  });
};

/** The same minute of the exchange alone: its frames are taken and thrown away. */
const bareWorld = (seed: number): Effect.Effect<number> =>
  Effect.gen(function* () {
    const transport = yield* Transport;
    let frames = 0;
    const handlers = { onFrame: () => void frames++, onReadEnd: () => {}, onPong: () => {}, onClose: () => {} };
    const life = Effect.gen(function* () {
      const socket = yield* transport.socket("ws://sim/websocket/v1", handlers);
      yield* socket.send(subscription(types, markets, "DEFAULT"));
      return yield* Effect.never;
    }).pipe(Effect.scoped);
    yield* Effect.forkChild(life);
    yield* TestClock.adjust("30 seconds");
    yield* Sim.cutSockets;
    const before = frames;
    yield* Effect.forkChild(life);
    yield* TestClock.adjust("30 seconds");
    if (before < 100 || frames - before < before / 2) return yield* Effect.die(new Error(`seed ${seed}: ${frames} frames`));
    return frames;
  }).pipe(
    Effect.provide(
      layerMemoryTransport().pipe(Layer.provideMerge(Exchange.layer({ seed, historyStartMs })), Layer.provideMerge(TestClock.layer())),
    ),
    Effect.scoped,
    Effect.orDie,
  );

const run = async (side: Side): Promise<Reading> => {
  const world = side === "base" ? bareWorld : productWorld;
  for (let seed = 1; seed <= warmWorlds; seed++) await Effect.runPromise(world(seed));
  const before = process.cpuUsage();
  let work = 0;
  for (let seed = 1; seed <= worlds; seed++) work += await Effect.runPromise(world(1_000 + seed));
  const { user, system } = process.cpuUsage(before);
  return { figures: { worlds: worlds / ((user + system) / 1e6) }, work };
};

export const subject: Case = {
  name: "world",
  about: "worlds per second of CPU: 60 virtual seconds, 5 markets, 3 consumers, one cut",
  base: "the emulated exchange alone, its frames thrown away",
  candidate: "the whole product over it",
  figures: [{ name: "worlds", unit: "worlds per CPU second", better: "higher" }],
  isolation: "child",
  run,
};
