/**
 * What streams and subscriptions hold, what is read back or polled for them, and what is held against REST.
 * A class only so that a knob is one entry: what it means, its type, its default.
 */
import type { SlotPolicy } from "../domain/SlotPolicy.ts";

export class StreamKnobs {
  /**
   * Elements buffered for one stream consumer.
   * @unit elements
   * @costs Memory for each consumer that falls behind; larger rides out longer pauses of a consumer.
   */
  readonly streamBuffer: number = 4_096;
  /**
   * Keys that reads may subscribe by themselves; explicit streams are never refused.
   * @unit keys
   * @costs More keys answer reads from memory, and every one of them costs the decoding of its frames.
   */
  readonly maxReadSubscriptions: number = 200;
  /**
   * How many kinds reads may subscribe by themselves: one or two, or one to three by how long the link has been good.
   * @costs `adaptive` turns more kinds of reads into memory reads, at the cost of their frames; `conservative` decodes less.
   */
  readonly slotPolicy: SlotPolicy = "adaptive";
  /**
   * How long a subscription that reads started is kept after the last read, in milliseconds.
   * @costs Longer keeps reads in memory, and pays for the frames of keys nobody reads any more.
   */
  readonly lingerMs: number = 60_000;
  /**
   * Changes of the wanted set within this time go out as one message, in milliseconds.
   * @costs Longer sends fewer subscription messages, of which the exchange allows a hundred a minute; shorter subscribes sooner.
   */
  readonly coalesceMs: number = 50;
  /**
   * How long a streamed ticker or book may be without a live key before REST brings it meanwhile, in milliseconds.
   * @costs Smaller shows a fresher value while a link is down, and spends requests on short gaps.
   */
  readonly reseedAfterMs: number = 700;
  /**
   * How often REST brings it then, in milliseconds. More keys than two requests a second can bring make it longer.
   * @costs Smaller is fresher while the link is down, at one request for each poll of up to a hundred keys.
   */
  readonly pollEveryMs: number = 1_000;
  /** How long the reading back of a hole waits for the first element of the new subscription, in milliseconds. */
  readonly firstElementMs: number = 1_000;
  /**
   * Trades remembered per market to remove duplicates, at least.
   * @unit trades
   * @costs Memory for each market; too few lets a repeated trade through after a long outage.
   */
  readonly tradeMemory: number = 10_000;
  /**
   * How long a trade of a market in disorder waits for earlier ones, in milliseconds; 0 delivers in order of arrival.
   * @costs Longer orders more late trades, and delays every trade of a market in disorder by as much.
   */
  readonly reorderMs: number = 250;
  /**
   * Whether trades wait only while disorder was seen in the last minute, or always.
   * @costs `always` delays every trade by up to `reorderMs`, which `adaptive` does only after disorder.
   */
  readonly reorder: "adaptive" | "always" = "adaptive";
  /** How long the link is down before trades are read over REST meanwhile, in milliseconds. */
  readonly tradePollAfterMs: number = 1_000;
  /**
   * How often each market's trades are read then, in milliseconds; less often where it would take more than half of the REST limit.
   * @costs Smaller is fresher while the link is down, at one request for each market and poll.
   */
  readonly tradePollEveryMs: number = 2_000;
  /**
   * REST pages read back per market after an outage; what lies further back becomes a gap.
   * @unit requests
   * @costs Each page is one request for each market after an outage; fewer turn longer outages into gaps.
   */
  readonly healPages: number = 3;
  /**
   * Markets read back at the same time after an outage; the others wait, so that reads keep a share of the REST limit.
   * @unit markets
   * @costs More heals sooner, and leaves callers less of the limit meanwhile.
   */
  readonly healConcurrency: number = 4;
  /**
   * How often one market's newest trades are held against REST, one market after another, in milliseconds; 0 for never.
   * @costs One request each time; 0 saves it, and then a trade that was never sent is not noticed.
   */
  readonly auditEveryMs: number = 60_000;
  /**
   * How often live tickers that are silent are held against REST, in milliseconds: one request for up to a hundred. 0 is never.
   * @costs One request each time for up to a hundred silent tickers; 0 saves it.
   */
  readonly tickerAuditEveryMs: number = 10_000;
  /**
   * How often closed windows of one candle stream are held against REST, one key after another, in milliseconds; each key at most every
   * fifth time. As often each stream of bars reads what its trades can prove no more. 0 is never.
   * @costs One request each time for each candle stream; 0 saves it.
   */
  readonly candleAuditEveryMs: number = 2_000;
  /**
   * How long a bar waits after its boundary for trades that are on their way, at least, in milliseconds; longer as late as trades have
   * come.
   * @costs Longer proves more bars at once, each as much later.
   */
  readonly barGraceMs: number = 20;
  /**
   * How long a bar waits at most, in milliseconds. What is not proved by then is told as such, and corrected when it is.
   * @costs Longer tells fewer unproved bars, later.
   */
  readonly barPatienceMs: number = 250;
}
