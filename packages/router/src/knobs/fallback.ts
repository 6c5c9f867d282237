/**
 * When the router is given up, who answers meanwhile, and how it comes back.
 * A class only so that a knob is one entry: what it means, its type, its default.
 */
import type { Kind } from "../domain/Question.ts";

export class FallbackKnobs {
  /**
   * Whether the router answers at all; without it every question and stream goes to the exchange directly.
   * @costs Without the router every question is a request.
   */
  readonly enableSmartRouting: boolean = true;
  /**
   * The same for each kind of question and stream.
   * @costs Without the router every question is a request.
   */
  readonly smartRouting: Readonly<Record<Kind, boolean>> = { ticker: true, orderbook: true, trades: true, candles: true };
  /** Without an answer for longer than this one failure is enough to give the router up, and silence makes a probe, in milliseconds. */
  readonly noSuccessMs: number = 300_000;
  /**
   * How often a router that was given up is probed, a tenth more or less, in milliseconds.
   * @costs One request each time while the router is out.
   */
  readonly recoveryEveryMs: number = 300_000;
  /** The first probe after it was given up, in milliseconds; 0 for none before `recoveryEveryMs`. */
  readonly earlyProbeMs: number = 30_000;
  /** The second probe after a good one, in milliseconds. */
  readonly confirmProbeMs: number = 5_000;
  /** How long the router is given a quarter, and then half, of its traffic back, in milliseconds each. */
  readonly rampStepMs: number = 5_000;
  /**
   * The market whose ticker probes ask for; where the exchange does not know it, the market asked for last.
   * @unit market
   */
  readonly probeMarket: string = "KRW-BTC";
  /** How long a probe may take, in milliseconds. */
  readonly probeTimeoutMs: number = 1_000;
  /** The oldest ticker, by the exchange's own time, that makes a probe a good one, in milliseconds. */
  readonly probeMaxAgeMs: number = 60_000;
  /**
   * Markets that matter: watched over the direct socket beside the active ones while the router is out, told in health reports, and the
   * first one asked by the daily check (`probeMarket` where there is none).
   * @unit markets
   */
  readonly coreMarkets: ReadonlyArray<string> = [];
  /**
   * How long after its last question a market counts as active, in milliseconds. A streamed one always does.
   * @costs Longer watches more markets over the direct socket while the router is out.
   */
  readonly activeForMs: number = 300_000;
  /** How long the building of a router may take before the direct clients answer without it, in milliseconds. */
  readonly routerBuildMs: number = 500;
  /**
   * The share of a question's deadline after which the direct client is asked beside a router that has not answered yet, 0 to 1.
   * @unit share
   * @costs Smaller answers sooner when the router hangs, at a second request for calls that were only slow.
   */
  readonly rescueAfterShare: number = 0.6;
  /** How often those who watch the client should look, in milliseconds. */
  readonly monitorEveryMs: number = 30_000;
  /** The same while the router is out. */
  readonly monitorEveryRaisedMs: number = 5_000;
}
