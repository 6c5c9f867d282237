/**
 * Between the streams of one market and whoever trades it: takes what the streams say, steps the rules, and says which of their decisions to
 * send as orders. Deciding and sending are two things. A rule decides the same whether its trade came at once or was read back after an
 * outage; but a price of before the outage cannot be bought any more. So what opens or enlarges a holding is sent only when it was seen in
 * time on a link that is up, and what sells is sent late rather than never.
 *
 * A ticker is only the last price for the screen. Plain synchronous code, no clock: "now" is the newest time of receipt.
 */
import type { Candle, Gap, Live, Market, Recovered } from "@naru/router";
import type { Decision, Machine, MarketEvent } from "./Rule.ts";
import { endMs } from "./feeds.ts";
import { type Input } from "./inputs.ts";
import { type Change, nameOf, Timeline } from "./Timeline.ts";

export type Output =
  /** The rules are warm: they decide about what happens after `atMs`. */
  | { readonly _tag: "Opened"; readonly market: Market; readonly atMs: number }
  | { readonly _tag: "Decided"; readonly decision: Decision; readonly order: Order }
  /** A decision is none any more, because a trade was found that belongs before it. */
  | { readonly _tag: "Withdrawn"; readonly decision: Decision; readonly wasSent: boolean }
  | { readonly _tag: "Down"; readonly market: Market; readonly reason: string }
  | { readonly _tag: "Up"; readonly market: Market; readonly downMs: number }
  | { readonly _tag: "Missing"; readonly market: Market; readonly gap: Gap };

export type Order = { readonly sent: true } | { readonly sent: false; readonly because: string };

/** A value that waited longer than this between receipt and here is no base for a purchase. */
const inTimeMs = 2_000;
/** Orders remembered, to say of a withdrawn decision whether it was sent. */
const ordersKept = 1_000;

export class MarketDesk {
  readonly market: Market;
  readonly timeline: Timeline;
  /** For the screen. */
  lastPrice: string | undefined;
  /** Values the router gave afterwards: read back, or out of their order. */
  afterwards = 0;
  readonly #down = new Set<Input["feed"]>();
  readonly #sent = new Set<string>();
  #newestMs = 0;
  /** An entry was sent, and nothing that sells all of it. */
  #holds = false;

  constructor(market: Market, rules: ReadonlyArray<Machine>) {
    this.market = market;
    this.timeline = new Timeline(market, rules, { completes: true });
  }

  take(input: Input): ReadonlyArray<Output> {
    if (input.feed === "history") return this.#open(input.candles.map((candle) => closedAt(candle)));
    const { element, feed } = input;
    switch (element._tag) {
      case "Reconnecting":
        this.#down.add(feed);
        return this.#down.size > 1 ? [] : [{ _tag: "Down", market: this.market, reason: element.reason }];
      case "Resumed":
        if (!this.#down.delete(feed) || this.#down.size > 0) return [];
        return [{ _tag: "Up", market: this.market, downMs: element.downMs }];
      case "Gap":
        return [{ _tag: "Missing", market: this.market, gap: element }, ...this.#tell(this.#hole(element), "values before it are missing")];
      case "Dropped": // Only tickers are dropped here, and only for newer ones.
        return [];
      default:
        return this.#value(input, this.#lateness(element));
    }
  }

  #open(candles: ReadonlyArray<MarketEvent>): ReadonlyArray<Output> {
    for (const event of candles) this.timeline.add(event);
    const atMs = this.timeline.newestMs;
    this.timeline.open(atMs);
    return [{ _tag: "Opened", market: this.market, atMs }];
  }

  #value(input: Exclude<Input, { readonly feed: "history" }>, late: string | undefined): ReadonlyArray<Output> {
    if (late !== undefined) this.afterwards++;
    const event = eventOf(input);
    if (event !== undefined) return this.#tell(this.timeline.add(event), late);
    if (input.feed === "ticker" && input.element._tag === "Live") this.lastPrice = input.element.value.price.toString();
    return [];
  }

  #hole(gap: Gap): Change {
    return gap.kind === "ticker" ? { decided: [], withdrawn: [] } : this.timeline.add({ _tag: "Hole", atMs: gap.toMs });
  }

  /** Why a value is no base for a purchase; `undefined` when it is. */
  #lateness(element: Live<unknown> | Recovered<unknown>): string | undefined {
    this.#newestMs = Math.max(this.#newestMs, element.receivedTimeMs);
    if (element._tag === "Recovered") return "read back afterwards";
    if (element.late) return "came late";
    if (element.receivedTimeMs < this.#newestMs - inTimeMs) return "held back while others were read";
    return this.#down.size > 0 ? "the link is down" : undefined;
  }

  #tell({ decided, withdrawn }: Change, late: string | undefined): ReadonlyArray<Output> {
    return [
      ...withdrawn.map((decision): Output => ({ _tag: "Withdrawn", decision, wasSent: this.#sent.has(nameOf(decision)) })),
      ...decided.map((decision): Output => ({ _tag: "Decided", decision, order: this.#order(decision, late) })),
    ];
  }

  #order(decision: Decision, late: string | undefined): Order {
    const { action } = decision;
    const buys = action === "enter" || action === "add";
    if (buys && late !== undefined) return { sent: false, because: late };
    if (action !== "enter" && action !== "alarm" && !this.#holds) return { sent: false, because: "its entry was not sent" };
    if (action === "enter") this.#holds = true;
    if (action === "exit") this.#holds = false;
    this.#sent.add(nameOf(decision));
    for (const oldest of this.#sent) if (this.#sent.size > ordersKept) this.#sent.delete(oldest);
    return { sent: true };
  }
}

/** What an input is to the rules. A candle counts when it is closed; its end is the start of the next window. */
export const eventOf = (input: Input): MarketEvent | undefined => {
  if (input.feed === "history" || input.feed === "ticker") return undefined;
  const { element } = input;
  if (element._tag !== "Live" && element._tag !== "Recovered") return undefined;
  const { value } = element;
  if (!("interval" in value)) return { _tag: "Trade", atMs: value.tradeTimeMs, trade: value };
  return value.state === "closed" ? closedAt(value) : undefined;
};

const closedAt = (candle: Candle): MarketEvent => ({ _tag: "Candle", atMs: endMs(candle), candle });
