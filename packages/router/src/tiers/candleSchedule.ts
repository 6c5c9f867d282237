/**
 * What to read next of a candle history, while other parts of it are being read: a history is one line of windows, newest first, and a page tells all
 * there is from its bound down to its oldest row. One page after another would cost a round trip each, so the line is cut and its parts are read side by
 * side. Plain state, no clock and no network.
 *
 * A cut is only made where it is sure to be wanted, and where it costs next to nothing. In a market that trades in nearly every window a page covers as
 * many windows as it has rows, so a range is cut exactly between pages. In a sparse one nobody knows how far a page reaches, and every part ends with a
 * page that reaches into the next: there a part has at least eight pages, and so it has where a number of rows is wanted, because every empty window
 * moves the end further down. Before the first page nobody knows anything, and it goes alone.
 */
import { type Coverage, covered, missing, type TimeRange, uncovered, within } from "../cache/Coverage.ts";
import { type Interval, nextWindowStart, windowStart } from "../domain/Interval.ts";

/** From this share of windows with a trade a page is taken to cover as many windows as it has rows. */
const denseShare = 0.97;
/** The fewest pages of a part where its last page may reach into the next one, or its rows may be too few. */
const fewestPages = 8;
/** Windows of what is kept that are read at once at least. */
const windowsAtOnce = 2_000;

/** A part of the line that is being read, from its upper end down. `toMs` is undefined for the present. */
export interface Part {
  /** Take it from what is kept, all from `fromMs` on; or ask the exchange for a page. */
  readonly source: "kept" | "exchange";
  readonly toMs: number | undefined;
  /** Where the part ends. A page may reach further, or not as far. */
  readonly fromMs: number;
  /** The one part that is read with its caller's priority; those beside it take what others leave. */
  readonly isLead: boolean;
}

/** A stretch in which everything is known, with so many rows that count. */
interface Known extends TimeRange {
  readonly rows: number;
}

export interface ScheduleOptions {
  readonly interval: Interval;
  readonly pageSize: number;
  /** A number of rows is wanted: every window without a trade moves the end further down. */
  readonly isCounted: boolean;
  /** Parts that are read side by side at most. */
  readonly atOnce: number;
  /** What is kept, as far as is known. */
  readonly kept: Coverage;
}

interface Taken {
  readonly part: Part;
  readonly toMs: number;
  fromMs: number;
}

export class CandleSchedule {
  readonly #options: ScheduleOptions;
  /** Shortest length of a window, in milliseconds. */
  readonly #lengthMs: number;
  #atOnce: number;
  #kept: Coverage;
  /** Ascending, neither touching nor overlapping. */
  #known: ReadonlyArray<Known> = [];
  readonly #underWay = new Map<Part, Taken>();
  #presentMs = Number.NEGATIVE_INFINITY;
  /** Times the line was cut: each may cost a page. */
  cuts = 0;

  constructor(options: ScheduleOptions) {
    this.#options = options;
    this.#lengthMs = shortestMs(options.interval);
    // Months and years differ in length, and there are few of them.
    this.#atOnce = isEven(options.interval) ? options.atOnce : 1;
    this.#kept = options.kept;
  }

  /** Parts that are being read. */
  get underWay(): number {
    return this.#underWay.size;
  }

  /** What is known in one piece right below `topMs`; nothing, where the first window below it is not known. */
  knownBelow(topMs: number): Known {
    const last = this.#known.find(({ fromMs, toMs }) => fromMs < topMs && toMs >= topMs);
    return last ?? { fromMs: topMs, toMs: topMs, rows: 0 };
  }

