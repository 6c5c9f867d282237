/** The long form of what the test shows of the seven rules: more markets, and half an hour for each of many seeds. */
import * as Effect from "effect/Effect";
import { judgeRules } from "./judgeRules.ts";
import { runRules } from "./RulesRun.ts";

const steady = ["KRW-BTC", "KRW-ETH", "KRW-SOL", "KRW-DOGE", "KRW-ADA"];
const takingTurns = ["KRW-XRP", "KRW-SUI", "KRW-USDT"];

export const rules = (seeds: number, say: (line: string) => void): Effect.Effect<boolean> =>
  Effect.promise(async () => {
    const total = { looked: 0, unfinished: 0, closed: 0, gaps: 0, differences: 0, holes: 0, longestUntoldMs: 0 };
    const decisions = new Map<string, number>();
    say("seed   inputs  afterwards  longest untold  longest of all  decisions  gaps  holes  differences");
    for (let seed = 1; seed <= seeds; seed++) {
      const one = judgeRules(await runRules({ seed, steady, takingTurns }));
      const decided = [...one.decisions.values()].reduce((sum, count) => sum + count, 0);
      const figures = [one.looked, one.afterwards, `${one.longestUntoldMs} ms`, `${one.longestMs} ms`, decided, one.gaps.length, one.holes];
      const widths = [9, 12, 16, 16, 11, 6, 7];
      const row = figures.map((figure, i) => String(figure).padStart(widths[i] ?? 0)).join("");
      say(`${String(seed).padStart(4)}${row}${String(one.differences.length).padStart(13)}`);
      for (const { what, untoldMs } of one.gaps) say(`     ${what}: ${untoldMs} ms without a word`);
      for (const difference of one.differences) say(`     ${difference}`);
      for (const [rule, count] of one.decisions) decisions.set(rule, (decisions.get(rule) ?? 0) + count);
      total.looked += one.looked;
      total.unfinished += one.unfinishedCandles;
      total.closed += one.closedCandles;
      total.gaps += one.gaps.length;
      total.differences += one.differences.length;
      total.holes += one.holes;
      total.longestUntoldMs = Math.max(total.longestUntoldMs, one.longestUntoldMs);
    }
    for (const [rule, count] of decisions) say(`${rule.padEnd(20)} ${count} decisions`);
    say(`${total.looked} inputs, the longest wait without a word ${total.longestUntoldMs} ms`);
    say(`${total.unfinished} of ${total.closed} closed candles lacked trades of their last second, and were completed`);
    say(`${total.gaps} gaps over 2 s, ${total.holes} holes, ${total.differences} differences`);
    return total.gaps === 0 && total.holes === 0 && total.differences === 0 && decisions.size === 7;
  });
