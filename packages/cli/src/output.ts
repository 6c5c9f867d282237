/** What a command prints on stdout: lines for people, or one JSON document per line. */
import * as Console from "effect/Console";
import * as Effect from "effect/Effect";
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities";
import { type Style, styleOf } from "./render/style.ts";

export const lines = (texts: ReadonlyArray<string>): Effect.Effect<void> =>
  texts.length === 0 ? Effect.void : Console.log(texts.join("\n"));

export const json = (document: unknown): Effect.Effect<void> => Console.log(JSON.stringify(document));

/** Colour on a terminal that wants it (`NO_COLOR`, `FORCE_COLOR` and `TERM=dumb` are obeyed), plain text elsewhere. */
export const style: Effect.Effect<Style> = Effect.map(Effect.service(TerminalCapabilities.TerminalCapabilities), ({ canColor }) =>
  styleOf(canColor),
);

/** Whether lines already printed may be drawn over. */
export const canRedraw: Effect.Effect<boolean> = Effect.map(
  Effect.service(TerminalCapabilities.TerminalCapabilities),
  ({ canAnimate }) => canAnimate,
);
