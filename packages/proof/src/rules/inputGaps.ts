/**
 * How long the rules of one market had to do without something that the exchange had. For every trade of the tape: until the rules saw it. For
 * every closed window: from the first trade after it, which is what ends a window on the socket; where it was read back, not before REST has it
 * closed. For every trade once more: until a ticker of it or of a later one. Time in which the stream had said that the link is down counts as told, and so does a `Gap`; what is left
 * over is the rules' blindness.
 */
import { type CandleFeed, candleFeeds } from "@naru/examples/seven-rules/feeds";
import type { Input } from "@naru/examples/seven-rules/inputs";
import { closeMarginMs } from "@naru/router/domain/Candle";
import { nextWindowStart, windowStart } from "@naru/router/domain/Interval";
import type { StreamElement } from "@naru/router/domain/StreamElement";
import type { MarketTape } from "@naru/sim/market/MarketTape";
import { endOf, sequentialId, type TapePoint, type TradeRow } from "@naru/sim/market/Trade";
import type { Truth } from "../world/Truth.ts";
import type { Watch } from "./RulesRun.ts";

/** One thing the exchange had, and how long the rules did without it and without being told, in milliseconds. */
export interface Wait {
  readonly what: string;
  /** `Infinity` when it never came and no `Gap` tells of it. */
  readonly untoldMs: number;
  /** With the time that was told. */
  readonly wholeMs: number;
}

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export const waitsOf = (watch: Watch, truth: Truth, tape: MarketTape, first: TapePoint, span: Span): ReadonlyArray<Wait> => {
  const rows = truth.tradesBetween(watch.market, first, endOf(span.toMs - 1)).filter((row) => row.ms >= span.fromMs);
  return [...tradeWaits(watch, rows), ...tickerWaits(watch, rows), ...candleFeeds.flatMap((feed) => candleWaits(watch, feed, tape, span))];
};

const tradeWaits = (watch: Watch, rows: ReadonlyArray<TradeRow>): ReadonlyArray<Wait> => {
  const told = toldOf(watch, "trades");
  const seen = new Map<string, number>();
  for (const { atMs, input } of watch.seen) {
    if (input.feed === "trades" && (input.element._tag === "Live" || input.element._tag === "Recovered"))
      seen.set(input.element.value.id, atMs);
  }
  return rows.map((row) => wait(`trade ${watch.market} ${sequentialId(row)}`, row.ms, row.ms, seen.get(sequentialId(row)), told));
};

const tickerWaits = (watch: Watch, rows: ReadonlyArray<TradeRow>): ReadonlyArray<Wait> => {
  const told = toldOf(watch, "ticker");
  const tickers = watch.seen.flatMap(({ atMs, input }) =>
    input.feed === "ticker" && input.element._tag === "Live" ? [{ atMs, ofMs: input.element.value.tradeTimeMs }] : [],
  );
  let next = 0;
  return rows.map((row) => {
    while ((tickers[next]?.ofMs ?? Number.POSITIVE_INFINITY) < row.ms) next++;
    return wait(`ticker ${watch.market} ${row.ms}`, row.ms, row.ms, tickers[next]?.atMs, told);
  });
};

const candleWaits = (watch: Watch, feed: CandleFeed, tape: MarketTape, { fromMs, toMs }: Span): ReadonlyArray<Wait> => {
  const told = toldOf(watch, feed);
  const seen = new Map<number, { readonly atMs: number; readonly isReadBack: boolean }>();
  for (const { atMs, input } of watch.seen) {
    if (input.feed !== feed || (input.element._tag !== "Live" && input.element._tag !== "Recovered")) continue;
    const isReadBack = input.element._tag === "Recovered";
    if (input.element.value.state === "closed") seen.set(input.element.value.openTimeMs, { atMs, isReadBack });
  }
  const waits: Array<Wait> = [];
  for (let open = windowStart(feed, fromMs); nextWindowStart(feed, open) <= toMs; open = nextWindowStart(feed, open)) {
    const end = nextWindowStart(feed, open);
    const proof = tape.next(endOf(end - 1), toMs);
    if (proof === undefined || end <= fromMs || tape.fold(open, endOf(end - 1)) === undefined) continue;
    const came = seen.get(open);
    const sinceMs = came?.isReadBack === true ? Math.max(proof.ms, end + closeMarginMs) : proof.ms;
    waits.push(wait(`${feed} candle ${watch.market} ${open}`, open, sinceMs, came?.atMs, told));
  }
  return waits;
};

interface Told {
  readonly down: ReadonlyArray<Span>;
  readonly gaps: ReadonlyArray<Span>;
}

const wait = (what: string, ofMs: number, sinceMs: number, seenMs: number | undefined, { down, gaps }: Told): Wait => {
  if (seenMs === undefined) {
    const isTold = gaps.some((gap) => ofMs >= gap.fromMs && ofMs <= gap.toMs);
    return { what, untoldMs: isTold ? 0 : Number.POSITIVE_INFINITY, wholeMs: Number.POSITIVE_INFINITY };
  }
  const wholeMs = Math.max(0, seenMs - sinceMs);
  const toldMs = down.reduce((sum, { fromMs, toMs }) => sum + Math.max(0, Math.min(seenMs, toMs) - Math.max(sinceMs, fromMs)), 0);
  return { what, untoldMs: Math.max(0, wholeMs - toldMs), wholeMs };
};

/** What the stream of one feed told of itself: from the first `Reconnecting` to `Resumed`, as the rules saw them, and its gaps. */
const toldOf = (watch: Watch, feed: Input["feed"]): Told => {
  const down: Array<Span> = [];
  const gaps: Array<Span> = [];
  let sinceMs: number | undefined;
  for (const { atMs, input } of watch.seen) {
    if (input.feed !== feed || input.feed === "history") continue;
    const element: StreamElement<unknown> = input.element;
    if (element._tag === "Reconnecting") sinceMs ??= atMs;
    if (element._tag === "Gap") gaps.push(element);
    if (element._tag !== "Resumed" || sinceMs === undefined) continue;
    down.push({ fromMs: sinceMs, toMs: atMs });
    sinceMs = undefined;
  }
  return { down, gaps };
};
