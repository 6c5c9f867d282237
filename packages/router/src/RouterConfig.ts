/**
 * Every knob of the router with its default and its unit, in one place. A knob is read when a layer is built; give another value with
 * `Effect.provideService(RouterConfig, { ...defaultRouterConfig, … })` or `RouterConfig.layer`.
 */
import * as Context from "effect/Context";
import * as Layer from "effect/Layer";
import type { Kind } from "./domain/Question.ts";

export interface RouterConfigShape {
  /** The oldest confirmation accepted by default, in milliseconds, by kind. */
  readonly maxAgeMs: Readonly<Record<Kind, number>>;
  /** The same when `realtime` is asked. */
  readonly maxAgeRealtimeMs: number;
  /** A last known value older than this is not served nor carried, whatever the caller accepts, in milliseconds. */
  readonly maxStaleMs: number;
  /** Budget of one call, in milliseconds; per page for candles and trades. */
  readonly deadlineMs: number;
  /** How long a warm answer is served, in milliseconds, by kind; always cut to the question's `maxAge`. */
  readonly warmTtlMs: Readonly<Record<Kind, number>>;
  /** Entries of the warm cache; the least recently used leaves. */
  readonly warmCapacity: number;
  /** Keys of the hot store; the least recently written leaves. */
  readonly hotCapacity: number;
  /** How long callers of single markets are gathered for one batch, in milliseconds. */
  readonly batchWindowMs: number;
  /** Age at which the list of markets is read again, in milliseconds. The old list is used while it is. */
  readonly marketListTtlMs: number;
  /** How long `live_subscription` waits for the first element of a new subscription, in milliseconds. */
  readonly firstElementMs: number;
  /** How long a subscription that reads started is kept after the last read, in milliseconds. */
  readonly lingerMs: number;
  /** Changes of the wanted set within this time go out as one message, in milliseconds. */
  readonly coalesceMs: number;
  /** How long the upgrade of a socket may take, in milliseconds. */
  readonly upgradeTimeoutMs: number;
  /** Silence of a subscribed key after which its link alone does not prove it current, in milliseconds. Reads then ask REST. */
  readonly keySilenceMs: number;
  /** Silence on the link after which it is pinged, in milliseconds. */
  readonly pingAfterMs: number;
  /** Silence on the link after which it is given up, in milliseconds. */
  readonly deadAfterMs: number;
  /** How long a link must live, with data, before the reconnect delay starts from the bottom again, in milliseconds. */
  readonly stableAfterMs: number;
  /** Elements buffered for one stream consumer. */
  readonly streamBuffer: number;
  /** Keys that reads may subscribe by themselves; explicit streams are never refused. */
  readonly maxReadSubscriptions: number;
  /** Trades remembered per market to remove duplicates. */
  readonly tradeMemory: number;
  /** How long a trade of a market in disorder waits for earlier ones, in milliseconds; 0 delivers in order of arrival. */
  readonly reorderMs: number;
  /** Whether trades wait only while disorder was seen in the last minute, or always. */
  readonly reorder: "adaptive" | "always";
  /** How often one market's newest trades are held against REST, one market after another, in milliseconds; 0 for never. */
  readonly auditEveryMs: number;
  /** How long the link is down before trades are read over REST meanwhile, in milliseconds. */
  readonly pollAfterMs: number;
  /** How often each market's trades are read then, in milliseconds; less often where it would take more than half of the REST limit. */
  readonly pollEveryMs: number;
  /** REST pages read back per market after an outage; what lies further back becomes a gap. */
  readonly healPages: number;
  /** Markets read back at the same time after an outage; the others wait, so that reads keep a share of the REST limit. */
  readonly healConcurrency: number;
}

export const defaultRouterConfig: RouterConfigShape = {
  maxAgeMs: { ticker: 2_000, orderbook: 2_000, trades: 5_000, candles: 5_000 },
  maxAgeRealtimeMs: 1_000,
  maxStaleMs: 30_000,
  deadlineMs: 5_000,
  warmTtlMs: { ticker: 1_000, orderbook: 1_000, trades: 30_000, candles: 30_000 },
  warmCapacity: 10_000,
  hotCapacity: 10_000,
  batchWindowMs: 5,
  marketListTtlMs: 60_000,
  firstElementMs: 1_000,
  lingerMs: 60_000,
  coalesceMs: 50,
  upgradeTimeoutMs: 5_000,
  keySilenceMs: 60_000,
  pingAfterMs: 10_000,
  deadAfterMs: 15_000,
  stableAfterMs: 60_000,
  streamBuffer: 4_096,
  maxReadSubscriptions: 200,
  tradeMemory: 10_000,
  reorderMs: 250,
  reorder: "adaptive",
  auditEveryMs: 60_000,
  pollAfterMs: 1_000,
  pollEveryMs: 2_000,
  healPages: 3,
  healConcurrency: 4,
};

export const RouterConfig = Context.Reference<RouterConfigShape>("@naru/router/RouterConfig", { defaultValue: () => defaultRouterConfig });

/** A layer with some knobs changed. */
export const layer = (changes: Partial<RouterConfigShape>): Layer.Layer<never> =>
  Layer.succeed(RouterConfig, { ...defaultRouterConfig, ...changes });
