/** What the run prints: decisions as they are made, what happens to the line, and a summary. Times are UTC, the exchange's. */
import type { Market } from "@naru/router";
import { type MarketDesk, type Output } from "./MarketDesk.ts";
import { sevenRules } from "./sevenRules.ts";

export const makeReport = (print: (line: string) => void = console.log) => {
  const decided = new Map<string, number>();
  const desks: Array<MarketDesk> = [];
  const counts = { sent: 0, withdrawn: 0, holes: 0, drops: 0 };
  /** Markets that were told that the link is down. All share one; it is told once. */
  const down = new Set<string>();

  const count = (rule: string, by: number) => decided.set(rule, (decided.get(rule) ?? 0) + by);

  const say = (output: Output): void => {
    switch (output._tag) {
      case "Decided": {
        const { decision, order } = output;
        const { action, atMs, market, price, rule, why } = decision;
        count(rule, 1);
        if (order.sent) counts.sent++;
        print(`${time(atMs)} ${market} ${action.padEnd(6)} ${price} ${rule}: ${why}${order.sent ? "" : ` [not sent: ${order.because}]`}`);
        return;
      }
      case "Withdrawn":
        count(output.decision.rule, -1);
        counts.withdrawn++;
        print(
          `${time(output.decision.atMs)} ${output.decision.market} withdrawn: ${output.decision.action} of ${output.decision.rule}${output.wasSent ? ", sent already" : ""}`,
        );
        return;
      case "Down":
        if (down.size === 0) {
          counts.drops++;
          print(`-- the link is down: ${output.reason}`);
        }
        down.add(output.market);
        return;
      case "Up":
        down.delete(output.market);
        if (down.size === 0) print("-- the link is up again");
        return;
      case "Missing":
        counts.holes++;
        print(`-- ${output.market} has a hole: ${output.gap.kind}, ${output.gap.reason}`);
        return;
      case "Opened":
        print(`${time(output.atMs)} ${output.market} is watched`);
    }
  };

  const summarise = (sockets: number): void => {
    const sum = (of: (desk: MarketDesk) => number) => desks.reduce((total, desk) => total + of(desk), 0);
    print(`${sockets} sockets for ${desks.length} markets, ${counts.drops} drops, ${counts.holes} holes`);
    print(`${sum((desk) => desk.afterwards)} values came afterwards, ${sum((desk) => desk.timeline.tooLate)} of them too late`);
    print(`last prices: ${desks.map(({ market, lastPrice }) => `${market} ${lastPrice ?? "none"}`).join(", ")}`);
    print(`decided: ${sevenRules.map(({ rule }) => `${rule} ${decided.get(rule) ?? 0}`).join(", ")}`);
    print(`${counts.sent} orders sent, ${counts.withdrawn} decisions withdrawn`);
  };

  return {
    desks,
    say,
    /** The market is not watched any more: it will not be told that the link is up. */
    left: (market: Market): void => void down.delete(market),
    summarise,
    get holes() {
      return counts.holes;
    },
  };
};

const time = (ms: number): string => new Date(ms).toISOString().slice(11, 23);
