/** The flags of `naru link` and `naru monitor`. */
import type * as Command from "effect/cli/Command";
import * as Flag from "effect/cli/Flag";
import * as flags from "./flags.ts";
import * as tapeFlags from "./tapeFlags.ts";

/** How long the link is listened to, in milliseconds, unless `--for` says otherwise. */
const usualListeningMs = 5_000;

const { kinds } = tapeFlags.record;

export const link = {
  markets: flags.markets,
  kinds,
  for: tapeFlags.lengthOfTime("How long to listen, such as 30s (5s)").pipe(Flag.withDefault(usualListeningMs)),
};

export type LinkInput = Command.Command.Config.Infer<typeof link>;

export const monitor = { markets: flags.markets, kinds, for: tapeFlags.record.for };

export type MonitorInput = Command.Command.Config.Infer<typeof monitor>;
