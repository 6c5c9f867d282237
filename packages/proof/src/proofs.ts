/**
 * The proofs that take longer than a test may: each by its name, with what it shows. `pnpm proof` lists them, `pnpm proof NAME` runs one. The
 * test suite runs a short form of each.
 */
import * as Effect from "effect/Effect";
import { bars } from "./bars/fullRun.ts";
import { chaos } from "./chaos/fullRun.ts";
import { decoding } from "./decoding/fullRun.ts";
import { formats } from "./formats/fullRun.ts";
import { habits } from "./habits/fullRun.ts";
import { healing } from "./healing/fullRun.ts";
import { anyRange } from "./kept/anyRange.ts";
import { kills } from "./kept/kills.ts";
import { competed, sharedInBothModes } from "./limits/limits.ts";
import { rules } from "./rules/fullRun.ts";
import { selection } from "./selection/fullRun.ts";
import { churn } from "./soak/churn.ts";
import { crashes } from "./soak/crashes.ts";
import { cuts, quietCuts } from "./soak/cuts/cuts.ts";
import { holds, type Report, tableOf } from "./soak/Figures.ts";
import { interrupts } from "./soak/interrupts.ts";
import { hour, load, usualHour, usualLoad } from "./soak/load/load.ts";
import { quiet, silence } from "./soak/quiet.ts";
import { swaps } from "./soak/swaps.ts";
import { strangers } from "./strangers/fullRun.ts";
import { worlds } from "./world/fullRun.ts";
import { allPairs, pairs } from "./world/pairs.ts";

export interface Proof {
  readonly name: string;
  /** One line: what it shows, and how long it takes. */
  readonly summary: string;
  /** How long it runs where that can be chosen: what it is by itself, in minutes. */
  readonly minutes?: number | undefined;
  /** Says how it goes; true when it holds. */
  readonly run: (say: (line: string) => void, minutes: number) => Effect.Effect<boolean>;
}

type Say = (line: string) => void;

const minuteMs = 60_000;

/** Parts one after another, each with its table; holds when all do. */
const proved = (say: Say, parts: ReadonlyArray<(say: Say) => Effect.Effect<Report>>): Effect.Effect<boolean> =>
  Effect.gen(function* () {
    let isHolding = true;
    for (const part of parts) {
      const report = yield* part(say);
      for (const line of tableOf(report)) say(line);
      isHolding = holds(report) && isHolding;
    }
    return isHolding;
  });

/** A part that needs no Effect around it. */
const plain =
  <O>(part: (options: O, say: Say) => Promise<Report>, options: O) =>
  (say: Say): Effect.Effect<Report> =>
    Effect.promise(() => part(options, say));

