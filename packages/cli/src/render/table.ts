/** Aligned columns. Widths are terminal cells, so Korean names line up; colour is added after measuring. */
import { displayWidth } from "effect/cli/CliOutput";
import { printable, type Style, type Tone } from "./style.ts";

export interface Column<Row> {
  readonly header: string;
  readonly align: "left" | "right";
  readonly text: (row: Row) => string;
  readonly tone?: ((row: Row) => Tone) | undefined;
}

/** A header line and one line per row. The last column is not padded. */
export const table = <Row>(columns: ReadonlyArray<Column<Row>>, rows: ReadonlyArray<Row>, style: Style): ReadonlyArray<string> => {
  const texts = rows.map((row) => columns.map((column) => printable(column.text(row))));
  const widths = columns.map((column, i) => Math.max(displayWidth(column.header), ...texts.map((cells) => displayWidth(cells[i] ?? ""))));
  const line = (cells: ReadonlyArray<string>, toneOf: (column: Column<Row>) => Tone): string =>
    columns
      .map((column, i) => {
        const cell = cells[i] ?? "";
        const painted = style.paint(toneOf(column), cell);
        const gap = " ".repeat(Math.max(0, (widths[i] ?? 0) - displayWidth(cell)));
        if (column.align === "right") return gap + painted;
        return i === columns.length - 1 ? painted : painted + gap;
      })
      .join("  ")
      .trimEnd();
  const header = line(
    columns.map((column) => column.header),
    () => "dim",
  );
  return [header, ...rows.map((row, i) => line(texts[i] ?? [], (column) => column.tone?.(row) ?? "plain"))];
};

/** `SIM` in every row of made-up prices. The column is left out where nothing is simulated. */
export const simColumn = <Row>(rows: ReadonlyArray<Row>, simulated: (row: Row) => boolean): ReadonlyArray<Column<Row>> =>
  rows.some(simulated) ? [{ header: "", align: "left", text: (row) => (simulated(row) ? "SIM" : ""), tone: () => "warn" }] : [];
