/**
 * What `naru watch` knows of its markets, and the table of it. When the link breaks every row is marked at once, and stays so until its own
 * market has spoken again: a resumed link alone does not make an old price current. Pure.
 */
import type { Channel } from "@naru/router/domain/Provenance";
import type { Reconnecting, Resumed, StreamElement } from "@naru/router/domain/StreamElement";
import type { Ticker } from "@naru/router/domain/Ticker";
import { isNetworkReason } from "../reach.ts";
import { duration, grouped, percent, rough } from "./numbers.ts";
import { printable, type Style, type Tone } from "./style.ts";
import { simColumn, table } from "./table.ts";
import { kst } from "./time.ts";

export interface Board {
  readonly simulated: boolean;
  /** Why the link is down; null while it is not. */
  readonly interruption: Pick<Reconnecting, "attempt" | "reason"> | null;
  /** The last outage that is over; null before the first. */
  readonly outage: Pick<Resumed, "downMs" | "atMs"> | null;
  /** Prices this table was too slow for, and holes it was told of. */
  readonly dropped: number;
  readonly gaps: number;
  /** In the order asked. */
  readonly rows: ReadonlyArray<BoardRow>;
}

export interface BoardRow {
  readonly market: string;
  /** Null until the market speaks. */
  readonly ticker: Ticker | null;
  /** Wall clock at receipt of the ticker, epoch milliseconds. */
  readonly receivedTimeMs: number;
  /** It spoke on the present link, or is told over REST meanwhile. */
  readonly live: boolean;
  /** Which way the ticker came. */
  readonly channel: Channel;
}

/** How long a price read over REST passes for current, in milliseconds: some rounds of the reading. */
const restCurrentMs = 5_000;

export const emptyBoard = (markets: ReadonlyArray<string>, simulated: boolean): Board => ({
  simulated,
  interruption: null,
  outage: null,
  dropped: 0,
  gaps: 0,
  rows: [...new Set(markets)].map((market) => ({ market, ticker: null, receivedTimeMs: 0, live: false, channel: "websocket" })),
});

export const observe = (board: Board, element: StreamElement<Ticker>): Board => {
  switch (element._tag) {
    case "Live":
    case "Recovered": {
      const { market, value: ticker, receivedTimeMs, late } = element;
      // What came late is older than what is shown.
      if (late) return board;
      const told: BoardRow = { market, ticker, receivedTimeMs, live: true, channel: element._tag === "Live" ? element.channel : "rest" };
      return { ...board, rows: board.rows.map((row) => (row.market === market ? told : row)) };
    }
    case "Reconnecting":
      return { ...board, interruption: element, rows: board.rows.map((row) => ({ ...row, live: false })) };
    case "Resumed":
      return { ...board, interruption: null, outage: element };
    case "Gap":
      return { ...board, gaps: board.gaps + 1 };
    case "Dropped":
      return { ...board, dropped: board.dropped + element.count };
  }
};

/** The table, and below it why there is nothing new. `hint` where nothing has come yet because of the network. */
export const boardLines = (board: Board, nowMs: number, style: Style, hint?: string): ReadonlyArray<string> => {
  const { interruption, rows } = board;
  const lines = [...boardTable(board, nowMs, style), ...pastLines(board, style)];
  if (interruption === null) return lines;
  const why = style.paint("alarm", `RECONNECTING  attempt ${interruption.attempt}: ${printable(interruption.reason)}`);
  const untouched = rows.every(({ ticker }) => ticker === null) && isNetworkReason(interruption.reason);
  return [...lines, why, ...(hint === undefined || !untouched ? [] : [hint])];
};

/** What happened and is over, so that a look at the table tells of it. */
const pastLines = ({ outage, dropped, gaps }: Board, style: Style): ReadonlyArray<string> => [
  ...(outage === null ? [] : [style.paint("dim", `RESUMED  ${kst(outage.atMs)} after ${duration(outage.downMs)}`)]),
  ...(gaps === 0 ? [] : [style.paint("alarm", `GAPS  ${grouped(gaps)}`)]),
  ...(dropped === 0 ? [] : [style.paint("alarm", `DROPPED  ${grouped(dropped)}: this table was too slow`)]),
];

export const boardTable = (board: Board, nowMs: number, style: Style): ReadonlyArray<string> =>
  table<BoardRow>(
    [
      ...simColumn<BoardRow>(board.rows, () => board.simulated),
      { header: "MARKET", align: "left", text: ({ market }) => market, tone: () => "strong" },
      { header: "PRICE", align: "right", text: ({ ticker }) => (ticker === null ? "" : grouped(ticker.price)), tone: priceTone },
      {
        header: "CHANGE",
        align: "right",
        text: ({ ticker }) => (ticker === null ? "" : percent(ticker.changePercent.number)),
        tone: priceTone,
      },
      { header: "VALUE 24H", align: "right", text: ({ ticker }) => (ticker === null ? "" : rough(ticker.value24h)) },
      { header: "TIER", align: "left", text: () => "live_subscription" },
      { header: "CHANNEL", align: "left", text: ({ channel }) => channel },
      {
        header: "AGE",
        align: "right",
        text: ({ ticker, receivedTimeMs }) => (ticker === null ? "" : duration(Math.max(0, nowMs - receivedTimeMs))),
      },
      { header: "STATE", align: "left", text: (row) => stateOf(row, board), tone: (row) => (row.live ? "good" : "alarm") },
      { header: "TIME (KST)", align: "left", text: ({ ticker }) => (ticker === null ? "" : kst(ticker.timestampMs)) },
    ],
    board.rows.map((row) => ({ ...row, live: isCurrent(row, nowMs) })),
    style,
  );

/** A price read over REST was current when it was read, and nothing tells when the next reading fails. */
const isCurrent = ({ live, channel, receivedTimeMs }: BoardRow, nowMs: number): boolean =>
  live && (channel === "websocket" || nowMs - receivedTimeMs <= restCurrentMs);

const stateOf = ({ live, ticker, channel }: BoardRow, { interruption }: Board): string => {
  if (live) return channel === "rest" ? "live, over REST" : "live";
  if (interruption !== null) return ticker === null ? "RECONNECTING" : "STALE (disconnected)";
  return ticker === null ? "waiting" : "STALE (silent)";
};

const priceTone = ({ ticker, live }: BoardRow): Tone => {
  if (ticker === null || !live) return "dim";
  return ticker.changePercent.number > 0 ? "rise" : ticker.changePercent.number < 0 ? "fall" : "plain";
};
