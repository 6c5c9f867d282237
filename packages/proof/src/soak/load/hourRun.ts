/**
 * Hours of questions at a hundred times what is usual, in virtual time, in the process that is measured: the whole product over the emulated exchange, which
 * enforces its limits and counts. Questions of every kind go all over the markets, tickers of all of them are streamed, and most of what is asked needs a
 * request of its own, many times more than the limits allow: they must be kept, and what cannot be answered must fail in time and leave nothing.
 */
import { getCandles, getOrderbook, getTicker, getTrades, type MarketData, streamTickerEvents } from "@naru/router/MarketData";
import type { MarketDataError } from "@naru/router/errors/MarketDataError";
import { Exchange, Sim } from "@naru/sim";
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import { Chance } from "../../world/engine/Chance.ts";
import { heapAfterCollection } from "../measured.ts";
import { runVirtual } from "../runVirtual.ts";
import { growthPercent } from "./LoadTally.ts";

export interface HourOptions {
  readonly markets: number;
  readonly questionsPerSecond: number;
  /** Of virtual time. */
  readonly minutes: number;
  /** Of virtual time between two looks at the heap. */
  readonly lookSeconds: number;
}

export interface Hour {
  readonly asked: number;
  readonly answered: number;
  /** By the tag of the error. */
  readonly failed: Readonly<Record<string, number>>;
  /** The longest that a question took to be answered or to fail, in milliseconds of virtual time. */
  readonly longestMs: number;
  readonly tickers: number;
  /** As the exchange's own ledger has it. */
  readonly restRequests: number;
  readonly refused: number;
  readonly connections: number;
  readonly mostPerSecond: Readonly<Record<string, number>>;
  readonly heapGrowthPercent: number;
  readonly heapMiB: number;
  readonly left: { readonly fibers: number; readonly sleeps: number; readonly sockets: number };
}

/** Markets as lively as they are by themselves: it is the questions that are many. */
const marketRate = 1;

export const hourHere = async ({ markets, questionsPerSecond, minutes, lookSeconds }: HourOptions): Promise<Hour> => {
  const chance = new Chance(60);
  let exchange: Exchange["Service"] | undefined;
  const program = Effect.gen(function* () {
    exchange = yield* Exchange;
    const here = exchange;
    const codes = exchange.world.markets.map(({ code }) => code);
    let tickers = 0;
    yield* Effect.forkScoped(
      Stream.runForEach(streamTickerEvents(codes), ({ _tag }) => Effect.sync(() => void (tickers += _tag === "Live" ? 1 : 0))),
    );
    yield* Effect.sleep("5 seconds");
    const counts = { asked: 0, answered: 0, longestMs: 0 };
    const failed: Record<string, number> = {};
    const heaps: Array<number> = [];
    const one = Effect.gen(function* () {
      counts.asked++;
      const began = yield* here.now;
      const outcome = yield* Effect.result(question(chance, codes));
      counts.longestMs = Math.max(counts.longestMs, (yield* here.now) - began);
      if (outcome._tag === "Success") counts.answered++;
      else failed[outcome.failure._tag] = (failed[outcome.failure._tag] ?? 0) + 1;
    });
    const steps = (minutes * 60) / lookSeconds;
    const everyMs = 100;
    for (let step = 0; step < steps; step++) {
      for (let at = 0; at < lookSeconds * 1_000; at += everyMs) {
        for (let i = 0; i < (questionsPerSecond * everyMs) / 1_000; i++) yield* Effect.forkChild(one);
        yield* Effect.sleep(everyMs);
      }
      // The exchange's own memories of minutes that passed fill for hours; they are not what is measured.
      exchange.world.forgetMade();
      heaps.push(heapAfterCollection());
      console.error(
        `  ${((step + 1) * lookSeconds) / 60} of ${minutes} minutes: ${counts.asked} asked, ${counts.answered} answered, heap ${Math.round((heaps.at(-1) ?? 0) / 2 ** 20)} MiB`,
      );
    }
    // The last deadlines.
    yield* Effect.sleep("20 seconds");
    const { ledger } = exchange;
    return {
      ...{ ...counts, failed, tickers, restRequests: ledger.restCount(), refused: ledger.rejected },
      connections: ledger.counters()["connection"] ?? 0,
      mostPerSecond: Object.fromEntries(ledger.groups().map((group) => [group, ledger.maxInWindow(group, 1_000)])),
      heapGrowthPercent: growthPercent(heaps),
      heapMiB: (heaps.at(-1) ?? Number.NaN) / 2 ** 20,
    };
  });
  const layer = Sim.layerTest({
    ...{ seed: 60, markets: { count: markets, rate: marketRate }, ledgerCapacity: 100, ledger: { frames: "off" } },
    network: { restLatencyMs: 30 },
  });
  const { value, fibers, sleeps } = await runVirtual(60, Effect.scoped(program).pipe(Effect.provide(layer)));
  return { ...value, left: { fibers, sleeps, sockets: exchange?.openSockets ?? Number.NaN } };
};

/** Of any kind and market; half of them must be read over REST. */
const question = (chance: Chance, codes: ReadonlyArray<string>): Effect.Effect<unknown, MarketDataError, MarketData> => {
  const market = chance.pick(codes);
  const intent = chance.int(0, 1) === 0 ? ({ strategy: "rest_only" } as const) : {};
  return chance.pick<() => Effect.Effect<unknown, MarketDataError, MarketData>>([
    () => getTicker(market, intent),
    () => getOrderbook(market, intent),
    () => getTrades(market, { ...intent, count: 5 }),
    () => getCandles(market, "1m", { ...intent, count: 5 }),
  ])();
};
