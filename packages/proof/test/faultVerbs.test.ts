import { describe, expect, it } from "vitest";
import { type VerbHelp, verbs } from "@naru/sim";
import { entryOf } from "@naru/sim/faults/Fault";
import type { Parameter as Described } from "@naru/sim/faults/Parameter";
import { type ToxicVerbRow, toxicVerbs } from "@naru/sim/proxy/Toxic";

/**
 * Writes `docs/reference/fault-verbs.md` from the vocabulary, and fails when the page says something else. After a change of the vocabulary:
 * `pnpm vitest run --project proof test/faultVerbs.test.ts --update`.
 */
const page = "../../../docs/reference/fault-verbs.md";

interface Parameter {
  readonly name: string;
  readonly about: string;
  readonly default: string;
  /** What it may be, where that is a choice of words. */
  readonly words?: string | undefined;
}

/** What a fault acts on shows in which of these it can be kept to. */
const kinds = [
  { heading: "Answers over REST", takes: ["path", "market"] },
  { heading: "Data, over REST and in frames", takes: ["path", "market", "type"] },
  { heading: "Frames", takes: ["market", "type"] },
  { heading: "Connections, or everything", takes: [] },
] as const;

const narrowing: ReadonlyArray<string> = ["path", "market", "type"];
const timing: ReadonlyArray<string> = ["times", "every", "probability", "afterMs", "forMs"];
const shared = [...timing, ...narrowing];

/** Most verbs have the same default of a shared parameter; a verb that has another shows it. */
const usual = new Map(
  shared.map((name) => {
    const defaults = verbs.flatMap(({ parameters }) => parameters.filter((one) => one.name === name));
    const counts = Map.groupBy(defaults, (one) => `${one.default}\n${one.about}`);
    const [most] = [...counts.values()].toSorted((a, b) => b.length - a.length);
    return [name, most?.[0] ?? { name, about: "", default: "" }] as const;
  }),
);

const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("\n", " ");
const code = (text: string) => (text === "" ? "–" : `\`${cell(text)}\``);
/** The first word in the middle of a line, unless it is a name such as HTTP. */
const lower = (text: string) => text.replace(/^[A-Z][a-z]*(?![A-Za-z])/, (word) => word.toLowerCase());

const parameterText = ({ name, about, default: value, words }: Parameter) =>
  `${code(value === "" ? name : `${name}=${value}`)} ${cell(lower(about))}${words === undefined ? "" : ` (${words})`}`;

const parameterTexts = (parameters: ReadonlyArray<Parameter>) => parameters.map(parameterText).join("; ") || "–";

const wordsOf = (verb: string, name: string): string | undefined => {
  const parameters: Readonly<Record<string, Described<unknown>>> = entryOf(verb)?.parameters ?? {};
  return /^one of (.+)$/.exec(parameters[name]?.expects ?? "")?.[1];
};

const exchangeRow = ({ verb, about, doors, parameters }: VerbHelp) => {
  const its = parameters
    .filter(({ name, default: value }) => usual.get(name)?.default !== value || !shared.includes(name))
    .map((one) => ({ ...one, words: wordsOf(verb, one.name) }));
  return `| \`${verb}\` | ${cell(about)} | ${doors.join(", ")} | ${parameterTexts(its)} |`;
};

const proxyRow = ({ verb, about, parameters }: ToxicVerbRow) => {
  const its = parameters
    .filter(({ name }) => name !== "toxicity" && name !== "direction")
    .map((one) => ({ ...one, default: String(one.default) }));
  const direction = parameters.find(({ name }) => name === "direction");
  return `| \`${verb}\` | ${cell(about)} | ${code(direction === undefined ? "" : String(direction.default))} | ${parameterTexts(its)} |`;
};

const head = "| verb | what happens | doors | its own parameters, with their defaults |\n| --- | --- | --- | --- |";

const isOf =
  (takes: ReadonlyArray<string>) =>
  ({ parameters }: VerbHelp) =>
    narrowing.every((name) => takes.includes(name) === parameters.some((one) => one.name === name));

const section = ({ heading, takes }: (typeof kinds)[number]) => {
  const can = takes.length === 0 ? "" : `These take ${takes.map((name) => `\`${name}\``).join(", ")} as well.\n\n`;
  return `### ${heading}\n\n${can}${head}\n${verbs.filter(isOf(takes)).map(exchangeRow).join("\n")}`;
};

const text = `# Fault verbs

<!-- Written by packages/proof/test/faultVerbs.test.ts; the vocabulary itself is in packages/sim/src/faults/verbs and packages/sim/src/proxy/Toxic.ts. -->

Every fault that can be switched on. A fault is a verb and its parameters, any of which may be left out. The same fault is written

- in a test: \`Sim.fault({ verb: "server-error", path: "/v1/ticker", times: 3 })\`, checked by the compiler;
- on a command line: \`naru sim fault on server-error path=/v1/ticker times=3\`, or from the start: \`naru sim serve --fault "server-error path=/v1/ticker times=3"\`;
- over the [control port](sim-control.md): \`{"verb":"server-error","path":"/v1/ticker","times":3}\`.

Which one shows which weakness: [test your own bot](../how-to/test-your-bot.md#which-fault-shows-which-weakness).

## Of the exchange

\`doors\` says where a verb works: \`memory\` is \`Sim.layerTest\`, \`loopback\` are real sockets (\`Sim.layerLoopback\`, \`naru sim serve\`). Each of these verbs takes the first five parameters, and of the last three those that its group names.

| parameter | default | meaning |
| --- | --- | --- |
${[...usual.values()].map((one) => `| \`${one.name}\` | ${code(one.default)} | ${cell(one.about)} |`).join("\n")}

Chance is decided by the seed of the exchange, and times are the exchange's.

${kinds.map(section).join("\n\n")}

## Of the proxy

These spoil the bytes of TCP connections and know nothing of markets: \`naru sim serve --proxy-port\`, or \`Sim.layerLoopback({ proxy: true })\`. The names are Toxiproxy's, but for \`half_open\`, \`corrupt\` and \`rst_after_n_frames\`. Each but \`down\` takes \`toxicity\`, the share of connections it concerns (1), and those with a \`direction\` take \`up\` (from the client), \`down\` (to it) or \`both\`. Times are those of a real clock. A verb that the exchange knows too is the exchange's unless it is said otherwise: \`--proxy\` on a command line, \`"door": "proxy"\` over the control port.

| verb | what happens | direction | its own parameters, with their defaults |
| --- | --- | --- | --- |
${toxicVerbs.map(proxyRow).join("\n")}
`;

describe("the page of fault verbs", () => {
  it("is what the vocabulary says", () => expect(text).toMatchFileSnapshot(page));

  it("has every verb once in a table", () => {
    const listed = [...text.matchAll(/^\| `([\w-]+)` \|.*\|.*\|.*\|$/gm)].map(([, verb]) => verb);
    expect(listed.filter((verb) => verb !== undefined && !shared.includes(verb)).toSorted()).toEqual(
      [...verbs, ...toxicVerbs].map(({ verb }) => verb).toSorted(),
    );
  });
});
