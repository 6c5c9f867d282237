/**
 * Writes `packages/upbit/src/decode/generated/plans`: for each shape of candles over REST a function that reads the bytes of a row whose fields come in their
 * usual order, made from the shape's table of fields and the order below. The scanner goes by it when what it learnt from the wire is that order, and by its
 * loop over the table for any other. More than half of such a row is names, and it takes a quarter less; frames of the socket gain nothing by it. Source,
 * because a function made at run time would need `eval`. `pnpm check` compares it with what is committed.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import * as candle from "../packages/upbit/src/decode/CandleShape.ts";
import type { Fields } from "../packages/upbit/src/decode/Shape.ts";
import { Slots, valueKind } from "../packages/upbit/src/decode/scan/Slots.ts";
import type { Report } from "./report.ts";

const folder = new URL("../packages/upbit/src/decode/generated/plans/", import.meta.url);

interface Source {
  readonly name: string;
  readonly fields: Fields;
  /** The names of fields in the order of the wire. */
  readonly order: string;
}

const order = "market openTimeMs openTimeKorea open high low close lastTradeTimeMs value volume";

/** By file. */
const sources: Readonly<Record<string, ReadonlyArray<Source>>> = {
  shortCandles: [
    { name: "secondCandle", fields: candle.secondCandle.fields, order },
    { name: "minuteCandle", fields: candle.minuteCandle.fields, order: `${order} unit` },
  ],
  longCandles: [
    { name: "dayCandle", fields: candle.dayCandle.fields, order: `${order} previousClose changeAmount changeRatio` },
    { name: "periodCandle", fields: candle.periodCandle.fields, order: `${order} firstDay` },
  ],
};

/** Field and kind of each step of an order. */
const stepsOf = (slots: Slots, order: string): ReadonlyArray<readonly [field: number, kind: number]> =>
  order.split(" ").map((name) => {
    const field = slots.names.indexOf(name);
    const kind = slots.kinds[field];
    if (kind === undefined) throw new Error(`no field ${name}`);
    return [field, kind];
  });

/** As the formatter leaves it. */
const literal = (word: number | undefined): string => String(word).replace("e+", "e");

/** The condition that the key of a field does not stand at `p`. */
const otherKey = (slots: Slots, field: number): string => {
  const length = slots.keyLengths[field]!;
  const first = slots.keyStarts[field]!;
  const read = length < 8 ? "getInt32" : "getFloat64";
  const size = length < 8 ? 4 : 8;
  const conditions: Array<string> = [];
  for (let at = 0, word = first; ; at += size, word++) {
    const from = Math.min(at, length - size);
    conditions.push(`view.${read}(${from === 0 ? "p" : `p + ${from}`}, true) !== ${literal(slots.keyWords[word])}`);
    if (from === length - size) break;
  }
  return [`p + ${length} > limit`, ...conditions].join(" || ");
};

/** Reads the value at `p`, and refuses what is none. */
const valueOf = (slots: Slots, field: number, kind: number): ReadonlyArray<string> => {
  const place = String(field);
  const reads = (call: string, wrong = "") => [`  p = s.${call};`, `  if (p < 0${wrong}) return -1;`];
  switch (kind) {
    case valueKind.decimal:
      return reads(`decimal(p, ${place})`);
    case valueKind.amount: {
      // `-0` is zero.
      const sign = `isNegative${field}`;
      return [`  const ${sign} = bytes[p] === minus;`, ...reads(`decimal(p, ${place})`, ` || (${sign} && mantissas[${place}] !== 0)`)];
    }
    case valueKind.price:
      return ["  if (bytes[p] === minus) return -1;", ...reads(`decimal(p, ${place})`, ` || mantissas[${place}] === 0`)];
    case valueKind.integer:
      return reads(`integer(p, ${place})`, ` || !(mantissas[${place}]! <= ${slots.maxima[field]})`);
    case valueKind.word:
      return reads(`word(slots, ${field}, p)`);
    case valueKind.moment:
      return reads(`moment(p, ${place})`);
    default:
      throw new Error(`nobody reads values of kind ${kind}`);
  }
};

const functionOf = (name: string, slots: Slots, order: string): string => {
  const steps = stepsOf(slots, order);
  const statements = steps.flatMap(([field, kind], at) => [
    `  // ${slots.names[field]}`,
    `  if (${otherKey(slots, field)}) return -1;`,
    `  p += ${slots.keyLengths[field]};`,
    ...valueOf(slots, field, kind),
    at === steps.length - 1 ? "  return bytes[p] === closeBrace && p < limit ? p + 1 : -1;" : "  if (bytes[p++] !== comma) return -1;",
  ]);
  return [
    `const ${name}: ScanPlan["read"] = (s, slots, from) => {`,
    `  const { bytes, limit, mantissas, view } = s;`,
    "  let p = from;",
    ...statements,
    "};",
  ].join("\n");
};

const textOf = (file: string): string => {
  const shapes = (sources[file] ?? []).map((source) => ({ ...source, slots: new Slots(source.fields, "full", 0) }));
  return `${[
    "/**",
    " * Made by `node scripts/generatePlans.ts` from the tables of fields and their usual order; not to be changed by hand. What a function does is what",
    " * `ObjectScanner.planned` does by the table: the same names, eight bytes at a time, and the same readers of values.",
    " */",
    'import type { ScanPlan } from "../../scan/ScanPlan.ts";',
    "",
    "const [minus, comma, closeBrace] = [45, 44, 125] as const;",
  ].join("\n")}\n\n${[
    ...shapes.map(({ name, order, slots }) => functionOf(`read${name[0]?.toUpperCase()}${name.slice(1)}`, slots, order)),
    ...shapes.map(
      ({ name, order, slots }) =>
        `export const ${name}: ScanPlan = { steps: [${stepsOf(slots, order).flat().join(", ")}], read: read${name[0]?.toUpperCase()}${name.slice(1)} };`,
    ),
  ].join("\n\n")}\n`;
};

const targets = Object.keys(sources).map((file) => ({ url: new URL(`${file}.ts`, folder), text: () => textOf(file) }));

/** Whether the committed files are what the tables give now. Their layout is the formatter's. */
export const checkPlans = async (): Promise<Report> => {
  const plain = (source: string) => source.replace(/[\s,()]+/g, "");
  const problems: Array<string> = [];
  for (const { url, text } of targets)
    if (plain(await readFile(url, "utf8")) !== plain(text()))
      problems.push(`${url.pathname.split("/").at(-1)} is not what the tables give: node scripts/generatePlans.ts`);
  return { looked: targets.length, unit: "files of plans", problems };
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await mkdir(folder, { recursive: true });
  for (const { url, text } of targets) await writeFile(url, text());
}
