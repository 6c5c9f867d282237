/**
 * How a cost grows with a size: what is asked of a case to be a curve, and what its points come to. Growth is told as a factor, what ten times the size
 * costs: 1 is flat, 10 is linear, and its decimal logarithm is the exponent of a power law. Pure.
 */
import type { Figure } from "../Case.ts";
import type { CaseResult, FigureResult } from "../Rounds.ts";

export interface Line {
  readonly name: string;
  /** Of a point of the picture: what one costs, such as `ns/delivery`. */
  readonly unit: string;
  /** What grows is what all cost: so many times the point as the size says. Where the load stays the same it is the point itself. */
  readonly whole: "times size" | "itself";
  /** Where the line has fewer points than the curve. */
  readonly sizes?: ReadonlyArray<number> | undefined;
}

export interface Curve {
  /** Name of the case, which begins with `scale-`. */
  readonly name: string;
  /** What the sizes are, such as `markets`. */
  readonly along: string;
  /** Ascending. */
  readonly sizes: ReadonlyArray<number>;
  readonly lines: readonly [Line, ...ReadonlyArray<Line>];
  /** What else is measured: no line, and no growth. */
  readonly beside?: ReadonlyArray<Figure> | undefined;
  /** One sentence: what ends it. */
  readonly limit: string;
}

/** Costs by line, in the order of its sizes. */
export type Points = Readonly<Record<string, ReadonlyArray<number>>>;

export interface DrawnLine extends Line {
  readonly points: ReadonlyArray<{ readonly size: number; readonly candidate: number; readonly base: number }>;
  /** Median growth of the two sides. */
  readonly growth: { readonly candidate: number; readonly base: number };
}

export const sizesOf = (curve: Curve, line: Line): ReadonlyArray<number> => line.sizes ?? curve.sizes;

export const pointName = (line: Line, size: number): string => `${line.name} at ${size.toLocaleString("en-US")}`;
export const growthName = (line: Line): string => `${line.name}, ten times as many`;

/** The figures of the case: every point of every line, and the growth of each. */
export const figuresOf = (curve: Curve): readonly [Figure, ...ReadonlyArray<Figure>] => {
  const [first, ...rest] = curve.lines.flatMap((line): ReadonlyArray<Figure> => [
    ...sizesOf(curve, line).map((size): Figure => ({ name: pointName(line, size), unit: line.unit, better: "lower" })),
    { name: growthName(line), unit: "×, 10 is linear", better: "lower" },
  ]);
  if (first === undefined) throw new RangeError(`the curve ${curve.name} has no points`);
  return [first, ...rest, ...(curve.beside ?? [])];
};

/** What one side of a round measured, as the figures of the case. */
export const readingOf = (curve: Curve, points: Points): Readonly<Record<string, number>> => {
  const figures: Record<string, number> = {};
  for (const line of curve.lines) {
    const sizes = sizesOf(curve, line);
    const costs = points[line.name] ?? [];
    if (costs.length !== sizes.length) throw new RangeError(`${curve.name}, ${line.name}: ${costs.length} points, not ${sizes.length}`);
    for (const [i, size] of sizes.entries()) figures[pointName(line, size)] = costs[i] ?? Number.NaN;
    figures[growthName(line)] = growth(sizes, wholes(line, sizes, costs));
  }
  return figures;
};

/** What all cost, from what one costs. */
const wholes = ({ whole }: Line, sizes: ReadonlyArray<number>, costs: ReadonlyArray<number>): ReadonlyArray<number> =>
  costs.map((cost, i) => (whole === "itself" ? cost : cost * (sizes[i] ?? Number.NaN)));

/**
 * What ten times the size costs, by the worse of two fits: over all points, and over the last three, because what every size pays hides the growth of
 * the small ones.
 */
export const growth = (sizes: ReadonlyArray<number>, costs: ReadonlyArray<number>): number =>
  10 ** Math.max(exponent(sizes, costs), exponent(sizes.slice(-3), costs.slice(-3)));

/** The slope of the line of least squares through the logarithms. Throws a RangeError for fewer than two sizes, and for what has no logarithm. */
export const exponent = (sizes: ReadonlyArray<number>, costs: ReadonlyArray<number>): number => {
  const [x, y] = [sizes.map(Math.log10), costs.map(Math.log10)];
  if (new Set(sizes).size < 2 || sizes.length !== costs.length || ![...x, ...y].every(Number.isFinite))
    throw new RangeError(`no slope through ${sizes.join(", ")} and ${costs.join(", ")}`);
  const [mx, my] = [mean(x), mean(y)];
  const over = x.reduce((sum, at, i) => sum + (at - mx) * ((y[i] ?? my) - my), 0);
  return over / x.reduce((sum, at) => sum + (at - mx) ** 2, 0);
};

const mean = (values: ReadonlyArray<number>): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The medians of a result as lines. Throws where it is another case's. */
export const drawn = (curve: Curve, result: CaseResult): ReadonlyArray<DrawnLine> => {
  const figure = (name: string): FigureResult => {
    const found = result.figures.find((one) => one.name === name);
    if (found === undefined) throw new RangeError(`${result.name} has no figure "${name}"`);
    return found;
  };
  return curve.lines.map((line) => {
    const tenfold = figure(growthName(line));
    return {
      ...line,
      points: sizesOf(curve, line).map((size) => {
        const { candidate, base } = figure(pointName(line, size));
        return { size, candidate: candidate.median, base: base.median };
      }),
      growth: { candidate: tenfold.candidate.median, base: tenfold.base.median },
    };
  });
};

/** The steepest growth that still counts as linear, as an exponent. */
export const linear = 1.1;

/** What a line's growth says: a plain structure of the same size may be worse than linear too, where the machine's memory is what grows slower. */
export const verdictOf = ({ growth: { candidate, base } }: Pick<DrawnLine, "growth">): "linear or better" | "as the base" | "worse" => {
  if (Math.log10(candidate) <= linear) return "linear or better";
  return Math.log10(candidate) - Math.log10(base) <= linear - 1 ? "as the base" : "worse";
};