  /** What of a range is not known. */
  missingIn(range: TimeRange): Coverage {
    return missing(this.#known, range);
  }

  /** The next part of what is missing in the range, or undefined while there is nothing to begin. */
  take(wanted: TimeRange): Part | undefined {
    const taken = [...this.#underWay.values()];
    if (taken.some(({ part }) => part.source === "kept")) return undefined;
    const free = taken.reduce((left, range) => left.flatMap((gap) => uncovered([gap], range)), this.missingIn(wanted));
    for (const gap of free.toReversed()) {
      const kept = this.#keptPart(gap);
      if (kept !== undefined) return this.#begin("kept", kept);
    }
    if (taken.length >= this.#atOnce) return undefined;
    const newest = free.findLast((gap) => !extended(taken, gap));
    if (newest === undefined) return this.#cut(taken);
    // Down to what somebody else reads; a page covers what is known in between as well.
    const fromMs = Math.max(wanted.fromMs, ...taken.map(({ toMs }) => (toMs <= newest.fromMs ? toMs : -Infinity)));
    return this.#begin("exchange", { fromMs, toMs: newest.toMs });
  }

  /**
   * A part has come: everything is known from `fromMs` on, with so many rows that were not known. `newestMs`: where the newest row's window ends, for
   * what is open towards the present.
   */
  done(part: Part, fromMs: number, rows: number, newestMs: number): void {
    this.#underWay.delete(part);
    if (part.toMs === undefined) this.#presentMs = Math.max(this.#presentMs, newestMs);
    const toMs = part.toMs ?? Infinity;
    if (part.source === "kept") this.#kept = uncovered(this.#kept, { fromMs, toMs });
    const added = { fromMs, toMs, rows };
    const touched = this.#known.filter((known) => known.fromMs <= toMs && known.toMs >= fromMs);
    const [merged] = covered(touched, added);
    const sum = touched.reduce((all, known) => all + known.rows, rows);
    this.#known = [...this.#known.filter((known) => !touched.includes(known)), { ...(merged ?? added), rows: sum }].sort(
      (a, b) => a.fromMs - b.fromMs,
    );
  }

  /** A part did not come. What was said to be kept is not; a page that found no place in the limit makes room for the others. */
  givenUp(part: Part): void {
    this.#underWay.delete(part);
    if (part.source === "kept") this.#kept = uncovered(this.#kept, { fromMs: part.fromMs, toMs: part.toMs ?? Infinity });
    else this.#atOnce = Math.max(1, this.#atOnce - 1);
  }

  #begin(source: Part["source"], { fromMs, toMs }: TimeRange): Part {
    const isLead = ![...this.#underWay.keys()].some((part) => part.isLead);
    const part: Part = { source, fromMs, toMs: toMs === Infinity ? undefined : toMs, isLead };
    this.#underWay.set(part, { part, fromMs, toMs });
    return part;
  }

  /** What is kept at the upper end of a gap, read further down than the gap where that is short. */
  #keptPart(gap: TimeRange): TimeRange | undefined {
    const lowMs = Math.min(gap.fromMs, windowStart(this.#options.interval, gap.toMs - windowsAtOnce * this.#lengthMs));
    const found = this.#kept.find(({ fromMs, toMs }) => fromMs < gap.toMs && toMs >= gap.toMs);
    if (found !== undefined) return { fromMs: Math.max(found.fromMs, lowMs), toMs: gap.toMs };
    // Further down in the gap: what is above it is cut off, and not asked for twice.
    return within(this.#kept, gap).at(-1);
  }

  /** Cuts the part with the most left to read, for another reader: the lower end, so large that all readers have as much. */
  #cut(taken: ReadonlyArray<Taken>): Part | undefined {
    const share = this.#share();
    if (share === undefined) return undefined;
    const isDense = share >= denseShare;
    const windowsPerPage = isDense ? this.#options.pageSize : Math.ceil(this.#options.pageSize / share);
    const isExact = isDense && !this.#options.isCounted;
    const fewest = isExact ? 1 : fewestPages;
    let best: { readonly from: Taken; readonly pages: number } | undefined;
    for (const from of taken) {
      const pages = this.#windowsIn(from) / windowsPerPage;
      if (pages > (best?.pages ?? 0)) best = { from, pages };
    }
    if (best === undefined) return undefined;
    const readers = this.#atOnce - taken.length + 1;
    const left = Math.max(fewest, Math.ceil(best.pages / readers));
    if (best.pages - left < (isExact ? Number.MIN_VALUE : fewest)) return undefined;
    const atMs = this.#countedDown(best.from, left * windowsPerPage);
    if (atMs === undefined || atMs <= best.from.fromMs) return undefined;
    const { fromMs } = best.from;
    best.from.fromMs = atMs;
    this.cuts++;
    return this.#begin("exchange", { fromMs, toMs: atMs });
  }

  /** The share of windows that have a row, as far as is known. */
  #share(): number | undefined {
    let [rows, windows] = [0, 0];
    for (const known of this.#known) {
      if (known.fromMs === Number.NEGATIVE_INFINITY) continue;
      const toMs = known.toMs === Infinity ? this.#presentMs : known.toMs;
      rows += known.rows;
      windows += (toMs - known.fromMs) / this.#lengthMs;
    }
    return rows === 0 || windows <= 0 ? undefined : Math.min(1, rows / windows);
  }

  #windowsIn(range: TimeRange): number {
    return this.missingIn(range).reduce((sum, { fromMs, toMs }) => sum + (toMs - fromMs), 0) / this.#lengthMs;
  }

  /** Where so many missing windows of a part end, counted from its upper end; undefined where it has fewer. */
  #countedDown(range: TimeRange, windows: number): number | undefined {
    let left = windows;
    for (const gap of this.missingIn(range).toReversed()) {
      const topMs = nextWindowStart(this.#options.interval, gap.toMs - 1);
      const here = (topMs - gap.fromMs) / this.#lengthMs;
      if (left < here) return topMs - left * this.#lengthMs;
      left -= here;
    }
    return undefined;
  }
}

/** What became wanted below a part that is being read belongs to that part: its next page may reach there. */
const extended = (taken: ReadonlyArray<Taken>, gap: TimeRange): boolean => {
  const above = taken.find(({ fromMs, part }) => fromMs === gap.toMs && part.source === "exchange");
  if (above !== undefined) above.fromMs = gap.fromMs;
  return above !== undefined;
};

const isEven = (interval: Interval): boolean => interval !== "1M" && interval !== "1y";

const dayMs = 86_400_000;

/** Of months and years the shortest there is. */
export const shortestMs = (interval: Interval): number => {
  if (interval === "1M") return 28 * dayMs;
  return interval === "1y" ? 365 * dayMs : nextWindowStart(interval, 0) - windowStart(interval, 0);
};
