/**
 * Every knob of the router with its default and its unit, in one place. A knob is read when a layer is built; give another value with
 * `Effect.provideService(RouterConfig, { ...defaultRouterConfig, … })` or `RouterConfig.layer`.
 */
import * as Context from "effect/Context";
import * as Layer from "effect/Layer";
import type { Kind } from "./domain/Question.ts";
import type { PredictionOptions } from "./domain/PredictionOptions.ts";
import type { SlotPolicy } from "./domain/SlotPolicy.ts";

/** What kind of line the exchange is reached over: a good one, one that is full, one that is long. Judged in `transport/LinkProfile.ts`. */
export type LinkProfileName = "fast" | "thin" | "far";

/** How an exchange is spoken to over one kind of line. */
export interface LinkSettings {
  /** Field names in full or short; `venue` is the format the venue was set up with. */
  readonly format: "venue" | "full" | "compact";
  /** Offer compression; `false` leaves it to the transport, which does not by default. */
  readonly compress: boolean;
  /** The least time one attempt is given, in milliseconds, by channel. Measured round trips lengthen it. */
  readonly attemptDeadlinesMs: Readonly<Record<"rest" | "websocket", number>>;
  /** The earliest a second attempt starts beside the first, in milliseconds. Measured round trips lengthen it. */
  readonly hedgeAfterMs: number;
  /** How long callers of single markets are gathered for one batch, in milliseconds, where that is longer than the knob of this name. */
  readonly batchWindowMs: number;
}

/** Entering and leaving at different numbers keeps a judgement from swinging. */
export interface Thresholds {
  readonly enter: number;
  readonly leave: number;
}

/** One of several equal parts of every limit, counted from 1. */
export interface LimitShare {
  readonly part: number;
  readonly of: number;
}

/** How much of the request budget may be in use before the network's share of a score stops growing. */
export type NetworkPolicy = "aggressive" | "balanced" | "conservative" | "minimal";

/** Shares of the four parts of a tier's score: what the context prefers, how many markets fit, what the network has left, special cases. */
export interface RankWeights {
  readonly preference: number;
  readonly fit: number;
  readonly network: number;
  readonly special: number;
}

/** How tiers are put in order. */
export interface RankOptions {
  readonly policy: NetworkPolicy;
  readonly weights: RankWeights;
  /** The furthest that measurements, or a limit that is nearly used up, may move a score, in either direction. 0 ranks by the formula alone. */
  readonly measuredBound: number;
}

/** The recorder that is always on; `docs/explain/flight-recorder.md`. */
export interface FlightRecorderOptions {
  /** How far back it remembers, in milliseconds; 0 switches it off. */
  readonly windowMs: number;
  /** Memory for that, in bytes. What is older than fits is forgotten earlier. */
  readonly bytes: number;
  /** The most that one recording holds, in bytes before packing; what is older is left out. */
  readonly dumpBytes: number;
  /** Recordings kept in the folder. */
  readonly dumpsKept: number;
  /** The least time between two that are written without being asked for, in milliseconds. */
  readonly dumpEveryMs: number;
}

/** Questions asked a second time, of the exchange directly; `shadow/Shadow.ts`. */
export interface ShadowOptions {
  /** How many of a hundred questions; 0 for none. */
  readonly percent: number;
  /** At most, in a minute. */
  readonly perMinute: number;
  /** Only while no more than this share of the limit group is in use, 0 to 1. */
  readonly maxUsage: number;
}

