/**
 * What a finished reading of a hole means: which trades fill it, what of it is missing for good, and in which order all of that is given out
 * with what the new link brought meanwhile. Pure; `TradeContinuity.ts` owns the state.
 *
 * The exchange's order of rows places the missing ones: rows older than all that the new link brought come before it, those among them are
 * what the new link itself skipped, and newer ones are still on their way over the socket.
 */
import type { Gap, Live, Recovered } from "../domain/StreamElement.ts";
import type { Trade } from "../domain/Trade.ts";
import type { TradeRepaired } from "./TradeContinuity.ts";
import type { TradeMemory } from "./TradeMemory.ts";

export interface TradeHole {
  readonly memory: TradeMemory;
  /** What the new link brought, in order of arrival. */
  readonly held: ReadonlyArray<Live<Trade>>;
  /** What links in between brought and nobody was given. */
  readonly orphans: ReadonlyArray<Trade>;
  /** The new link began with the last trade from before the hole. */
  readonly repeated: boolean;
  /** Some of what the new link brought did not find room. */
  readonly overflowed: boolean;
  /** Read back, newest first. */
  readonly rows: ReadonlyArray<Trade>;
  readonly failure: string | null;
  /** Wall clock of the reading. */
  readonly wallMs: number;
}

export interface Repair extends TradeRepaired {
  /** The gaps that are ended. */
  readonly told: ReadonlyArray<Gap>;
  /** A gap that the next trade will end; undefined when there is none. */
  readonly open: Gap | undefined;
}

type Given = Gap | Recovered<Trade> | Live<Trade>;

export const repairOf = (hole: TradeHole): Repair => {
  const { memory, rows, wallMs } = hole;
  const last = memory.last;
  const held = hole.held.toSorted((a, b) => a.value.tradeTimeMs - b.value.tradeTimeMs);
  if (last === undefined) return { repaired: [], held, told: [], open: undefined };
  // A trade of before the break may come late on the new link; it does not end the hole.
  const firstNew = held.find((live) => live.value.tradeTimeMs >= last.tradeTimeMs);
  const placed = place(hole, last.tradeTimeMs);
  const gaps = gapsOf(hole, last, firstNew, placed);
  const recovered = (value: Trade): Recovered<Trade> => ({
    _tag: "Recovered",
    market: value.market,
    value,
    late: false,
    receivedTimeMs: wallMs,
  });
  // What lies behind the rows stands behind the gap after them.
  const upToMs = rows[0]?.tradeTimeMs ?? Number.NEGATIVE_INFINITY;
  const after = gaps.after === undefined ? undefined : placed.before.findIndex((trade) => trade.tradeTimeMs > upToMs);
  const cut = after === undefined || after === -1 ? placed.before.length : after;
  const repaired: ReadonlyArray<Gap | Recovered<Trade>> = [
    ...(gaps.before === undefined ? [] : [gaps.before]),
    ...placed.before.slice(0, cut).map(recovered),
    ...(gaps.after === undefined ? [] : [gaps.after]),
    ...placed.before.slice(cut).map(recovered),
  ];
  const mixed = [...placed.among.map(recovered), ...held].sort((a, b) => a.value.tradeTimeMs - b.value.tradeTimeMs);
  const marked = markLate([...repaired, ...mixed], last.tradeTimeMs);
  const isOpen = gaps.before !== undefined && rows.length === 0 && firstNew === undefined;
  return {
    // Marking keeps kinds and places.
    repaired: marked.slice(0, repaired.length) as TradeRepaired["repaired"],
    held: marked.slice(repaired.length) as TradeRepaired["held"],
    told: isOpen ? [] : [gaps.before, gaps.after].filter((gap) => gap !== undefined),
    open: isOpen ? gaps.before : undefined,
  };
};

interface Placed {
  /** Older than all that the new link brought, oldest first. */
  readonly before: ReadonlyArray<Trade>;
  /** Among what it brought. */
  readonly among: ReadonlyArray<Trade>;
  /** The rows contain something that the new link brought. */
  readonly overlaps: boolean;
}

/** Where the missing ones belong. Sorting is stable and rows go before orphans, so trades of one millisecond keep the exchange's order. */
const place = ({ memory, held, orphans, rows }: TradeHole, lastMs: number): Placed => {
  const heldIds = new Set(held.map((live) => live.value.id));
  const isNew = (row: Trade) => row.tradeTimeMs >= lastMs && heldIds.has(row.id);
  const newest = rows.findIndex(isNew);
  const oldest = rows.findLastIndex(isNew);
  const older = new Set(rows.slice(oldest + 1).map((row) => row.id));
  const owed = memory.owed(rows.slice(newest + 1)).filter((row) => !heldIds.has(row.id));
  const owedIds = new Set(owed.map((row) => row.id));
  const isLost = ({ id }: Trade) => !owedIds.has(id) && !heldIds.has(id) && !memory.has(id);
  const byTime = (a: Trade, b: Trade) => a.tradeTimeMs - b.tradeTimeMs;
  return {
    before: [...owed.filter((row) => older.has(row.id)), ...orphans.filter(isLost)].sort(byTime),
    among: owed.filter((row) => !older.has(row.id)),
    overlaps: newest !== -1,
  };
};

/** What is missing for good: before the rows, where they do not reach back, and after them, where REST does not reach up to the socket. */
const gapsOf = (
  { memory, rows, failure, repeated, overflowed, wallMs }: TradeHole,
  last: Trade,
  firstNew: Live<Trade> | undefined,
  { overlaps }: Placed,
): { readonly before: Gap | undefined; readonly after: Gap | undefined } => {
  const gap = (fromMs: number, toMs: number, reason: string): Gap => ({
    _tag: "Gap",
    kind: "trades",
    market: last.market,
    fromMs,
    toMs: Math.max(fromMs, toMs),
    reason,
  });
  const endMs = firstNew?.value.tradeTimeMs ?? wallMs;
  const isWhole = repeated && !overflowed;
  const before =
    isWhole || memory.reaches(rows)
      ? undefined
      : gap(last.tradeTimeMs, rows.at(-1)?.tradeTimeMs ?? endMs, failure ?? "further back than is read");
  // Without rows the gap before them is the whole hole.
  const isOpenAbove = firstNew !== undefined && rows.length > 0 && !overlaps && !isWhole;
  const reason = failure ?? (overflowed ? "too many trades while reading back" : "REST lags behind the socket");
  const after = isOpenAbove ? gap(rows[0]?.tradeTimeMs ?? last.tradeTimeMs, endMs, reason) : undefined;
  return { before, after };
};

/** Sets `late` on whatever stands behind a later trade. */
const markLate = (elements: ReadonlyArray<Given>, lastMs: number): ReadonlyArray<Given> => {
  let newestMs = lastMs;
  return elements.map((element) => {
    if (element._tag === "Gap") return element;
    const { tradeTimeMs } = element.value;
    if (tradeTimeMs < newestMs) return { ...element, late: true };
    newestMs = tradeTimeMs;
    return element;
  });
};
