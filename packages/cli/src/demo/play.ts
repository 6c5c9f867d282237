/** Plays steps on a stage and tells what held. A step that fails with an error, or takes too long, is a step that does not hold. */
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import { printable, type Style } from "../render/style.ts";
import { coalescedBatch } from "./coalescedBatch.ts";
import { cutSockets } from "./cutSockets.ts";
import { firstAnswer } from "./firstAnswer.ts";
import { hotAnswer } from "./hotAnswer.ts";
import { liveStream } from "./liveStream.ts";
import { pagedCandles } from "./pagedCandles.ts";
import { recovery } from "./recovery.ts";
import type { Stage } from "./Stage.ts";
import { claim, type Outcome, type Step } from "./Step.ts";

/** In the order they are played: the later ones go on from what the earlier ones did. */
export const steps: ReadonlyArray<Step> = [firstAnswer, hotAnswer, coalescedBatch, pagedCandles, liveStream, cutSockets, recovery];

export interface Played {
  readonly title: string;
  readonly outcome: Outcome;
  readonly holds: boolean;
}

export const playStep = (step: Step, stage: Stage): Effect.Effect<Played> =>
  step.play(stage).pipe(
    Effect.catch((error) => Effect.succeed(broken(`failed: ${error.message}`))),
    // A step waits for several facts, each with the stage's patience.
    Effect.timeoutOption(stage.patienceMs * 4),
    Effect.map(Option.getOrElse(() => broken("took too long"))),
    Effect.map((outcome) => ({
      title: step.title,
      outcome,
      holds: outcome.claims.length > 0 && outcome.claims.every(({ holds }) => holds),
    })),
  );

const broken = (says: string): Outcome => ({ shown: [], claims: [claim(says, false)] });

/** One step as lines: what was seen, and each claim with a mark. */
export const playedLines = ({ title, outcome, holds }: Played, number: number, style: Style): ReadonlyArray<string> => [
  `${mark(holds, style)} ${style.paint("strong", `${number}  ${title}`)}`,
  ...outcome.shown.map((text) => `     ${printable(text)}`),
  ...outcome.claims.map(({ says, holds: held }) => `     ${mark(held, style)} ${style.paint(held ? "dim" : "alarm", printable(says))}`),
];

const mark = (holds: boolean, style: Style): string => (holds ? style.paint("good", "✓") : style.paint("alarm", "✗"));
