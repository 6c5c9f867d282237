/** The long form of what the tests show of healing: other seeds, more markets, longer outages, with and without polling meanwhile. */
import * as Effect from "effect/Effect";
import { type OutageReport, type OutageShape, outage } from "./outage.ts";

/** KRW markets of the emulated exchange; those that trade most come first. */
export const krwMarkets: ReadonlyArray<string> = [
  ...["BTC", "ETH", "XRP", "SOL", "DOGE", "USDT", "ADA", "TRX", "AVAX", "LINK", "BCH"],
  ...["ETC", "SUI", "XLM", "HBAR", "SHIB", "PEPE", "DOT", "ATOM", "SAND", "SEI", "ZIL"],
].map((base) => `KRW-${base}`);

/** The outage that must be healed within 15 s: 60 s at 300 trades/s over 20 markets. */
export const promised: OutageShape = { seed: 1, markets: krwMarkets.slice(0, 20), tradesPerSecond: 300, outageMs: 60_000 };
export const promisedMs = 15_000;

/** No polling while the link is down: all of the hole is left to healing. */
export const withoutPolling = { tradePollAfterMs: 3_600_000 };

/** Healing leaves half of the limit to reads, and something of it in every second. */
export const isModest = ({ healingInTwoSeconds, healingPerSecond }: OutageReport): boolean =>
  healingPerSecond <= 8 && healingInTwoSeconds <= 10;

/** Nothing lost, repeated or out of order, and all in time. */
export const isWhole = ({ healed }: OutageReport): boolean =>
  healed.every(({ missing, repeated, disordered, gaps, afterMs }) => missing + repeated + disordered + gaps === 0 && afterMs <= promisedMs);

export const healing = (say: (line: string) => void): Effect.Effect<boolean> =>
  Effect.gen(function* () {
    let holds = true;
    for (const seed of [1, 2, 3]) {
      for (const [tradesPerSecond, outageMs, polls] of [
        [300, 60_000, false],
        [300, 60_000, true],
        [450, 60_000, false],
        [300, 300_000, true],
      ] as const) {
        const report = yield* outage({ ...promised, seed, tradesPerSecond, outageMs, config: polls ? {} : withoutPolling });
        const slowest = Math.max(...report.healed.map(({ afterMs }) => afterMs));
        const isGood = isWhole(report) && isModest(report);
        holds &&= isGood;
        const shape = `seed ${seed}, ${outageMs / 1_000} s at ${tradesPerSecond} trades/s over 20 markets, ${polls ? "polled" : "not polled"}`;
        say(`${shape}: ${isGood ? "whole" : "NOT whole"}, the last market ${slowest} ms after the link's return`);
      }
    }
    return holds;
  });
