/** A port on this machine, as a flag. */
import * as Flag from "effect/cli/Flag";

/** What is served takes this one unless told otherwise. */
export const usualPort = 8787;

const portEnd = 65_536;

export function portFlag(name: string, description: string) {
  return Flag.Int(name).pipe(
    Flag.withDescription(description),
    Flag.filter(
      (number) => number >= 0 && number < portEnd,
      () => "is not a port; there are 1 to 65535, and 0 for a free one",
    ),
  );
}
