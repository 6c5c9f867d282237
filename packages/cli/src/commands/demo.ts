/**
 * `naru demo`: the live client against the emulated exchange over real sockets on this machine, step by step. Every number shown comes
 * from an answer or from the exchange's ledger, and every claim is checked; one that does not hold makes the exit code 1.
 */
import { layerLoopback } from "@naru/sim/Sim";
import { LoopbackServer } from "@naru/sim/server/LoopbackServer";
import * as Effect from "effect/Effect";
import { CommandFailed } from "../CommandFailed.ts";
import { type Played, playedLines, playStep, steps } from "../demo/play.ts";
import { makeStage, type Stage, timed } from "../demo/Stage.ts";
import * as output from "../output.ts";
import { duration } from "../render/numbers.ts";
import type { Printing } from "../settings.ts";

/** How long a step waits for a fact, in milliseconds. */
const patienceMs = 10_000;

export const demo = (flags: Printing & { readonly seed: number }): Effect.Effect<void, CommandFailed> =>
  Effect.gen(function* () {
    const { url } = yield* LoopbackServer;
    if (!flags.json) yield* output.lines([`naru against the emulated exchange at ${url}, seed ${flags.seed}: every price is made up`, ""]);
    yield* playAll(flags, yield* makeStage(patienceMs));
  }).pipe(Effect.scoped, Effect.provide(layerLoopback({ seed: flags.seed })));

/** Plays every step and prints it when it is done. Fails when one does not hold. */
export const playAll = (flags: Printing, stage: Stage): Effect.Effect<void, CommandFailed> =>
  Effect.gen(function* () {
    const style = yield* output.style;
    const print = (played: Played, number: number) =>
      flags.json ? output.json(document(played, number)) : output.lines(playedLines(played, number, style));
    const { value: played, tookMs } = yield* timed(
      Effect.forEach(steps, (step, i) => Effect.tap(playStep(step, stage), (one) => print(one, i + 1))),
    );
    const held = played.filter(({ holds }) => holds).length;
    if (!flags.json) yield* output.lines(["", `${held} of ${played.length} steps hold, in ${duration(tookMs)}`]);
    if (held < played.length) return yield* new CommandFailed({ exitCode: 1 });
  });

const document = ({ title, outcome, holds }: Played, step: number): unknown => ({ kind: "step", step, title, holds, ...outcome });
