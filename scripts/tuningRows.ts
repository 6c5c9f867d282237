/** Knobs as rows of a page: each member of a class or an interface one row, a group of knobs one row for each of its parts. */
import { type Member, membersOf } from "./readKnobs.ts";
import type { SourceFile } from "./sourceFiles.ts";

/** A class or an interface whose members are knobs. */
export interface Group {
  readonly path: string;
  readonly name: string;
  /** Of its section; empty where its rows go on with the section before. */
  readonly title: string;
  /** Put before each name. */
  readonly prefix: string;
  /** The defaults; where there are none, each member says its own. */
  readonly values?: object;
  /** What a knob may be, by its path and its default. */
  readonly bounds?: (path: string, value: unknown) => string;
}

export interface Told {
  readonly text: string;
  /** Every knob that has a row, by its path. */
  readonly keys: ReadonlySet<string>;
  readonly problems: ReadonlyArray<string>;
}

interface Row {
  readonly key: string;
  readonly cells: ReadonlyArray<string>;
  readonly problems: ReadonlyArray<string>;
}

const heading = ["| knob | default | unit | bounds | meaning | costs and brings |", "| --- | --- | --- | --- | --- | --- |"];

export const describeKnobs = (files: ReadonlyArray<SourceFile>, groups: ReadonlyArray<Group>): Told => {
  const keys = new Set<string>();
  const problems: Array<string> = [];
  const lines: Array<string> = [];
  for (const group of groups) {
    const text = files.find(({ path }) => path === group.path)?.text ?? "";
    const members = membersOf(text, group.name);
    if (members === undefined || members.length === 0) problems.push(`${group.path}: has no knobs in ${group.name}`);
    const rows = (members ?? []).flatMap((member) => rowsOf(files, group, member));
    if (group.title !== "") lines.push("", `### ${group.title}`, "", ...heading);
    for (const { key, cells, problems: found } of rows) {
      keys.add(key);
      lines.push(`| ${cells.join(" | ")} |`);
      problems.push(...found.map((problem) => `${group.path}: ${key} ${problem}`));
    }
  }
  return { text: lines.join("\n").trim(), keys, problems };
};

/** What a member inherits from the group it is a part of. */
interface Place {
  readonly path: string;
  readonly value: unknown;
  readonly unit: string | undefined;
}

const rowsOf = (files: ReadonlyArray<SourceFile>, group: Group, member: Member): ReadonlyArray<Row> => {
  const path = group.prefix + member.name;
  // The parts of an option that has a section of its own stand there.
  if (group.values === undefined && !member.tags.has("default")) return [];
  return within(files, group, member, { path, value: valueAt(group.values, member.name), unit: undefined });
};

const within = (files: ReadonlyArray<SourceFile>, group: Group, member: Member, place: Place): ReadonlyArray<Row> => {
  const unit = member.tags.get("unit") ?? unitByName(member.name) ?? place.unit;
  const here = rowOf(group, member, place, unit);
  if (!isGroup(place.value)) return [here];
  const parts = partsOf(files, member.type);
  if (parts === undefined) return [here];
  const isEach = member.type.includes("Record<");
  const inside = (path: string, value: unknown) =>
    parts.flatMap((part) => within(files, group, part, { path: `${path}.${part.name}`, value: valueAt(value, part.name), unit }));
  const open = {
    ...here,
    cells: here.cells.with(1, "").with(2, "").with(3, ""),
    problems: here.problems.filter((problem) => problem !== noUnit),
  };
  const rows = isEach
    ? Object.entries(place.value).flatMap(([name, value]) => inside(`${place.path}.${name}`, value))
    : inside(place.path, place.value);
  return [open, ...rows];
};

/** The members of the type that a knob's parts are of, where a source file says it. */
const partsOf = (files: ReadonlyArray<SourceFile>, type: string): ReadonlyArray<Member> | undefined => {
  const name = /(?:Record<\w+, )?(\w+)>*$/.exec(type)?.[1] ?? "";
  if (!/^[A-Z]/.test(name)) return undefined;
  for (const { text } of files) {
    const members = membersOf(text, name);
    if (members !== undefined && members.length > 0) return members;
  }
  return undefined;
};

const noUnit = "has no unit: say it with @unit";

const rowOf = (group: Group, member: Member, { path, value }: Place, unit: string | undefined): Row => {
  const { tags, meaning } = member;
  const usual = group.values === undefined ? (tags.get("default") ?? "") : spelled(value);
  const env = tags.get("env");
  const bounds = tags.get("bounds") ?? group.bounds?.(path.slice(group.prefix.length), sampleOf(value)) ?? "–";
  const isCounted = group.values === undefined ? /number/.test(member.type) : typeof sampleOf(value) === "number";
  return {
    key: path,
    cells: [
      `\`${path}\`${env === undefined ? "" : `, \`${env}\``}`,
      ...[usual, unit ?? "–", bounds, meaning, tags.get("costs") ?? "–"].map((cell) => cell.replaceAll("|", "\\|")),
    ],
    problems: [...(meaning === "" ? ["says nothing of itself"] : []), ...(isCounted && unit === undefined ? [noUnit] : [])],
  };
};

const unitByName = (name: string): string | undefined => (name.endsWith("Ms") ? "ms" : /[bB]ytes$/.test(name) ? "bytes" : undefined);

const isGroup = (value: unknown): value is object => typeof value === "object" && value !== null && !Array.isArray(value);

const valueAt = (from: unknown, name: string): unknown => (isGroup(from) ? Reflect.get(from, name) : undefined);

/** What all of a knob's values are like. */
const sampleOf = (value: unknown): unknown => {
  if (Array.isArray(value)) return value[0] ?? "";
  return isGroup(value) ? Object.values(value)[0] : value;
};

const spelled = (value: unknown): string => {
  if (typeof value === "number") return value.toLocaleString("en-US", { maximumFractionDigits: 6 });
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(spelled).join(", ");
  if (isGroup(value)) {
    return Object.entries(value)
      .map(([name, part]) => `${name} ${spelled(part)}`)
      .join(", ");
  }
  return value === "" ? "none" : String(value);
};
