/**
 * What a long proof measured, against what was promised. A row knows by itself whether it holds, and a row of timings without a single timing
 * does not: a proof that measured nothing has proved nothing.
 */
export interface Row {
  readonly name: string;
  /** The cells of the table: number of values, middle, 99th percentile, largest; or one plain value in the last. */
  readonly n: number | undefined;
  readonly p50: number | undefined;
  readonly p99: number | undefined;
  readonly max: number | undefined;
  /** What was promised, in words; empty for a row that only informs. */
  readonly wanted: string;
  readonly holds: boolean;
}

/** Upper bounds, in milliseconds. */
export interface Bounds {
  readonly p50?: number | undefined;
  readonly p95?: number | undefined;
  readonly p99?: number | undefined;
  readonly max?: number | undefined;
}

/** The smallest value that at least this share of the values does not exceed (nearest rank). Throws a RangeError for no values. */
export const percentile = (values: ReadonlyArray<number>, share: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new RangeError("no values");
  return value;
};

/** Timings in milliseconds. */
export const timings = (name: string, values: ReadonlyArray<number>, bounds: Bounds = {}): Row => {
  const isEmpty = values.length === 0;
  const at = (share: number) => (isEmpty ? undefined : percentile(values, share));
  const limits = [
    ["p50", bounds.p50, 0.5],
    ["p95", bounds.p95, 0.95],
    ["p99", bounds.p99, 0.99],
    ["max", bounds.max, 1],
  ] as const;
  return {
    name: `${name}, ms`,
    n: values.length,
    p50: at(0.5),
    p99: at(0.99),
    max: at(1),
    wanted: limits.flatMap(([word, bound]) => (bound === undefined ? [] : [`${word} ≤ ${bound}`])).join(", "),
    holds: limits.every(([, bound, share]) => bound === undefined || (at(share) ?? Infinity) <= bound),
  };
};

/** Something counted that must be so many: usually 0. */
export const exactly = (name: string, value: number, wanted: number): Row => one(name, value, `= ${wanted}`, value === wanted);

/** Something counted that must be at least so many: what shows that the proof had anything to prove. */
export const atLeast = (name: string, value: number, wanted: number): Row => one(name, value, `≥ ${wanted}`, value >= wanted);

/** Something counted that must not exceed a bound. */
export const atMost = (name: string, value: number, wanted: number): Row => one(name, value, `≤ ${wanted}`, value <= wanted);

/** Something worth knowing that nobody promised. */
export const noted = (name: string, value: number): Row => one(name, value, "", true);

const one = (name: string, value: number, wanted: string, holds: boolean): Row => ({
  name,
  n: undefined,
  p50: undefined,
  p99: undefined,
  max: value,
  wanted,
  holds,
});

export interface Report {
  readonly rows: ReadonlyArray<Row>;
  /** The first of what went wrong, in words. */
  readonly problems: ReadonlyArray<string>;
}

export const holds = ({ rows, problems }: Report): boolean => problems.length === 0 && rows.length > 0 && rows.every((row) => row.holds);

/** The rows that do not hold, spelled out, and the problems: what a test shows. */
export const failuresOf = ({ rows, problems }: Report): ReadonlyArray<string> => [
  ...rows.filter((row) => !row.holds).map((row) => cellsOf(row).join(" ").replaceAll(/\s+/g, " ").trim()),
  ...problems,
];

const header = ["figure", "n", "p50", "p99", "max", "promised", ""];

/** The report as a table for people. */
export const tableOf = ({ rows, problems }: Report): ReadonlyArray<string> => {
  const cells = [header, ...rows.map(cellsOf)];
  const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const pad = (cell: string, column: number) =>
    column === 0 || column >= 5 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return [...cells.map((row) => row.map(pad).join("  ").trimEnd()), ...problems];
};

const cellsOf = ({ name, n, p50, p99, max, wanted, holds }: Row): ReadonlyArray<string> => [
  name,
  ...[n, p50, p99, max].map((value) => (value === undefined ? "" : String(Math.round(value * 100) / 100))),
  wanted,
  wanted === "" ? "" : holds ? "holds" : "DOES NOT HOLD",
];
