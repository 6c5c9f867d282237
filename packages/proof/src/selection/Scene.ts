/**
 * What the choice of a channel is tried on: networks and questions, drawn from a seed. On some networks REST is quick and the socket's first word
 * slow, on some it is the other way round, on some the socket brings everything too late or is away for a while, and half of them change in the
 * middle. No rule that knows the question but not the network is right on most of them.
 */
import type { QuestionSpec } from "@naru/router/explain";
import type { RoadOptions } from "@naru/sim";
import { Chance } from "../world/engine/Chance.ts";

export interface Network {
  readonly rest: RoadOptions;
  readonly socket: RoadOptions;
  /** What the exchange takes for a REST answer, in milliseconds. */
  readonly restServerMs: number;
  /** What it takes for that in the second half of the scene. */
  readonly laterRestServerMs: number;
  /** From a subscription to its first word, in milliseconds. */
  readonly snapshotMs: number;
  /** Frames leave so late in the middle of the scene, in milliseconds; 0 on most networks. */
  readonly lateMs: number;
  /** The socket is away from so long after the beginning for so long, in milliseconds; undefined where it never is. */
  readonly outage: { readonly atMs: number; readonly forMs: number } | undefined;
}

export interface Asked {
  readonly spec: QuestionSpec;
  /** Since the question before was asked, in milliseconds; more where that took longer. */
  readonly afterMs: number;
}

export interface Scene {
  readonly seed: number;
  readonly network: Network;
  readonly questions: ReadonlyArray<Asked>;
}

const markets = [
  "KRW-BTC",
  "KRW-ETH",
  "KRW-XRP",
  "KRW-SOL",
  "KRW-DOGE",
  "KRW-ADA",
  "KRW-TRX",
  "KRW-AVAX",
  "KRW-LINK",
  "KRW-DOT",
  "KRW-BCH",
  "KRW-ETC",
];
const contexts = ["realtime_trading", "realtime_trading", "market_scanning", "monitoring", "research"] as const;

export const drawScene = (seed: number, questions: number): Scene => {
  const chance = new Chance(seed).branch("scene");
  const network = drawNetwork(chance.branch("network"));
  const asking = chance.branch("questions");
  return { seed, network, questions: Array.from({ length: questions }, () => drawQuestion(asking)) };
};

/** As likely between 10 and 100 as between 100 and 1,000. */
const spread = (chance: Chance, low: number, high: number): number => Math.round(low * (high / low) ** chance.next());

const drawNetwork = (chance: Chance): Network => {
  const restServerMs = spread(chance, 15, 2_000);
  const socketRtt = spread(chance, 5, 300);
  const restRtt = spread(chance, 5, 150);
  const kind = chance.next();
  return {
    // Connections stay open: who asks oftener or gives up oftener, the router or the onlooker, must make no difference.
    rest: { rttMs: restRtt, jitterMs: restRtt / 5, loss: chance.flip(0.3) ? 0.02 : 0, keepAliveMs: 600_000, isShared: true },
    socket: { rttMs: socketRtt, jitterMs: socketRtt / 5, loss: chance.flip(0.3) ? 0.01 : 0 },
    restServerMs,
    laterRestServerMs: chance.flip(0.5) ? restServerMs : spread(chance, 15, 2_000),
    snapshotMs: spread(chance, 20, 500),
    lateMs: kind < 0.3 ? chance.int(3_000, 6_000) : 0,
    outage: kind > 0.85 ? { atMs: chance.int(20_000, 40_000), forMs: chance.int(10_000, 25_000) } : undefined,
  };
};

const drawQuestion = (chance: Chance): Asked => {
  // Few markets get most of the questions, as everywhere.
  const market = markets[Math.floor(markets.length * chance.next() ** 2)] ?? "KRW-BTC";
  const context = chance.pick(contexts);
  const realtime = chance.flip(0.8);
  const afterMs = Math.round(-300 * Math.log(1 - chance.next()));
  const kind = chance.next();
  const intent = { context, realtime };
  if (kind < 0.5) return { spec: { kind: "ticker", market, ...intent }, afterMs };
  if (kind < 0.75) return { spec: { kind: "orderbook", market, ...intent }, afterMs };
  if (kind < 0.95) return { spec: { kind: "trades", market, count: 1, ...intent }, afterMs };
  return { spec: { kind: "candles", market, interval: "1m", count: 50, ...intent }, afterMs };
};
