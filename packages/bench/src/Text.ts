/** Numbers and columns as text. */

/** Three digits that matter; thousands apart. */
export const spell = (value: number): string => {
  if (Math.abs(value) >= 1_000) return Math.round(value).toLocaleString("en-US");
  return Number(value.toPrecision(3)).toString();
};

/** Rows as lines: the first column and the last to the left, numbers between them to the right. */
export const aligned = (rows: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const pad = (cell: string, column: number) =>
    column === 0 || column === widths.length - 1 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return rows.map((row) => row.map(pad).join("  ").trimEnd());
};
