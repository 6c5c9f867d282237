/**
 * What the consumers of a run with cuts are told, and when: the time from a cut to the first word of it, and from its end to the first value that
 * the exchange made afterwards. Times are those of Effect's clock; the exchange's process reads the same clock of this machine.
 */
import type { StreamElement } from "@naru/router/domain/StreamElement";
import type { Ticker } from "@naru/router/domain/Ticker";
import type { Trade } from "@naru/router/domain/Trade";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Latch from "effect/Latch";
import type { TradeAccount } from "../TradeAccount.ts";

export const makeFollower = (account: TradeAccount) => Effect.map(Clock.Clock, (clock) => new CutFollower(account, clock));

export class CutFollower {
  /** Open while the socket speaks: since the last reconnect something came over it. */
  readonly speaking = Latch.makeUnsafe(false);
  /** Opened by the first value that is newer than the end of the cut. */
  readonly fresh = Latch.makeUnsafe(false);
  /** Opened by every trade. */
  readonly moved = Latch.makeUnsafe(false);
  /** When the consumers were first told of the cut. */
  detectedMs: number | undefined;
  /** When that value came. */
  freshMs: number | undefined;
  private healedMs = Infinity;
  private readonly account: TradeAccount;
  private readonly clock: Clock.Clock;

  constructor(account: TradeAccount, clock: Clock.Clock) {
    this.account = account;
    this.clock = clock;
  }

  cutBegins(): void {
    this.fresh.closeUnsafe();
    this.detectedMs = undefined;
    this.freshMs = undefined;
    this.healedMs = Infinity;
  }

  cutEnds(): void {
    this.healedMs = this.nowMs();
  }

  readonly trade = (element: StreamElement<Trade>): void => {
    this.account.element(element);
    if (element._tag === "Reconnecting") this.told();
    if (element._tag === "Live" || element._tag === "Recovered") this.value(element, element.value.tradeTimeMs);
    this.moved.openUnsafe();
  };

  readonly ticker = (element: StreamElement<Ticker>): void => {
    if (element._tag === "Live") this.value(element, element.value.timestampMs);
  };

  nowMs(): number {
    return this.clock.currentTimeMillisUnsafe();
  }

  private told(): void {
    this.speaking.closeUnsafe();
    this.detectedMs ??= this.nowMs();
  }

  private value(element: StreamElement<unknown>, madeMs: number): void {
    if (element._tag === "Live" && element.channel === "websocket") this.speaking.openUnsafe();
    if (madeMs < this.healedMs || this.freshMs !== undefined) return;
    this.freshMs = this.nowMs();
    this.fresh.openUnsafe();
  }
}