export const proofs: ReadonlyArray<Proof> = [
  {
    name: "formats",
    summary: "short field names and compression save bytes on every stream: ten minutes of ten markets; seconds",
    run: (say) => formats(600, say),
  },
  {
    name: "decoding",
    summary:
      "ten million frames, made and spoilt, mean the same to the byte scanner as to the general path, to the last digit; some minutes of two cores",
    run: (say) => proved(say, [plain(decoding, { ofEach: 1_000_000, seed: 1, workers: 2 })]),
  },
  {
    name: "habits",
    summary:
      "what the model of habits foresees on days it was not made on, and the warm cache's settings beside their neighbours; a minute or two",
    run: (say) => Effect.sync(() => habits(12, say)),
  },
  {
    name: "worlds",
    summary: "2,000 random worlds keep six invariants, 1,000 of them are the same twice, ten planted bugs are caught; some minutes",
    run: (say) => worlds(2_000, 1_000, say),
  },
  {
    name: "pairs",
    summary: "every pair of twenty faults at once, in 20 worlds each, breaks none of the six invariants; half an hour",
    run: (say) => proved(say, [plain(pairs, { pairs: allPairs, seeds: 20 })]),
  },
  {
    name: "healing",
    summary:
      "outages of one to five minutes at 300 trades/s and more over 20 markets are whole within 15 s of the link's return; some minutes",
    run: healing,
  },
  {
    name: "bars",
    summary:
      "bars of 289 markets over real sockets: within 300 ms of the boundary, without a request for a candle, true to the tape; minutes",
    run: (say) => proved(say, [(say) => bars({ markets: 860, followed: 289, forMs: 5 * minuteMs, bars: { "1s": 270, "1m": 3 } }, say)]),
  },
  {
    name: "chaos",
    summary:
      "a hundred days of dropped sockets, failing requests and channels that are out: fresh answers in time, no untrue label; half an hour",
    run: (say) => proved(say, [plain(chaos, { seeds: 100, hours: 24 })]),
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
  {
    name: "selection",
    summary: "the right channel for 10,000 questions on 40 drawn networks, beside rules that measure nothing; some minutes",
    run: (say) => selection(40, 250, say),
  },
  {
    name: "cuts",
    summary:
      "fifty cuts of the way to the exchange in five minutes, ten more with quiet markets: nothing lost, noticed in time; a quarter of an hour",
    run: (say) =>
      proved(say, [
        (say) => cuts({ markets: 50, cuts: 50, spanMs: 5 * minuteMs, silentMs: [4_000, 5_000] }, say),
        (say) => quietCuts({ cuts: 10 }, say),
      ]),
  },
  {
    name: "quiet",
    summary: "a day of a quiet market and an hour of busy ones without a needless reconnect or stale label; half a minute",
    run: (say) => proved(say, [plain(quiet, { quietMs: 24 * 60 * minuteMs, busyMs: 60 * minuteMs }), plain(silence, { links: 100 })]),
  },
  {
    name: "swaps",
    summary: "a hundred swaps of the streamed market of each kind: no reconnect, and the new market within a second; some seconds",
    run: (say) => proved(say, [plain(swaps, { swaps: 100 })]),
  },
  {
    name: "churn",
    summary: "100,000 questions, as many streams and 10,000 reconnects leave no heap, fiber, timer or socket; a quarter of an hour",
    run: (say) => proved(say, [plain(churn, { questions: 100_000, cycles: 100_000, reconnects: 10_000 })]),
  },
  {
    name: "interrupts",
    summary: "a client, and a caller of one that goes on, interrupted at every step of a run: nothing is left of either; some minutes",
    run: (say) => proved(say, [plain(interrupts, { every: { client: 1, caller: 1 } })]),
  },
  {
    name: "kills",
    summary:
      "200 kills of a process that keeps candles and trades: every file opens, nothing is torn, nothing acknowledged is lost; some minutes",
    run: (say) => proved(say, [(say) => kills({ kills: 200 }, say)]),
  },
  {
    name: "history",
    summary:
      "300 files: any ranges of sparse markets, cut off anywhere, over four lives each, are the exchange's to the last digit, and nothing complete is asked for again; a quarter of an hour",
    run: (say) => proved(say, [(say) => anyRange({ rounds: 300, questions: 10, brokenLives: 2 }, say)]),
  },
  {
    name: "crashes",
    summary: "a thousand crashing and ten stuck consumers cost three good ones nothing; half a minute",
    run: (say) => proved(say, [plain(crashes, { crashes: 1_000, stuck: 10 })]),
  },
  {
    name: "load",
    summary:
      "10,000 frames/s for 30 minutes (--minutes N), 40,000/s for ten seconds, and a simulated hour of a hundred times the usual questions: no trade lost, every conflation told, limits kept, memory flat; three quarters of an hour",
    minutes: 30,
    run: (say, minutes) => proved(say, [(say) => load(usualLoad(minutes), say), (say) => hour(usualHour, say)]),
  },
  {
    name: "limits",
    summary:
      "three programs with a third of the limits each use nine tenths of them, killed and started again, and are never refused; room is made for a fourth; a quarter of an hour",
    run: (say) =>
      proved(say, [
        // Both ways of counting at the same time: each has an exchange of its own.
        (say) => sharedInBothModes({ forMs: 10 * minuteMs, restartEveryMs: minuteMs }, say),
        () => competed({ mode: "sliding", forMs: minuteMs, competitorRate: 5, settleMs: 5_000 }),
        () => competed({ mode: "fixed", forMs: minuteMs, competitorRate: 3, settleMs: 5_000 }),
      ]),
  },
];
