/** The whole trial: many scenes, and the table of what came of it. The test suite runs a short form. */
import * as Effect from "effect/Effect";
import type { RankOptions } from "@naru/router/RouterConfig";
import { type Judged, runScene } from "./runScene.ts";
import { lineOf, outcomeOf, rules } from "./table.ts";

export interface Trial {
  /** The first seed. Default 1. */
  readonly first?: number | undefined;
  readonly scenes: number;
  /** Of each scene. */
  readonly questions: number;
  /** How the router ranks. Default: as it does. */
  readonly ranking?: RankOptions | undefined;
}

/** Runs scenes one after another. */
export const runScenes = async (
  { first = 1, questions, ranking, scenes }: Trial,
  say: (line: string) => void = () => {},
): Promise<ReadonlyArray<Judged>> => {
  const all: Array<Judged> = [];
  for (let seed = first; seed < first + scenes; seed++) {
    all.push(...(await runScene(seed, questions, ranking)));
    if ((seed - first) % 10 === 9) say(`${seed - first + 1} of ${scenes} networks, ${all.length} questions`);
  }
  return all;
};

/** Bounds that the selector is held to, and those it aims at. */
export const wanted = { accuracy: 0.85, fixedRule: 0.75, goalAccuracy: 0.95, goalRegretMs: 5, goalExtra: 0.03 } as const;

export const selection = (scenes: number, questions: number, say: (line: string) => void): Effect.Effect<boolean> =>
  Effect.promise(async () => {
    const all = await runScenes({ scenes, questions }, say);
    const lines = rules.map((rule) => lineOf(rule, all));
    const outcome = outcomeOf(all);
    const row = (name: string, accuracy: number, regretMs: number, more = "") =>
      `${name.padEnd(48)} ${(accuracy * 100).toFixed(1).padStart(6)} % ${regretMs.toFixed(1).padStart(9)} ms${more}`;
    say(`${"rule".padEnd(48)} ${"right".padStart(8)} ${"regret".padStart(12)}`);
    for (const { name, accuracy, regretMs } of lines) say(row(name, accuracy, regretMs));
    say(
      row(
        "naru, by what it put first",
        outcome.accuracy,
        outcome.regretMs,
        `, ${(outcome.extraRequests * 100).toFixed(1)} % extra requests`,
      ),
    );
    say("");
    say("confidence   questions   said    was right");
    for (const { from, questions: n, confidence, accuracy } of outcome.bins)
      say(`from ${from.toFixed(2)} ${String(n).padStart(12)} ${confidence.toFixed(3).padStart(8)} ${accuracy.toFixed(3).padStart(9)}`);
    say(
      `mean distance of confidence from truth ${outcome.calibrationError.toFixed(3)}; ${outcome.unanswered} of ${outcome.questions} unanswered`,
    );
    const isHard = lines.every(({ accuracy }) => accuracy <= wanted.fixedRule);
    if (!isHard) say(`a rule that measures nothing is right more often than ${wanted.fixedRule}: these networks are too easy`);
    return isHard && outcome.accuracy >= wanted.accuracy;
  });
