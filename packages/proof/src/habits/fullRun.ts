/** The model of habits on traces that it was not made on, and the settings of the warm cache beside their neighbours: tables. */
import { areaUnderCurve, type Policy, replay, type Replayed, usual } from "./replay.ts";
import { makeTrace } from "./Trace.ts";

/** Seeds that no constant of the model was chosen on. */
export const heldOutSeeds: ReadonlyArray<number> = [9_101, 9_102, 9_103, 9_104, 9_105];

export interface HabitFigures {
  readonly areaUnderCurve: number;
  /** Hits over those of the plain cache, as a share of all questions. */
  readonly overPlain: number;
  readonly overLastInterval: number;
  /** Followers that were subscribed before they were asked, and subscriptions ahead that nobody asked for, as shares. */
  readonly subscribedAhead: number;
  readonly subscriptionsWasted: number;
  readonly readingsWasted: number;
}

export const habitFigures = (seed: number, hours: number): HabitFigures => {
  const trace = makeTrace(seed, hours);
  const learnMs = Math.min(3_600_000, (hours * 3_600_000) / 4);
  const [plain, last, habits] = (["nothing", "last_interval", "habits"] as const).map((ahead) =>
    replay(trace, { ...usual, ahead }, learnMs),
  ) as [Replayed, Replayed, Replayed]; // one for each of three
  const { chains } = habits;
  return {
    areaUnderCurve: areaUnderCurve(habits.weighed),
    overPlain: habits.hitRatio - plain.hitRatio,
    overLastInterval: habits.hitRatio - last.hitRatio,
    subscribedAhead: chains.subscribed / chains.followed,
    subscriptionsWasted: chains.wasted / chains.ahead,
    readingsWasted: habits.wasted / habits.ahead,
  };
};

/** What was promised of every seed. */
export const holdsPromise = (figures: HabitFigures): boolean =>
  figures.areaUnderCurve >= 0.8 &&
  figures.overPlain >= 0.1 &&
  figures.overLastInterval > 0 &&
  figures.subscribedAhead >= 0.7 &&
  figures.subscriptionsWasted <= 0.3;

/** The settings of the warm cache beside their neighbours, each with what it changes. */
export const neighbours: ReadonlyArray<readonly [name: string, changes: Partial<Policy>]> = [
  ["as it is", {}],
  ["at most 1 s", { ttlMs: 1_000 }],
  ["at most 3 s", { ttlMs: 3_000 }],
  ["at most 10 s", { ttlMs: 10_000 }],
  ["at most 60 s", { ttlMs: 60_000 }],
  ["20 entries", { capacity: 20 }],
  ["100,000 entries", { capacity: 100_000 }],
  ["no adapting", { floor: 1 }],
  ["adapting down to a tenth", { floor: 0.1 }],
  ["no refresh behind hits", { refreshAt: 1 }],
  ["refresh at half", { refreshAt: 0.5 }],
  ["prediction", { ahead: "habits" }],
  ["prediction from 0.3", { ahead: "habits", prefetchAt: 0.3 }],
  ["prediction from 0.8", { ahead: "habits", prefetchAt: 0.8 }],
  ["last interval", { ahead: "last_interval" }],
];

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

export const habits = (hours: number, say: (line: string) => void): boolean => {
  say("| seed | area under the curve | hits over plain | over last interval | readings wasted | subscribed ahead | of these wasted |");
  say("| --- | --- | --- | --- | --- | --- | --- |");
  let isHolding = true;
  for (const seed of heldOutSeeds) {
    const figures = habitFigures(seed, hours);
    isHolding &&= holdsPromise(figures);
    const shares = [
      figures.overPlain,
      figures.overLastInterval,
      figures.readingsWasted,
      figures.subscribedAhead,
      figures.subscriptionsWasted,
    ];
    say(`| ${seed} | ${figures.areaUnderCurve.toFixed(3)} | ${shares.map(percent).join(" | ")} |`);
  }
  const trace = makeTrace(heldOutSeeds[0] ?? 0, hours);
  say("");
  say("| setting | hits | hits that were out of date | answers out of date | readings a question | read ahead, unused |");
  say("| --- | --- | --- | --- | --- | --- |");
  for (const [name, changes] of neighbours) {
    const { ahead, hitRatio, readings, wasted, wrongShare } = replay(trace, { ...usual, ...changes });
    const unused = ahead === 0 ? "–" : percent(wasted / ahead);
    say(
      `| ${name} | ${percent(hitRatio)} | ${percent(wrongShare)} | ${percent(hitRatio * wrongShare)} | ${readings.toFixed(2)} | ${unused} |`,
    );
  }
  return isHolding;
};
