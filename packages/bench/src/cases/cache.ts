/**
 * The warm cache on a trace of questions with habits (`packages/proof/src/habits`): how many memory answers and how many of those are out of date, as the
 * defaults have it and with prediction on. The seed is always the same, so a round is a repetition. `pnpm proof habits` prints all neighbours.
 */
import { heldOutSeeds } from "@naru/proof/habits/fullRun";
import { replay, usual } from "@naru/proof/habits/replay";
import { makeTrace } from "@naru/proof/habits/Trace";
import { Habits } from "@naru/router/select/Habits";
import type { Case, Reading, Side } from "../Case.ts";

const hours = 4;
const asks = 1_000_000;

/** CPU microseconds in which a question is learned from: one of thirty keys in turns, two hundred milliseconds apart. */
const learnUs = (): number => {
  const habits = new Habits<number>();
  const ids = Array.from({ length: 30 }, (_, i) => `ticker:KRW-M${i}`);
  const loop = (from: number, to: number) => {
    for (let i = from; i < to; i++) habits.asked(ids[(i * 7) % ids.length] ?? "", "ticker", i, i * 200, 2_000, 0);
  };
  loop(0, 100_000);
  const before = process.cpuUsage();
  loop(100_000, 100_000 + asks);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / asks;
};

const run = (side: Side): Promise<Reading> => {
  const trace = makeTrace(heldOutSeeds[0] ?? 0, hours);
  const found = replay(trace, { ...usual, ahead: side === "base" ? "nothing" : "habits" });
  const figures = {
    hits: 100 * found.hitRatio,
    "out of date": 100 * found.hitRatio * found.wrongShare,
    readings: found.readings,
    learning: learnUs(),
  };
  return Promise.resolve({ figures, work: found.questions });
};

export const subject: Case = {
  name: "cache",
  about: "the warm cache on four hours of questions with habits",
  base: "the defaults: no prediction",
  candidate: "the same with prediction",
  figures: [
    { name: "hits", unit: "% of questions", better: "higher" },
    { name: "out of date", unit: "% of questions", better: "lower" },
    { name: "readings", unit: "for each question", better: "lower" },
    { name: "learning", unit: "us/question", better: "lower" },
  ],
  rounds: 5,
  isolation: "child",
  run,
};
