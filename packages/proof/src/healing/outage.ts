/**
 * One outage in virtual time, measured: streams of trades over many markets of the emulated exchange, whose link is cut and kept away while the
 * markets trade on. What each stream was given is held against the tape, and the clock says when its hole was healed, counted from the
 * link's return.
 */
import type { Priority } from "@naru/router/domain/Question";
import type { StreamElement } from "@naru/router/domain/StreamElement";
import type { Trade } from "@naru/router/domain/Trade";
import type { MarketDataError } from "@naru/router/errors/MarketDataError";
import { getTrades, streamTradesEvents } from "@naru/router/MarketData";
import type { RouterConfigShape } from "@naru/router/RouterConfig";
import { Exchange, Sim } from "@naru/sim";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Stream from "effect/Stream";
import * as TestClock from "effect/testing/TestClock";

export interface OutageShape {
  readonly seed: number;
  readonly markets: ReadonlyArray<string>;
  /** Trades a second, over all markets. */
  readonly tradesPerSecond: number;
  readonly outageMs: number;
  readonly priorityOf?: ((market: string) => Priority) | undefined;
  readonly config?: Partial<RouterConfigShape> | undefined;
  /** Somebody asks for trades of other markets all the while. */
  readonly hasReader?: boolean | undefined;
}

/** How one market's stream came out of it. */
export interface Healed {
  readonly market: string;
  /** From the link's return to the last trade of the hole, in milliseconds; infinity when it never came. */
  readonly afterMs: number;
  readonly expected: number;
  readonly missing: number;
  readonly repeated: number;
  readonly disordered: number;
  readonly gaps: number;
}

export interface OutageReport {
  readonly healed: ReadonlyArray<Healed>;
  /** Most trade requests in any second after the link's return, by all and by healing alone (whose pages are the largest there are). */
  readonly requestsPerSecond: number;
  readonly healingPerSecond: number;
  readonly healingInTwoSeconds: number;
  /** Questions of the reader, and how many of them failed. */
  readonly asked: number;
  readonly failed: number;
}

/** After the outage, until nothing is expected any more. */
const watchMs = 90_000;

interface Seen {
  readonly element: StreamElement<Trade>;
  readonly atMs: number;
}

export const outage = (shape: OutageShape): Effect.Effect<OutageReport> => {
  const exchange = Sim.layerTest({ seed: shape.seed, config: shape.config, ledger: { frames: "off" } });
  // A script that cannot run is a mistake of this file.
  return scene(shape).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(exchange, TestClock.layer())), Effect.orDie);
};

const scene = Effect.fnUntraced(function* (shape: OutageShape) {
  const { markets, outageMs, priorityOf, tradesPerSecond } = shape;
  const { ledger } = yield* Exchange;
  const clock = yield* Clock.Clock;
  const nowMs = () => clock.currentTimeMillisUnsafe();
  const seen = new Map<string, Array<Seen>>();
  yield* Sim.halt;
  for (const market of markets) {
    const elements: Array<Seen> = [];
    seen.set(market, elements);
    yield* streamTradesEvents(market, { priority: priorityOf?.(market) }).pipe(
      Stream.runForEach((element) => Effect.sync(() => void elements.push({ element, atMs: nowMs() }))),
      Effect.forkScoped,
    );
  }
  yield* TestClock.adjust("5 seconds");
  const first = yield* Effect.forEach(markets, (market) => Sim.trade(market, { price: 1_000 }));
  yield* TestClock.adjust("1 second");
  const reader = { asked: 0, failed: 0 };
  if (shape.hasReader === true) yield* Effect.forkScoped(read(reader));
  yield* Sim.refuseUpgrades(outageMs);
  yield* Sim.cutSockets;
  const perMarket = Math.round((tradesPerSecond * outageMs) / 1_000 / markets.length);
  const prices = Array.from({ length: perMarket }, (_, at) => 1_000 + at);
  const tapes = yield* Effect.forEach(markets, (market) => Sim.path(market, prices, { every: Math.floor(outageMs / perMarket) }));
  yield* TestClock.adjust(outageMs);
  const endedAt = ledger.requests().length;
  yield* TestClock.adjust(watchMs);
  const healed = markets.map((market, at) => {
    const ids = [first[at], ...(tapes[at] ?? [])].flatMap((result) => (result === undefined ? [] : [result.id]));
    return judge(market, ids, seen.get(market) ?? []);
  });
  const after = ledger
    .requests()
    .slice(endedAt)
    .filter(({ target }) => target.includes("/trades/ticks"));
  const pages = after.flatMap(({ atMs, target }) => (target.includes("count=500") ? [atMs] : []));
  return {
    healed,
    requestsPerSecond: mostWithin(
      1_000,
      after.map(({ atMs }) => atMs),
    ),
    healingPerSecond: mostWithin(1_000, pages),
    healingInTwoSeconds: mostWithin(2_000, pages),
    ...reader,
  } satisfies OutageReport;
});

/** More questions than the limit allows, each of them another one, so that some always wait. */
const read = (reader: { asked: number; failed: number }) =>
  Effect.forEach(
    Array.from({ length: readers }, (_, at) => at),
    (at) =>
      Effect.gen(function* () {
        for (let turn = 0; ; turn++) {
          reader.asked++;
          const count = 1 + ((at + turn * readers) % 400);
          yield* Effect.catch(getTrades("BTC-ETH", { count, context: "research" }), (_: MarketDataError) =>
            Effect.sync(() => {
              reader.failed++;
            }),
          );
          yield* Effect.sleep("500 millis");
        }
      }),
    { concurrency: "unbounded", discard: true },
  );
const readers = 12;

const judge = (market: string, expected: ReadonlyArray<string>, seen: ReadonlyArray<Seen>): Healed => {
  const came = seen.flatMap(({ element, atMs }) =>
    element._tag === "Live" || element._tag === "Recovered"
      ? [{ id: element.value.id, ms: element.value.tradeTimeMs, late: element.late, atMs }]
      : [],
  );
  const ids = new Set(came.map(({ id }) => id));
  const resumedMs = seen.find(({ element }) => element._tag === "Resumed")?.atMs ?? Number.POSITIVE_INFINITY;
  const last = came.find(({ id }) => id === expected.at(-1));
  return {
    market,
    afterMs: last === undefined ? Number.POSITIVE_INFINITY : last.atMs - resumedMs,
    expected: expected.length,
    missing: expected.filter((id) => !ids.has(id)).length,
    repeated: came.length - ids.size,
    disordered: came.filter(({ ms, late }, at) => late || ms < (came[at - 1]?.ms ?? 0)).length,
    gaps: seen.filter(({ element }) => element._tag === "Gap").length,
  };
};

const mostWithin = (spanMs: number, times: ReadonlyArray<number>): number =>
  times.reduce((most, fromMs, at) => Math.max(most, times.slice(at).filter((ms) => ms < fromMs + spanMs).length), 0);
