/**
 * Whether knobs can be used, all of them or none: a configuration with a mistake in it is refused as a whole, before anything is built, and every
 * mistake is told at once. What a knob may be follows from its default; what else it needs is said here. Pure.
 */
import * as Result from "effect/Result";
import { ConfigError } from "./errors/MarketDataError.ts";
import { defaultRouterConfig, type RouterConfigShape } from "./RouterConfig.ts";

/** One knob that cannot be used, by its path: `linkProfiles.thin.format`. */
export interface ConfigProblem {
  readonly knob: string;
  readonly reason: string;
}

/** The whole configuration with these changes, or why it cannot be. */
export const checkedConfig = (changes: Partial<RouterConfigShape>): Result.Result<RouterConfigShape, ConfigError> => {
  const problems = problemsOf(changes);
  if (problems.length === 0) return Result.succeed({ ...defaultRouterConfig, ...changes });
  return Result.fail(
    new ConfigError({
      setting: problems.map(({ knob }) => knob).join(", "),
      input: (JSON.stringify(changes) ?? "").slice(0, 200),
      reason: problems.map(({ knob, reason }) => `${knob} ${reason}`).join("; "),
    }),
  );
};

export const problemsOf = (changes: Partial<RouterConfigShape>): ReadonlyArray<ConfigProblem> => {
  const found = within(changes, defaultRouterConfig, "");
  const bad = new Set(found.map(({ knob }) => knob));
  const config = { ...defaultRouterConfig, ...changes };
  const pairs = orders.flatMap(([less, more]): ReadonlyArray<ConfigProblem> => {
    if (bad.has(less) || bad.has(more) || !(less in changes || more in changes)) return [];
    return Number(config[less]) < Number(config[more]) ? [] : [{ knob: less, reason: `must be less than ${more}` }];
  });
  const isShared = !found.some(({ knob }) => knob.startsWith("limitShare"));
  const isNoPart = isShared && config.limitShare.part > config.limitShare.of;
  return [...found, ...pairs, ...(isNoPart ? [{ knob: "limitShare", reason: "must be a part of so many, counted from 1" }] : [])];
};

/** Those that make no sense the other way round. */
const orders = [
  ["pingAfterMs", "deadAfterMs"],
  ["busyPingAfterMs", "busyDeadAfterMs"],
  ["barGraceMs", "barPatienceMs"],
] as const satisfies ReadonlyArray<readonly [keyof RouterConfigShape, keyof RouterConfigShape]>;

const formats = ["venue", "full", "compact"];
const words: Readonly<Record<string, ReadonlyArray<string>>> = {
  "linkProfiles.fast.format": formats,
  "linkProfiles.thin.format": formats,
  "linkProfiles.far.format": formats,
  slotPolicy: ["conservative", "adaptive"],
  reorder: ["adaptive", "always"],
  socketFormat: ["auto", "full", "compact"],
  socketCompression: ["auto", "on", "off"],
  "ranking.policy": ["aggressive", "balanced", "conservative", "minimal"],
};
/** Whole numbers, 1 at least. */
const counts = new Set([
  ...[
    "limitShare.part",
    "limitShare.of",
    "warmCapacity",
    "warmBytes",
    "hotCapacity",
    "streamBuffer",
    "keysPerSocket",
    "maxSockets",
    "copies",
    "tradeMemory",
  ],
  ...["healPages", "healConcurrency", "candlePagesAtOnce"],
]);
/** Shares, 0 to 1. */
const shares = new Set([
  ...["rescueAfterShare", "shadow.maxUsage", "thinLoad.enter", "thinLoad.leave", "warmFloor", "warmRefreshAt"],
  ...["prediction.prefetchAt", "prediction.presubscribeAt", "prediction.maxUsage"],
]);

/** What a knob may be, in words; `usual` is its default. */
export const boundsOf = (path: string, usual: unknown): string => {
  const name = path.replace(/\[\d+\]$/, "");
  if (typeof usual === "boolean") return "true or false";
  if (typeof usual === "string") return words[name]?.join(", ") ?? "text";
  if (path === "copies") return "1 or 2";
  const least = shares.has(name) ? "0 to 1" : counts.has(name) ? "whole, 1 or more" : "0 or more";
  const more = orders.find(([less]) => less === name)?.[1];
  return more === undefined ? least : `${least}, less than \`${more}\``;
};

/** Holds what is given against the shape of the default. */
const within = (given: unknown, usual: unknown, path: string): ReadonlyArray<ConfigProblem> => {
  const say = (reason: string): ReadonlyArray<ConfigProblem> => [{ knob: path, reason }];
  if (typeof usual === "number") return numberProblem(given, path).flatMap(say);
  if (typeof usual === "boolean") return typeof given === "boolean" ? [] : say("must be true or false");
  if (typeof usual === "string") {
    const allowed = words[path];
    if (typeof given !== "string") return say("must be a text");
    return allowed === undefined || allowed.includes(given) ? [] : say(`must be one of ${allowed.join(", ")}`);
  }
  if (Array.isArray(usual)) {
    if (!Array.isArray(given)) return say("must be a list");
    const [first = ""]: ReadonlyArray<unknown> = usual;
    return given.flatMap((one: unknown, at) => within(one, first, `${path}[${at}]`));
  }
  if (typeof given !== "object" || given === null || Array.isArray(given)) return say("must be a group of knobs");
  const known = new Map(Object.entries(usual as object));
  const inside = (name: string) => (path === "" ? name : `${path}.${name}`);
  const missing = path === "" ? [] : [...known.keys()].filter((name) => !(name in given));
  return [
    ...Object.entries(given).flatMap(([name, value]) =>
      known.has(name) ? within(value, known.get(name), inside(name)) : [{ knob: inside(name), reason: "is no knob" }],
    ),
    ...missing.map((name) => ({ knob: inside(name), reason: "is missing" })),
  ];
};

const numberProblem = (given: unknown, path: string): ReadonlyArray<string> => {
  if (typeof given !== "number" || Number.isNaN(given) || given < 0) return ["must be a number, 0 or more"];
  if (counts.has(path) && !(given >= 1 && Number.isInteger(given))) return ["must be a whole number, 1 or more"];
  if (path === "copies" && given > 2) return ["must be 1 or 2"];
  return shares.has(path) && given > 1 ? ["must be a share, 0 to 1"] : [];
};