export interface RouterConfigShape {
  /**
   * Which part of every limit this process may use. Of three processes on one address that know nothing of each other, one is part 1 of 3, one 2 of 3,
   * one 3 of 3; together they use exactly the limit. The first router for a host decides for its process.
   */
  readonly limitShare: LimitShare;
  /** The oldest confirmation accepted by default, in milliseconds, by kind. */
  readonly maxAgeMs: Readonly<Record<Kind, number>>;
  /** The same when `realtime` is asked. */
  readonly maxAgeRealtimeMs: number;
  /** A last known value older than this is not served nor carried, whatever the caller accepts, in milliseconds. */
  readonly maxStaleMs: number;
  /** Budget of one call, in milliseconds; per page for candles and trades. */
  readonly deadlineMs: number;
  /** The longest a warm answer is served, in milliseconds, by kind; cut to the question's `maxAge`. What else cuts it: `tiers/warmTraits.ts`. */
  readonly warmTtlMs: Readonly<Record<Kind, number>>;
  /** The least share of that which a key lives that is asked often and differs each time, 0 to 1. 1 gives all keys the same life. */
  readonly warmFloor: number;
  /** The share of an answer's life after which a hit has it read again behind the caller's back, 0 to 1. 1 is never. */
  readonly warmRefreshAt: number;
  /** Entries of the warm cache; the least recently used leaves. */
  readonly warmCapacity: number;
  /** Bytes of the warm cache, estimated from rows; the least recently used leaves. */
  readonly warmBytes: number;
  /** How long a market that the exchange itself called unknown is refused without asking again, in milliseconds. */
  readonly unknownMarketMs: number;
  /** Questions that are guessed from habit before they are asked. */
  readonly prediction: PredictionOptions;
  /** Keys of the hot store; the least recently written leaves. */
  readonly hotCapacity: number;
  /** How long callers of single markets are gathered for one batch, in milliseconds. */
  readonly batchWindowMs: number;
  /** Age at which the list of markets is read again, in milliseconds. The old list is used while it is. */
  readonly marketListTtlMs: number;
  /** How long the reading back of a hole waits for the first element of the new subscription, in milliseconds. */
  readonly firstElementMs: number;
  /**
   * Lengths of the attempts of `live_subscription` to get the first element of a key, one after another, in milliseconds. An attempt that ends
   * without one is told; the next goes on waiting on the same subscription.
   */
  readonly attemptDeadlinesMs: ReadonlyArray<number>;
  /**
   * Head start of the socket before REST is asked beside it, for questions with `realtime`, in milliseconds. None for `critical`, half for
   * `high`; for `low` REST waits.
   */
  readonly hedgeAfterMs: number;
  /** How long a streamed ticker or book may be without a live key before REST brings it meanwhile, in milliseconds. */
  readonly reseedAfterMs: number;
  /** How often REST brings it then, in milliseconds. More keys than two requests a second can bring make it longer. */
  readonly pollEveryMs: number;
  /** How long the last value of a key that reads turned away from can be read, from the beginning of the change, in milliseconds. */
  readonly transitionMs: number;
  /** How long a subscription that reads started is kept after the last read, in milliseconds. */
  readonly lingerMs: number;
  /** Changes of the wanted set within this time go out as one message, in milliseconds. */
  readonly coalesceMs: number;
  /** How often live tickers that are silent are held against REST, in milliseconds: one request for up to a hundred. 0 is never. */
  readonly tickerAuditEveryMs: number;
  /**
   * How often closed windows of one candle stream are held against REST, one key after another, in milliseconds; each key at most every fifth
   * time. As often each stream of bars reads what its trades can prove no more. 0 is never.
   */
  readonly candleAuditEveryMs: number;
  /** How long a bar waits after its boundary for trades that are on their way, at least, in milliseconds; longer as late as trades have come. */
  readonly barGraceMs: number;
  /** How long a bar waits at most, in milliseconds. What is not proved by then is told as such, and corrected when it is. */
  readonly barPatienceMs: number;
  /** How long the upgrade of a socket may take, in milliseconds. */
  readonly upgradeTimeoutMs: number;
  /** Within which a subscribed key owes its first word, in milliseconds: the exchange answers a subscription with a snapshot. */
  readonly firstWordMs: number;
  /**
   * Silence of a key whose rhythm is not known after which its link alone does not prove it current, in milliseconds. Reads then ask REST, and
   * the key is asked about.
   */
  readonly keySilenceMs: number;
  /** The least silence of a key whose rhythm is known that means anything, in milliseconds. */
  readonly keySilenceFloorMs: number;
  /** A subscription that has not changed for so long is verified by LIST_SUBSCRIPTIONS, in milliseconds. */
  readonly verifyAfterMs: number;
  /** How long the answer to LIST_SUBSCRIPTIONS may take, in milliseconds. */
  readonly listTimeoutMs: number;
  /** How long snapshots may take after a silent subscription was sent again, in milliseconds. */
  readonly resendWaitMs: number;
  /** Silence on the link after which it is pinged, in milliseconds. */
  readonly pingAfterMs: number;
  /** Silence on the link after which it is given up, in milliseconds. */
  readonly deadAfterMs: number;
  /** The same two, in milliseconds, while the link's own rhythm is faster than the second: there a short silence says much. */
  readonly busyPingAfterMs: number;
  readonly busyDeadAfterMs: number;
  /** How long a link must live, with data, before the reconnect delay starts from the bottom again, in milliseconds. */
  readonly stableAfterMs: number;
  /** Elements buffered for one stream consumer. */
  readonly streamBuffer: number;
  /** Keys that reads may subscribe by themselves; explicit streams are never refused. */
  readonly maxReadSubscriptions: number;
  /** How many kinds reads may subscribe by themselves: one or two, or one to three by how long the link has been good. */
  readonly slotPolicy: SlotPolicy;
  /** Keys that one socket carries; another one is opened for more. */
  readonly keysPerSocket: number;
  /** Sockets at most. */
  readonly maxSockets: number;
  /** Sockets that carry each key. With 2 a second one is warm when the first dies. */
  readonly copies: 1 | 2;
  /** How long a socket is down before others carry its keys meanwhile, in milliseconds. */
  readonly moveAfterMs: number;
  /** Trades remembered per market to remove duplicates, at least. */
  readonly tradeMemory: number;
  /** How long a trade of a market in disorder waits for earlier ones, in milliseconds; 0 delivers in order of arrival. */
  readonly reorderMs: number;
  /** Whether trades wait only while disorder was seen in the last minute, or always. */
  readonly reorder: "adaptive" | "always";
  /** How often one market's newest trades are held against REST, one market after another, in milliseconds; 0 for never. */
  readonly auditEveryMs: number;
  /** How long the link is down before trades are read over REST meanwhile, in milliseconds. */
  readonly tradePollAfterMs: number;
  /** How often each market's trades are read then, in milliseconds; less often where it would take more than half of the REST limit. */
  readonly tradePollEveryMs: number;
  /** REST pages read back per market after an outage; what lies further back becomes a gap. */
  readonly healPages: number;
  /** Markets read back at the same time after an outage; the others wait, so that reads keep a share of the REST limit. */
  readonly healConcurrency: number;
  /**
   * Pages of one candle history asked side by side at most. Ten a second over a way of 200 ms need three, over one of half a second six; all but one
   * have the lowest priority.
   */
  readonly candlePagesAtOnce: number;
  /** Field names of socket messages: `full`, `compact`, or `auto`: as the profile of the line says. */
  readonly socketFormat: "auto" | "full" | "compact";
  /** Compression of the socket: `on`, `off`, or `auto`: as the profile of the line says. */
  readonly socketCompression: "auto" | "on" | "off";
  /** What each profile of the line comes to. */
  readonly linkProfiles: Readonly<Record<LinkProfileName, LinkSettings>>;
  /** How much later than they did messages come on a line that is thin, in milliseconds. */
  readonly thinLagMs: Thresholds;
  /** The share of its capacity that a thin line carries, 0 to 1; to leave, the share that full messages would take. */
  readonly thinLoad: Thresholds;
  /** What the line can carry, in bytes a second, where that is known; 0 where it is not. */
  readonly linkCapacityBytesPerS: number;
  /** The round trip of a line that is far, in milliseconds. */
  readonly farRttMs: Thresholds;
  /** The least time between two changes of the profile, in milliseconds. */
  readonly profileDwellMs: number;
  /** Whether the router answers at all; without it every question and stream goes to the exchange directly. */
  readonly enableSmartRouting: boolean;
  /** The same for each kind of question and stream. */
  readonly smartRouting: Readonly<Record<Kind, boolean>>;
  /** Without an answer for longer than this one failure is enough to give the router up, and silence makes a probe, in milliseconds. */
  readonly noSuccessMs: number;
  /** How often a router that was given up is probed, a tenth more or less, in milliseconds. */
  readonly recoveryEveryMs: number;
  /** The first probe after it was given up, in milliseconds; 0 for none before `recoveryEveryMs`. */
  readonly earlyProbeMs: number;
  /** The second probe after a good one, in milliseconds. */
  readonly confirmProbeMs: number;
  /** How long the router is given a quarter, and then half, of its traffic back, in milliseconds each. */
  readonly rampStepMs: number;
  /** The market whose ticker probes ask for; where the exchange does not know it, the market asked for last. */
  readonly probeMarket: string;
  /** How long a probe may take, in milliseconds. */
  readonly probeTimeoutMs: number;
  /** The oldest ticker, by the exchange's own time, that makes a probe a good one, in milliseconds. */
  readonly probeMaxAgeMs: number;
  /**
   * Markets that matter: watched over the direct socket beside the active ones while the router is out, told in health reports, and the first one
   * asked by the daily check (`probeMarket` where there is none).
   */
  readonly coreMarkets: ReadonlyArray<string>;
  /** How long after its last question a market counts as active, in milliseconds. A streamed one always does. */
  readonly activeForMs: number;
  /** How long the building of a router may take before the direct clients answer without it, in milliseconds. */
  readonly routerBuildMs: number;
  /** The share of a question's deadline after which the direct client is asked beside a router that has not answered yet, 0 to 1. */
  readonly rescueAfterShare: number;
  /** How often those who watch the client should look, in milliseconds. */
  readonly monitorEveryMs: number;
  /** The same while the router is out. */
  readonly monitorEveryRaisedMs: number;
  /** How tiers are put in order: the pressure policy, the weights of the score's parts, and how far measurements move it. */
  readonly ranking: RankOptions;
  /** What of the last minutes is kept, and written down when something happens. */
  readonly flightRecorder: FlightRecorderOptions;
  /** How many questions are asked directly as well, to be compared. */
  readonly shadow: ShadowOptions;
  /** How long the same alert is not told again after it was, in milliseconds. */
  readonly alertCoolDownMs: number;
  /** How often the machine is looked at, where there is a probe for it, in milliseconds. */
  readonly hostEveryMs: number;
  /** How often it is looked whether this process slept, in milliseconds; 0 for never. */
  readonly sleepLookEveryMs: number;
  /** When router, REST and socket are checked, as a cron expression; empty for never. */
  readonly dailyCheckCron: string;
  /** The time zone of that. */
  readonly dailyCheckZone: string;
}

