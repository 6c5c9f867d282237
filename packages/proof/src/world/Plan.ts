/**
 * What happens in a world, drawn from its seed alone and before it begins: markets, network, three consumers and the faults. Every seed draws
 * its own mix (a "swarm"), so that rare combinations come up without anyone thinking of them. A plan is plain data and prints as one line.
 */
import type { Chance } from "./engine/Chance.ts";
import { drawFault, type PlannedFault } from "./PlannedFault.ts";

export interface WorldPlan {
  readonly seed: number;
  readonly markets: ReadonlyArray<string>;
  readonly restLatencyMs: number;
  readonly connectLatencyMs: number;
  readonly limitMode: "sliding" | "fixed";
  /** Midnights of history before the day the world begins in. */
  readonly historyDays: number;
  readonly consumers: ReadonlyArray<ConsumerPlan>;
  readonly faults: ReadonlyArray<PlannedFault>;
}

interface Common {
  readonly startMs: number;
  /** Leaves early. */
  readonly leaveMs?: number | undefined;
}

export type ConsumerPlan = Common &
  (
    | { readonly kind: "trades"; readonly markets: ReadonlyArray<string>; readonly pauseMs: number }
    | { readonly kind: "ticker"; readonly markets: ReadonlyArray<string>; readonly pauseMs: number }
    | { readonly kind: "orderbook"; readonly markets: ReadonlyArray<string>; readonly levels: number }
    | { readonly kind: "candles"; readonly markets: ReadonlyArray<string>; readonly interval: "1s" | "1m" }
    | {
        readonly kind: "asker";
        /** `burst`: many different questions at once. */
        readonly question: "ticker" | "tickers" | "orderbook" | "trades" | "candles" | "burst";
        readonly markets: ReadonlyArray<string>;
        readonly everyMs: number;
        readonly realtime: boolean;
        readonly context: "realtime_trading" | "monitoring";
        readonly deadlineMs: number;
      }
  );

/** A world lasts this long; its faults lie in the first half, so that the second shows the recovery. */
export const worldMs = 60_000;
/** The market falls quiet here. */
export const quietMs = 52_000;
const faultsUntilMs = 28_000;

/** Trades happen about every 3 s in these. */
const busy = ["KRW-BTC", "KRW-ETH", "KRW-XRP", "KRW-SOL", "KRW-DOGE"];
/** Seconds to many minutes apart. */
const quiet = ["KRW-USDT", "KRW-ADA", "KRW-TRX", "KRW-AVAX", "USDT-BTC", "USDT-ETH", "BTC-ETH", "BTC-XRP", "KRW-SHIB"];

export const drawPlan = (seed: number, chance: Chance): WorldPlan => {
  const markets = [...chance.sample(busy, chance.int(2, 4)), ...chance.sample(quiet, 5)].slice(0, 5);
  return {
    seed,
    markets,
    restLatencyMs: chance.pick([4, 20, 20, 60, 200]),
    connectLatencyMs: chance.pick([4, 20, 60]),
    limitMode: chance.flip(0.5) ? "sliding" : "fixed",
    historyDays: chance.flip(0.2) ? 1 : 0,
    consumers: [drawTrades(markets, chance), drawConsumer(markets, chance), drawConsumer(markets, chance)],
    faults: drawFaults(markets, chance.branch("faults")),
  };
};

/** One line that says it all. */
export const printPlan = (plan: WorldPlan): string => JSON.stringify(plan);

const drawFaults = (markets: ReadonlyArray<string>, chance: Chance): ReadonlyArray<PlannedFault> => {
  const count = chance.pick([1, 1, 1, 2, 2, 3]);
  const faults = Array.from({ length: count }, () => drawFault(markets, chance, { fromMs: 3_000, untilMs: faultsUntilMs }));
  return faults.toSorted((a, b) => a.atMs - b.atMs);
};

const drawCommon = (chance: Chance): Common => ({
  startMs: chance.flip(0.6) ? chance.int(0, 300) : chance.int(300, 15_000),
  leaveMs: chance.flip(0.2) ? chance.int(20_000, 45_000) : undefined,
});

const drawTrades = (markets: ReadonlyArray<string>, chance: Chance): ConsumerPlan => ({
  kind: "trades",
  ...drawCommon(chance),
  markets: chance.sample(markets, chance.int(1, 3)),
  pauseMs: chance.flip(0.15) ? chance.int(10, 400) : 0,
});

const drawConsumer = (markets: ReadonlyArray<string>, chance: Chance): ConsumerPlan => {
  const common = drawCommon(chance);
  switch (chance.pick(["trades", "ticker", "ticker", "orderbook", "candles", "asker", "asker", "asker"] as const)) {
    case "trades":
      return drawTrades(markets, chance);
    case "ticker":
      return {
        kind: "ticker",
        ...common,
        markets: chance.sample(markets, chance.int(1, 4)),
        pauseMs: chance.flip(0.15) ? chance.int(10, 400) : 0,
      };
    case "orderbook":
      return { kind: "orderbook", ...common, markets: chance.sample(markets.slice(1), 1), levels: chance.pick([1, 5, 15]) };
    case "candles":
      return { kind: "candles", ...common, markets: chance.sample(markets, chance.int(1, 2)), interval: chance.pick(["1s", "1m"]) };
    case "asker":
      return {
        kind: "asker",
        ...common,
        question: chance.pick(["ticker", "ticker", "ticker", "tickers", "orderbook", "trades", "candles", "burst"]),
        markets: chance.sample(markets, chance.int(1, 3)),
        everyMs: chance.pick([300, 700, 1_500, 4_000]),
        realtime: chance.flip(0.4),
        context: chance.flip(0.5) ? "realtime_trading" : "monitoring",
        deadlineMs: chance.pick([500, 2_000, 5_000]),
      };
  }
};
