/** The table of `docs/explain/formats.md`: what some minutes of ten markets take in every format, and that the short and the compressed take less. */
import * as Effect from "effect/Effect";
import { type Measure, measureAll } from "./formatBytes.ts";

const markets = ["BTC", "ETH", "XRP", "SOL", "DOGE", "ADA", "TRX", "AVAX", "LINK", "DOT"].map((base) => `KRW-${base}`);

/** Measures `seconds` of ten markets and says so; true when every saving is one. */
export const formats = (seconds: number, say: (line: string) => void): Effect.Effect<boolean> =>
  Effect.map(measureAll({ seed: 32, markets, seconds }), (measures) => {
    for (const line of tableOf(measures, seconds)) say(line);
    return faultsOf(measures).length === 0;
  });

/** Every way of a kind, the long and uncompressed one first. */
const waysOf = (measures: ReadonlyArray<Measure>): ReadonlyArray<readonly [kind: string, ways: ReadonlyArray<Measure>]> => {
  const kinds = [...new Set(measures.map(({ kind }) => kind))];
  return kinds.map((kind) => [kind, measures.filter((one) => one.kind === kind)]);
};

/** A way that loses a message, or takes as much as one it should be shorter than. */
export const faultsOf = (measures: ReadonlyArray<Measure>): ReadonlyArray<string> =>
  waysOf(measures).flatMap(([kind, ways]) => {
    const [full, deflated, compact, both] = ways.map(({ bytes }) => bytes.wire);
    if (full === undefined || deflated === undefined || compact === undefined || both === undefined) return [`${kind}: a way is missing`];
    return [
      ...(new Set(ways.map(({ messages }) => messages)).size === 1 ? [] : [`${kind}: not the same messages every way`]),
      ...(compact < full && deflated < full && both < compact && both < deflated ? [] : [`${kind}: a saving that is none`]),
    ];
  });

/** A table in Markdown: bytes a second on the wire, and what part of the long and uncompressed form that is. */
export const tableOf = (measures: ReadonlyArray<Measure>, seconds: number): ReadonlyArray<string> => [
  "| kind | messages/s | full | full, compressed | compact | compact, compressed |",
  "| --- | --: | --: | --: | --: | --: |",
  ...[...waysOf(measures), ["all", totals(measures)] as const].map(([kind, ways]) => {
    const most = ways[0]?.bytes.wire ?? 0;
    const cells = ways.map(({ bytes }) => `${(bytes.wire / seconds).toFixed(0)} (${((100 * bytes.wire) / most).toFixed(0)} %)`);
    return `| ${[kind, ((ways[0]?.messages ?? 0) / seconds).toFixed(1), ...cells].join(" | ")} |`;
  }),
];

/** All kinds together, way by way. */
const totals = (measures: ReadonlyArray<Measure>): ReadonlyArray<Measure> => {
  const [, first] = waysOf(measures)[0] ?? ["", []];
  return first.map((way) => {
    const same = measures.filter(({ spelling, compress }) => spelling === way.spelling && compress === way.compress);
    return {
      ...way,
      messages: same.reduce((sum, { messages }) => sum + messages, 0),
      bytes: {
        wire: same.reduce((sum, { bytes }) => sum + bytes.wire, 0),
        payload: same.reduce((sum, { bytes }) => sum + bytes.payload, 0),
      },
    };
  });
};
