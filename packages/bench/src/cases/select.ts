/**
 * The choice of a channel, judged by an onlooker that replays both channels for every question on drawn networks (`packages/proof/src/selection`): the
 * published formula with its default weights, and the same with what is measured. The seeds are always the same, so a round is a repetition.
 */
import { runScenes } from "@naru/proof/selection/fullRun";
import { outcomeOf } from "@naru/proof/selection/table";
import { defaultRankOptions } from "@naru/router/select/TierRank";
import type { Case, Reading, Side } from "../Case.ts";

const scenes = 8;
const questions = 250;

const run = async (side: Side): Promise<Reading> => {
  const ranking = side === "base" ? { ...defaultRankOptions, measuredBound: 0 } : defaultRankOptions;
  const outcome = outcomeOf(await runScenes({ scenes, questions, ranking }));
  const figures = { right: 100 * outcome.accuracy, regret: outcome.regretMs, "extra requests": 100 * outcome.extraRequests };
  return { figures, work: outcome.questions };
};

export const subject: Case = {
  name: "select",
  about: "the right channel first, of 2,000 mixed questions on 8 drawn networks",
  base: "the formula with default weights, nothing measured",
  candidate: "the selector as it is",
  figures: [
    { name: "right", unit: "% of questions", better: "higher" },
    { name: "regret", unit: "ms beyond the better channel, mean", better: "lower" },
    { name: "extra requests", unit: "% of questions", better: "lower" },
  ],
  rounds: 5,
  isolation: "child",
  run,
};
