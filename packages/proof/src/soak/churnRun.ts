/**
 * The churn itself, in the process that is measured: questions, then streams that come and go, then a link that is cut and comes back, all in
 * virtual time.
 */
import type { StreamElement } from "@naru/router/domain/StreamElement";
import type { MarketDataError } from "@naru/router/errors/MarketDataError";
import {
  getCandles,
  getOrderbook,
  getTicker,
  getTrades,
  health,
  type MarketData,
  streamTickerEvents,
  streamTradesEvents,
} from "@naru/router/MarketData";
import { Exchange, Script, Sim } from "@naru/sim";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Latch from "effect/Latch";
import * as Stream from "effect/Stream";
import { Chance } from "../world/engine/Chance.ts";
import { activeResources, activeResourcesSince, heapAfterCollection } from "./measured.ts";
import { runVirtual } from "./runVirtual.ts";
import { streamKinds } from "./streamKinds.ts";

export interface ChurnOptions {
  /** Questions asked. */
  readonly questions: number;
  /** Streams opened and closed. */
  readonly cycles: number;
  /** Links cut and made anew. */
  readonly reconnects: number;
}

export interface Churn {
  /** Bytes of heap after a collection: when a fifth is done, and at the end, of each part. */
  readonly asking: readonly [warm: number, end: number];
  readonly cycling: readonly [warm: number, end: number];
  readonly reconnecting: readonly [warm: number, end: number];
  /** Fibers alive at the same six moments. */
  readonly fibers: ReadonlyArray<number>;
  /** Questions answered and REST requests sent while they were asked. */
  readonly answered: number;
  readonly restRequests: number;
  /** Streams opened, subscriptions the exchange received, and links it counted. */
  readonly opened: number;
  readonly requests: number;
  readonly connections: number;
  readonly reconnectsTold: number;
  /** Left when everything is closed. */
  readonly left: { readonly fibers: number; readonly sleeps: number; readonly sockets: number; readonly resources: ReadonlyArray<string> };
}

const kept = ["BTC-XRP", "BTC-SOL"];
const pool = ["BTC-ETH", "BTC-ADA", "BTC-LINK", "BTC-DOT", "USDT-SOL", "USDT-DOGE", "USDT-ADA", "KRW-DOT", "KRW-ATOM", "KRW-SAND"];

export const churnHere = async ({ questions, cycles, reconnects }: ChurnOptions): Promise<Churn> => {
  const before = activeResources();
  const chance = new Chance(19);
  let exchange: Exchange["Service"] | undefined;
  let fibers: () => number = () => 0;
  const program = Effect.gen(function* () {
    exchange = yield* Exchange;
    // Without trades the market's past does not grow, and all growth is the client's.
    yield* Script.halt;
    const resumed = yield* Latch.make(false);
    const look = ({ _tag }: StreamElement<unknown>) => Effect.sync(() => void (_tag === "Resumed" && resumed.openUnsafe()));
    yield* Effect.forkScoped(Stream.runForEach(streamTickerEvents(kept), look));
    yield* Effect.forkScoped(Stream.runDrain(streamTradesEvents(kept)));
    yield* Effect.sleep("5 seconds");
    // What a stream or a link started is over when everything has come to rest.
    const measure = Effect.andThen(
      Effect.sleep("5 seconds"),
      Effect.sync(() => ({ heap: heapAfterCollection(), fibers: fibers() })),
    );
    const inTwo = (count: number, once: Effect.Effect<void, unknown, Exchange | MarketData>) =>
      Effect.gen(function* () {
        const warmUp = Math.floor(count / 5);
        for (let i = 0; i < warmUp; i++) yield* once;
        const warm = yield* measure;
        for (let i = warmUp; i < count; i++) yield* once;
        return [warm, yield* measure] as const;
      });
    let answered = 0;
    const asked = yield* inTwo(
      questions,
      Effect.tap(question(chance), () => Effect.sync(() => void answered++)),
    );
    const restRequests = exchange.ledger.restCount();
    const cycled = yield* inTwo(cycles, cycle(chance));
    const cut = Effect.gen(function* () {
      resumed.closeUnsafe();
      yield* Script.cutSockets;
      yield* resumed.await;
      yield* Effect.sleep("1 second");
    });
    const reconnected = yield* inTwo(reconnects, cut);
    const { ledger } = exchange;
    return {
      asking: [asked[0].heap, asked[1].heap] as const,
      answered,
      restRequests,
      cycling: [cycled[0].heap, cycled[1].heap] as const,
      reconnecting: [reconnected[0].heap, reconnected[1].heap] as const,
      fibers: [...asked, ...cycled, ...reconnected].map((measured) => measured.fibers),
      opened: cycles,
      requests: ledger.frameCount("in", "request"),
      connections: ledger.counters()["connection"] ?? 0,
      reconnectsTold: (yield* health).link.reconnects,
    };
  });
  // Audits come and go by the clock, and would be counted when they happen to be under way.
  // A link counts as stable at once: else ten thousand cuts would be ten thousand of the longest waits, days in which nothing else happens.
  const config = { auditEveryMs: 0, tickerAuditEveryMs: 0, candleAuditEveryMs: 0, stableAfterMs: 500 };
  const layer = Sim.layerTest({ seed: 19, ledgerCapacity: 100, ledger: { frames: "off" }, config });
  const run = await runVirtual(19, Effect.scoped(program).pipe(Effect.provide(layer)), {
    onStart: (engine) => {
      fibers = () => engine.left.fibers;
    },
  });
  const { fibers: fibersLeft, sleeps } = run;
  return {
    ...run.value,
    left: { fibers: fibersLeft, sleeps, sockets: exchange?.openSockets ?? Number.NaN, resources: activeResourcesSince(before) },
  };
};

/** One question of some kind and market. They come so slowly that the limit has room for all that memory does not answer. */
const question = (chance: Chance) =>
  Effect.suspend(() => {
    const market = chance.pick(pool);
    const asked = chance.pick<() => Effect.Effect<unknown, MarketDataError, MarketData>>([
      () => getTicker(market),
      () => getOrderbook(market),
      () => getTrades(market, { count: 5 }),
      () => getCandles(market, "1m", { count: 5 }),
    ]);
    return Effect.andThen(asked(), Effect.sleep(50));
  });

/** One stream of some kind and market, for some moments: often too few for its subscription to be sent. */
const cycle = (chance: Chance) =>
  Effect.gen(function* () {
    const [, open] = chance.pick(streamKinds);
    const fiber = yield* Effect.forkChild(Stream.runDrain(open(chance.pick(pool))));
    yield* Effect.sleep(chance.int(0, 120));
    yield* Fiber.interrupt(fiber);
  });
