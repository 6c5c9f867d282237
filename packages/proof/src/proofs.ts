/**
 * The proofs that take longer than a test may: each by its name, with what it shows. `pnpm proof` lists them, `pnpm proof NAME` runs one. The
 * test suite runs a short form of each.
 */
import type * as Effect from "effect/Effect";
import { formats } from "./formats/fullRun.ts";
import { healing } from "./healing/fullRun.ts";
import { rules } from "./rules/fullRun.ts";
import { strangers } from "./strangers/fullRun.ts";
import { worlds } from "./world/fullRun.ts";

export interface Proof {
  readonly name: string;
  /** One line: what it shows, and how long it takes. */
  readonly summary: string;
  /** Says how it goes; true when it holds. */
  readonly run: (say: (line: string) => void) => Effect.Effect<boolean>;
}

export const proofs: ReadonlyArray<Proof> = [
  {
    name: "formats",
    summary: "short field names and compression save bytes on every stream: ten minutes of ten markets; seconds",
    run: (say) => formats(600, say),
  },
  {
    name: "worlds",
    summary: "2,000 random worlds keep six invariants, 1,000 of them are the same twice, ten planted bugs are caught; some minutes",
    run: (say) => worlds(2_000, 1_000, say),
  },
  {
    name: "healing",
    summary:
      "outages of one to five minutes at 300 trades/s and more over 20 markets are whole within 15 s of the link's return; some minutes",
    run: healing,
  },
  {
    name: "strangers",
    summary: "ccxt watches every stream of the emulated exchange for ten minutes and is told nothing but what happened there",
    run: (say) => strangers("10 minutes", say),
  },
  {
    name: "rules",
    summary:
      "seven rules miss nothing for 2 s untold, and decide as on the exchange's record, in 20 half hours of drops and swaps; minutes",
    run: (say) => rules(20, say),
  },
];
