/**
 * Writes `packages/upbit/src/decode/generated`: one function for each wire shape and spelling, made from the shape's table of fields.
 * Such a function reads the usual object, in which every field is there, several times faster than the loop over the table that has the last word
 * on all others. Source, because a function made at run time would need `eval`. `--check` in `pnpm check` compares it with what is committed.
 */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import * as candle from "../packages/upbit/src/decode/CandleShape.ts";
import * as type from "../packages/upbit/src/decode/FieldType.ts";
import * as orderbook from "../packages/upbit/src/decode/OrderbookShape.ts";
import { type Field, type Fields, type Need, type Spelling, spelt } from "../packages/upbit/src/decode/Shape.ts";
import * as ticker from "../packages/upbit/src/decode/TickerShape.ts";
import * as trade from "../packages/upbit/src/decode/TradeShape.ts";
import type { Report } from "./report.ts";

const folder = new URL("../packages/upbit/src/decode/generated/", import.meta.url);

interface Source {
  readonly name: string;
  readonly fields: Fields;
  readonly spellings: ReadonlyArray<Spelling>;
}

const both = ["full", "simple"] as const;
/** By the file that defines the shapes. */
const sources: Readonly<Record<string, ReadonlyArray<Source>>> = {
  Ticker: [
    { name: "restTicker", fields: ticker.restTicker.fields, spellings: ["full"] },
    { name: "socketTicker", fields: ticker.socketTicker.fields, spellings: both },
  ],
  Trade: [
    { name: "restTrade", fields: trade.restTrade.fields, spellings: ["full"] },
    { name: "socketTrade", fields: trade.socketTrade.fields, spellings: both },
  ],
  Orderbook: [
    { name: "orderbookUnit", fields: orderbook.orderbookUnit.fields, spellings: both },
    { name: "restOrderbook", fields: orderbook.restOrderbook.fields, spellings: ["full"] },
    { name: "socketOrderbook", fields: orderbook.socketOrderbook.fields, spellings: both },
  ],
  Candle: [
    { name: "secondCandle", fields: candle.secondCandle.fields, spellings: ["full"] },
    { name: "minuteCandle", fields: candle.minuteCandle.fields, spellings: ["full"] },
    { name: "dayCandle", fields: candle.dayCandle.fields, spellings: ["full"] },
    { name: "periodCandle", fields: candle.periodCandle.fields, spellings: ["full"] },
    { name: "socketCandle", fields: candle.socketCandle.fields, spellings: both },
  ],
};

const typeNames = new Map<unknown, string>(Object.entries(type).map(([name, value]) => [value, name]));

const functionName = ({ name }: Source, spelling: Spelling): string => `${name}${spelling === "full" ? "Full" : "Simple"}`;

/** The function that reads a field's value. */
const readerOf = (field: Field<unknown, Need>, spelling: Spelling): string => {
  if ("reads" in field.type) {
    const { fields } = field.type;
    const source = Object.values(sources)
      .flat()
      .find((candidate) => candidate.fields === fields);
    if (source === undefined || !field.type.isList) throw new Error(`no reader for the objects of ${field.name}`);
    return `listOf(${functionName(source, spelling)}, $, isExact)`;
  }
  const name = typeNames.get(field.type);
  if (name === undefined) throw new Error(`the type of ${field.name} has no name`);
  return `fields.${name}.read($)`;
};

const statements = (name: string, field: Field<unknown, Need>, spelling: Spelling): ReadonlyArray<string> => {
  const read = (value: string) => readerOf(field, spelling).replace("$", value);
  const wire = `wire[${JSON.stringify(spelt(field, spelling))}]`;
  if (field.need === "required") return [`  const ${name} = ${read(wire)};`, `  if (${name} === undefined) return undefined;`];
  return [
    `  const ${name}Wire = ${wire};`,
    `  const ${name} = ${name}Wire === null ? undefined : ${read(`${name}Wire`)};`,
    `  if (${name} === undefined && ${name}Wire !== null) return undefined;`,
  ];
};

const functionOf = (source: Source, spelling: Spelling): string => {
  const entries = Object.entries<Field<unknown, Need>>(source.fields);
  return [
    `export const ${functionName(source, spelling)} = (wire: unknown, isExact: boolean) => {`,
    `  if (!fields.isRecord(wire) || (isExact && membersOf(wire) !== ${entries.length})) return undefined;`,
    ...entries.flatMap(([name, field]) => statements(name, field, spelling)),
    `  return { ${entries.map(([name]) => name).join(", ")} };`,
    "};",
  ].join("\n");
};

const textOf = (kind: string): string => {
  const shapes = sources[kind] ?? [];
  const functions = shapes.flatMap((source) => source.spellings.map((spelling) => functionOf(source, spelling)));
  return `${[
    "/**",
    " * Made by `node scripts/generateReaders.ts` from the tables of fields; not to be changed by hand. Each function reads the usual object of its",
    " * shape, in which every field is there and good, and gives `undefined` for any other: the loop over the table then reads it, and says what is",
    " * wrong.",
    " */",
    'import * as fields from "../FieldType.ts";',
    `import { ${functions.some((text) => text.includes("listOf(")) ? "listOf, " : ""}membersOf } from "../Quick.ts";`,
  ].join("\n")}\n\n${functions.join("\n\n")}\n`;
};

const targetOf = (kind: string): URL => new URL(`${kind.toLowerCase()}Readers.ts`, folder);

/** Whether the committed files are what the tables give now. Their layout is the formatter's. */
export const checkReaders = async (): Promise<Report> => {
  const plain = (source: string) => source.replace(/[\s,()]+/g, "");
  const problems: Array<string> = [];
  for (const kind of Object.keys(sources))
    if (plain(await readFile(targetOf(kind), "utf8")) !== plain(textOf(kind)))
      problems.push(`${targetOf(kind).pathname.split("/").at(-1)} is not what the tables give: node scripts/generateReaders.ts`);
  const looked = Object.values(sources).flatMap((shapes) => shapes.flatMap(({ spellings }) => spellings)).length;
  return { looked, unit: "readers", problems };
};

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const kind of Object.keys(sources)) await writeFile(targetOf(kind), textOf(kind));
