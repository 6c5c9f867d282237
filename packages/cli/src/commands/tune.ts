/** `naru tune`: weights of the ranking fitted to a tape, and held against the part of it that they were not fitted to. */
import { InvalidRequest, type MarketDataError } from "@naru/router/errors/MarketDataError";
import { tune as tuned, type Tuning } from "@naru/router/select/tuning";
import { openTape } from "@naru/sim/tape/Tape";
import * as Effect from "effect/Effect";
import * as Random from "effect/Random";
import type { CommandFailed } from "../CommandFailed.ts";
import { reporting } from "../failure.ts";
import * as output from "../output.ts";
import { grouped } from "../render/numbers.ts";
import type { Printing } from "../settings.ts";
import type { TuneInput } from "../tapeFlags.ts";
import { reportingTape } from "../tapes.ts";
import { pastDecisions } from "../tuning/pastDecisions.ts";

/** Fewer say nothing of what is right. */
const leastDecisions = 50;

export const tune = (flags: Printing, { context, file, realtime, seed }: TuneInput): Effect.Effect<void, CommandFailed> =>
  reporting(
    flags,
    reportingTape(
      flags,
      Effect.scoped(
        Effect.gen(function* () {
          const decisions = pastDecisions(yield* openTape(file), { context, realtime });
          if (decisions.length < leastDecisions) return yield* tooFew(file, decisions.length);
          const random = yield* Random.withSeed(Random.Random, seed);
          const tuning = tuned(decisions, () => random.nextDoubleUnsafe());
          yield* flags.json ? output.json({ kind: "tuning", file, ...tuning }) : output.lines(linesOf(tuning));
        }),
      ),
    ),
  );

const tooFew = (file: string, found: number): MarketDataError =>
  new InvalidRequest({
    field: "file",
    input: file,
    reason: `tells of ${found} decisions between REST and the socket; it needs ${leastDecisions}, of markets that were both asked over REST and streamed`,
  });

const linesOf = ({ after, before, decisions, isBetter, options }: Tuning): ReadonlyArray<string> => {
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  const told = `on the later part: right ${percent(before.accuracy)}, regret ${before.regretMs.toFixed(1)} ms with the weights as they are`;
  return [
    `${grouped(decisions)} decisions`,
    ...(isBetter
      ? [`${told}; ${percent(after.accuracy)}, ${after.regretMs.toFixed(1)} ms with these:`, JSON.stringify({ ranking: options })]
      : [told, "no weights did better there: keep them"]),
  ];
};
