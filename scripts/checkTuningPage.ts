/**
 * `docs/reference/tuning.md` lists every knob, written from the knobs themselves: `node scripts/checkTuningPage.ts --write` writes it anew, and the
 * check fails while the page says anything else, a knob is not told of, or one has no unit. The page is a whole, so nothing on it is written by hand.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { resolveOptions } from "../packages/node/src/TransportOptions.ts";
import { boundsOf } from "../packages/router/src/checkConfig.ts";
import { defaultRouterConfig } from "../packages/router/src/RouterConfig.ts";
import { type Report, runAlone } from "./report.ts";
import { readSources, root, type SourceFile, sources } from "./sourceFiles.ts";
import { describeKnobs, type Group, type Told } from "./tuningRows.ts";

const page = join(root, "docs/reference/tuning.md");

/** Of the router, by the file that holds the class; told in this order. */
const routerGroups: ReadonlyArray<Group> = [
  ["questions", "QuestionKnobs", "Questions"],
  ["cache", "CacheKnobs", "What is remembered"],
  ["tiers", "TierKnobs", "Tiers"],
  ["stream", "StreamKnobs", "Streams"],
  ["transport", "LinkKnobs", "Sockets"],
  ["fallback", "FallbackKnobs", "When the router fails"],
  ["health", "HealthKnobs", "Watching and recording"],
].map(([file = "", name = "", title = ""]) => ({
  ...{ path: `packages/router/src/knobs/${file}.ts`, name, title, prefix: "", values: defaultRouterConfig, bounds: boundsOf },
}));

const transport = resolveOptions();
const nodePath = "packages/node/src/TransportOptions.ts";

const otherGroups: ReadonlyArray<Group> = [
  { path: nodePath, name: "TransportSettings", title: "The network, as `transport`", prefix: "transport.", values: transport },
  { path: "packages/upbit/src/Upbit.ts", name: "UpbitOptions", title: "The exchange", prefix: "" },
  { path: "packages/upbit/src/profiles.ts", name: "ProfileOptions", title: "An address of your own, as `profile`", prefix: "profile." },
  { path: "packages/upbit/src/UpbitVenue.ts", name: "VenueOptions", title: "How the exchange speaks, as `dialect`", prefix: "dialect." },
  { path: "packages/upbit/src/Upbit.ts", name: "HistoryOptions", title: "Kept history, as `history`", prefix: "history." },
  { path: "packages/node/src/history/SqliteHistory.ts", name: "SqliteHistoryOptions", title: "", prefix: "history." },
  { path: "packages/node/src/Telemetry.ts", name: "TelemetryOptions", title: "A collector, as `telemetry`", prefix: "telemetry." },
  {
    path: "packages/sim/src/MemoryTransport.ts",
    name: "MemoryTransportOptions",
    title: "The emulated network, as `network` of `Sim.layerTest`",
    prefix: "network.",
  },
];

/** What has no knob of its own in a program. */
const variables: ReadonlyArray<readonly [name: string, meaning: string]> = [
  ["NARU_VENUE", "the region, for `Upbit.layerConfig` (`upbit`)"],
  ["NARU_URL", "an address that speaks the protocol, for `Upbit.layerConfig`"],
  ["NARU_STATE", "the folder everything that outlives a process is kept in (`$XDG_STATE_HOME/naru`, else `~/.local/state/naru`)"],
  ["NARU_CONTROL", "the control port of an emulated exchange, for the command `naru sim`"],
  ["OTEL_EXPORTER_OTLP_ENDPOINT", "the collector, for `Telemetry.layerConfig`, which reads the other standard `OTEL_…` variables too"],
];

const head = `# Every knob

Written by \`node scripts/checkTuningPage.ts --write\` from the knobs themselves, and held against them by \`pnpm check\`. Change the words at the knob, not here.

The knobs of the router are given with \`RouterConfig.layer({ … })\`, or as \`config\` of \`Upbit.layerFor\`, \`Sim.layerTest\`, \`Sim.layerLoopback\` and \`connect\`; they are read when a layer is built. A configuration with a mistake in it is refused as a whole with \`ConfigError\`. Numbers below are per process. **Costs and brings** stands where turning a knob changes what the program costs; [how to tune](../how-to/tune.md) says where to begin, and what a question itself can ask for is in [options](options.md).`;

export const pageOf = (files: ReadonlyArray<SourceFile>): Told => {
  const router = describeKnobs(files, routerGroups);
  const others = describeKnobs(files, otherGroups);
  const used = new Set(files.flatMap(({ text }) => Array.from(text.matchAll(/"(NARU_[A-Z]+)"/g), ([, name = ""]) => name)));
  const listed = new Set(variables.map(([name]) => name));
  const untold = [...used]
    .filter((name) => !listed.has(name))
    .map((name) => `${name} is read and not told of in scripts/checkTuningPage.ts`);
  const missing = Object.keys(defaultRouterConfig)
    .filter((name) => !router.keys.has(name))
    .map((name) => `the knob ${name} stands in none of the files that are told of`);
  const environment = [
    "| variable | meaning |",
    "| --- | --- |",
    ...variables.map(([name, meaning]) => `| \`${name}\` | ${meaning} |`),
  ].join("\n");
  const text = [head, "## The router", router.text, "## What stands below it", others.text, "## Variables of the environment", environment];
  return {
    text: `${text.join("\n\n")}\n`,
    keys: new Set([...router.keys, ...others.keys]),
    problems: [...router.problems, ...others.problems, ...untold, ...missing],
  };
};

export const checkTuningPage = async (): Promise<Report> => {
  const told = pageOf(await readSources(sources));
  const isWriting = process.argv.includes("--write");
  if (isWriting) await writeFile(page, told.text);
  const present = await readFile(page, "utf8").catch(() => "");
  const old = present === told.text ? [] : ["docs/reference/tuning.md: is old; run node scripts/checkTuningPage.ts --write"];
  return { looked: told.keys.size, unit: "knobs", problems: [...told.problems, ...old] };
};

await runAlone(import.meta.url, "page on knobs", checkTuningPage);