export const defaultRouterConfig: RouterConfigShape = {
  limitShare: { part: 1, of: 1 },
  maxAgeMs: { ticker: 2_000, orderbook: 2_000, trades: 5_000, candles: 5_000 },
  maxAgeRealtimeMs: 1_000,
  maxStaleMs: 30_000,
  deadlineMs: 5_000,
  warmTtlMs: { ticker: 1_000, orderbook: 1_000, trades: 30_000, candles: 30_000 },
  warmFloor: 0.5,
  warmRefreshAt: 0.8,
  warmCapacity: 10_000,
  warmBytes: 67_108_864,
  unknownMarketMs: 60_000,
  prediction: { enabled: false, prefetchAt: 0.5, presubscribeAt: 0.7, maxUsage: 0.5 },
  hotCapacity: 10_000,
  batchWindowMs: 5,
  marketListTtlMs: 60_000,
  firstElementMs: 1_000,
  attemptDeadlinesMs: [200, 500, 1_000],
  hedgeAfterMs: 150,
  reseedAfterMs: 700,
  pollEveryMs: 1_000,
  transitionMs: 10_000,
  lingerMs: 60_000,
  coalesceMs: 50,
  tickerAuditEveryMs: 10_000,
  candleAuditEveryMs: 2_000,
  barGraceMs: 20,
  barPatienceMs: 250,
  upgradeTimeoutMs: 5_000,
  firstWordMs: 5_000,
  keySilenceMs: 60_000,
  keySilenceFloorMs: 5_000,
  verifyAfterMs: 2_000,
  listTimeoutMs: 1_000,
  resendWaitMs: 3_000,
  pingAfterMs: 10_000,
  deadAfterMs: 15_000,
  busyPingAfterMs: 1_000,
  busyDeadAfterMs: 3_000,
  stableAfterMs: 60_000,
  streamBuffer: 4_096,
  maxReadSubscriptions: 200,
  slotPolicy: "adaptive",
  keysPerSocket: 1_000,
  maxSockets: 4,
  copies: 1,
  moveAfterMs: 500,
  tradeMemory: 10_000,
  reorderMs: 250,
  reorder: "adaptive",
  auditEveryMs: 60_000,
  tradePollAfterMs: 1_000,
  tradePollEveryMs: 2_000,
  healPages: 3,
  healConcurrency: 4,
  candlePagesAtOnce: 6,
  socketFormat: "auto",
  socketCompression: "auto",
  linkProfiles: {
    fast: {
      format: "venue",
      compress: false,
      attemptDeadlinesMs: { rest: 2_000, websocket: 1_000 },
      hedgeAfterMs: 300,
      batchWindowMs: 0,
    },
    thin: {
      format: "compact",
      compress: true,
      attemptDeadlinesMs: { rest: 4_000, websocket: 3_000 },
      hedgeAfterMs: 1_500,
      batchWindowMs: 25,
    },
    far: {
      format: "venue",
      compress: false,
      attemptDeadlinesMs: { rest: 3_500, websocket: 2_000 },
      hedgeAfterMs: 800,
      batchWindowMs: 20,
    },
  },
  thinLagMs: { enter: 500, leave: 150 },
  thinLoad: { enter: 0.85, leave: 0.6 },
  linkCapacityBytesPerS: 0,
  farRttMs: { enter: 150, leave: 110 },
  profileDwellMs: 60_000,
  enableSmartRouting: true,
  smartRouting: { ticker: true, orderbook: true, trades: true, candles: true },
  noSuccessMs: 300_000,
  recoveryEveryMs: 300_000,
  earlyProbeMs: 30_000,
  confirmProbeMs: 5_000,
  rampStepMs: 5_000,
  probeMarket: "KRW-BTC",
  probeTimeoutMs: 1_000,
  probeMaxAgeMs: 60_000,
  coreMarkets: [],
  activeForMs: 300_000,
  routerBuildMs: 500,
  rescueAfterShare: 0.6,
  monitorEveryMs: 30_000,
  monitorEveryRaisedMs: 5_000,
  ranking: {
    policy: "balanced",
    weights: { preference: 0.4, fit: 0.3, network: 0.2, special: 0.1 },
    measuredBound: 0.25,
  },
  flightRecorder: { windowMs: 600_000, bytes: 67_108_864, dumpBytes: 268_435_456, dumpsKept: 8, dumpEveryMs: 60_000 },
  shadow: { percent: 0, perMinute: 30, maxUsage: 0.5 },
  alertCoolDownMs: 300_000,
  hostEveryMs: 30_000,
  sleepLookEveryMs: 1_000,
  dailyCheckCron: "0 0 * * *",
  dailyCheckZone: "Asia/Seoul",
};

export const RouterConfig = Context.Reference<RouterConfigShape>("@naru/router/RouterConfig", { defaultValue: () => defaultRouterConfig });

/** A layer with some knobs changed. */
export const layer = (changes: Partial<RouterConfigShape>): Layer.Layer<never> =>
  Layer.succeed(RouterConfig, { ...defaultRouterConfig, ...changes });
