/** The flags of the commands that speak with a running app: `naru status`, `naru fallback`, `naru resubscribe` and `naru doctor`. */
import * as Argument from "effect/cli/Argument";
import type * as Command from "effect/cli/Command";
import * as Flag from "effect/cli/Flag";

const pid = Flag.optional(
  Flag.Int("pid").pipe(
    Flag.withMetavar("number"),
    Flag.withDescription("Which app, by its process number, where several run; naru status lists them"),
    Flag.filter(
      (number) => number > 0,
      () => "is no process number",
    ),
  ),
);

const reason = Flag.String("reason").pipe(
  Flag.withMetavar("words"),
  Flag.withDescription("Why, for the audit and the log"),
  Flag.filter(
    (words) => words.trim() !== "" && words.length <= 500,
    () => "needs words, at most 500 characters of them",
  ),
  Flag.withDefault("no reason was given"),
);

export const status = { pid };
export type StatusInput = Command.Command.Config.Infer<typeof status>;

export const fallback = {
  to: Argument.Literals("to", ["on", "off", "auto", "status"]).pipe(
    Argument.withDescription(
      "on: the direct clients answer; off: the router does, whatever happens; auto: as it sees fit; status: as it is",
    ),
  ),
  pid,
  reason,
};
export type FallbackInput = Command.Command.Config.Infer<typeof fallback>;

export const resubscribe = { pid, reason };
export type ResubscribeInput = Command.Command.Config.Infer<typeof resubscribe>;

export const doctor = {
  pid,
  probe: Flag.Boolean("probe").pipe(
    Flag.withDescription("Also ask the exchange: a handful of requests and one connection, and none while it blocks this address"),
    Flag.withDefault(false),
  ),
  market: Flag.optional(
    Flag.String("market").pipe(Flag.withDescription("The market that --probe asks for (the one of bitcoin in the venue's own currency)")),
  ),
};
export type DoctorInput = Command.Command.Config.Infer<typeof doctor>;
