/**
 * The older, coarser comparison: WebSocket against REST as two sums of points, the socket chosen only when it leads by a fifth. It is
 * kept as a second opinion in explanations. Two defects of the original are not: a socket that is not connected is never chosen, whatever
 * its points, and the confidence stays between 0 and 1.
 */
import type { Channel } from "../domain/Provenance.ts";
import type { Kind } from "../domain/Question.ts";
import type { FrequencyCategory } from "./Frequency.ts";

export type RealtimePriority = "high" | "medium" | "low";

export interface ChannelInput {
  readonly kind: Kind;
  readonly realtime: RealtimePriority;
  readonly frequency: FrequencyCategory;
  readonly connected: boolean;
  /** Share of the socket's message limit in use, 0 to 1. */
  readonly websocketUsage: number;
  /** Share of the REST group's limit in use, 0 to 1. */
  readonly restUsage: number;
  readonly markets: number;
  /** Rows wanted per market; undefined when the question does not say. */
  readonly count?: number | undefined;
  /** The question reaches back in time: `to`, `from` or `before`. */
  readonly past: boolean;
  /** Mean time of an answer over each channel, in milliseconds; null or absent where none was measured. */
  readonly restMeanMs?: number | null | undefined;
  readonly websocketMeanMs?: number | null | undefined;
}

export type ChannelReason =
  | "past_data_requires_rest"
  | "multiple_candles_requires_rest"
  | "past_trades_requires_rest"
  | "multiple_trades_requires_rest"
  | "not_connected"
  | "rest_quick_enough"
  | "websocket_much_quicker"
  | "scored";

export interface ChannelScore {
  readonly channel: Channel;
  readonly websocket: number;
  readonly rest: number;
  readonly reason: ChannelReason;
  /** The chosen channel's share of all points, 0 to 1; 1 where a fixed rule decided. */
  readonly confidence: number;
}

/** How far the socket must lead to be chosen. */
const requiredLead = 1.2;
/** How much longer than the socket REST may take on the mean and still be chosen: it costs no subscription. */
const quickEnough = 1.5;

const websocketRealtime = { high: 10, medium: 6, low: 2 } as const;
const websocketFrequency = { high: 8, medium: 5, low: 2, unknown: 2 } as const;
const restRealtime = { high: 1, medium: 3, low: 5 } as const;
const restCandles = { high: 4, medium: 8, low: 16 } as const;

export const channelScore = (input: ChannelInput): ChannelScore => {
  const websocket = websocketPoints(input);
  const rest = restPoints(input);
  const rule = fixedRule(input);
  if (rule !== undefined) return { channel: "rest", websocket, rest, reason: rule, confidence: 1 };
  const measured = input.connected ? latencyRule(input) : undefined;
  const channel = measured ?? (input.connected && websocket > requiredLead * rest ? "websocket" : "rest");
  const chosen = channel === "websocket" ? websocket : rest;
  return {
    channel,
    websocket,
    rest,
    reason: reasonOf(input.connected, measured),
    confidence: Math.min(1, Math.max(0, chosen / (websocket + rest))),
  };
};

/** Where both were measured their means decide; points are for where they were not. */
const latencyRule = ({ restMeanMs, websocketMeanMs }: ChannelInput): Channel | undefined => {
  if (restMeanMs === undefined || restMeanMs === null || websocketMeanMs === undefined || websocketMeanMs === null) return undefined;
  return restMeanMs < quickEnough * websocketMeanMs ? "rest" : "websocket";
};

const reasonOf = (connected: boolean, measured: Channel | undefined): ChannelReason => {
  if (!connected) return "not_connected";
  if (measured === undefined) return "scored";
  return measured === "rest" ? "rest_quick_enough" : "websocket_much_quicker";
};

const fixedRule = (input: ChannelInput): ChannelReason | undefined => {
  if (input.kind === "candles") {
    if (input.past) return "past_data_requires_rest";
    return (input.count ?? 1) > 1 ? "multiple_candles_requires_rest" : undefined;
  }
  if (input.kind === "trades") {
    if (input.past) return "past_trades_requires_rest";
    return (input.count ?? 1) > 1 ? "multiple_trades_requires_rest" : undefined;
  }
  return undefined;
};

const websocketPoints = (input: ChannelInput): number =>
  websocketRealtime[input.realtime] * 3 +
  websocketFrequency[input.frequency] * 2 +
  (input.connected ? 30 : 0) +
  (input.websocketUsage < 0.8 ? 5 : input.websocketUsage < 0.9 ? 3 : 1) * 2 +
  (input.count === undefined ? 1 : input.count <= 10 ? 3 : input.count <= 100 ? 2 : 1) +
  (input.kind === "candles" ? (input.markets > 1 ? 16 : 8) : 0);

const restPoints = (input: ChannelInput): number =>
  20 +
  (input.count === undefined ? 3 : input.count > 100 ? 8 : input.count > 10 ? 5 : 3) +
  (input.restUsage < 0.8 ? 8 : input.restUsage < 0.9 ? 5 : 2) * 2 +
  restRealtime[input.realtime] +
  (input.kind === "candles" ? restCandles[input.realtime] : 0);
