/** Answers as tables: what a person gets on a terminal and, without colour, in a pipe. Each table says where its values came from. */
import type { Answer } from "@naru/router/domain/Answer";
import type { Candle } from "@naru/router/domain/Candle";
import type { Decimal } from "@naru/router/domain/Decimal";
import type { Orderbook, PriceLevel } from "@naru/router/domain/Orderbook";
import type { Provenance } from "@naru/router/domain/Provenance";
import type { Ticker } from "@naru/router/domain/Ticker";
import type { Trade } from "@naru/router/domain/Trade";
import { duration, grouped, percent, rough } from "./numbers.ts";
import { printable, type Style, type Tone } from "./style.ts";
import { type Column, simColumn, table } from "./table.ts";
import { kst, kstMillis } from "./time.ts";

export const tickerTable = (answers: ReadonlyArray<Answer<Ticker>>, style: Style): ReadonlyArray<string> =>
  table<Answer<Ticker>>(
    [
      ...simColumn(answers, ({ provenance }) => provenance.simulated),
      { header: "MARKET", align: "left", text: ({ market }) => market, tone: () => "strong" },
      { header: "PRICE", align: "right", text: ({ value }) => grouped(value.price), tone: ({ value }) => toneOf(value.changePercent) },
      {
        header: "CHANGE",
        align: "right",
        text: ({ value }) => percent(value.changePercent.number),
        tone: ({ value }) => toneOf(value.changePercent),
      },
      { header: "VALUE 24H", align: "right", text: ({ value }) => rough(value.value24h) },
      ...originColumns<Answer<Ticker>>(({ provenance }) => provenance),
      { header: "TIME (KST)", align: "left", text: ({ value }) => kst(value.timestampMs) },
    ],
    answers,
    style,
  );

/** Asks above bids, the spread between them, as a book is read. */
export const orderbookTable = (answer: Answer<Orderbook>, style: Style): ReadonlyArray<string> => {
  const { value, provenance } = answer;
  const rows = [
    ...value.asks.toReversed().map((level) => ({ side: "ask" as const, level })),
    ...value.bids.map((level) => ({ side: "bid" as const, level })),
  ];
  type Row = { readonly side: "ask" | "bid"; readonly level: PriceLevel };
  const sideTone = ({ side }: Row): Tone => (side === "ask" ? "fall" : "rise");
  const spread =
    value.spread === null ? "one side is empty" : `spread ${grouped(value.spread)} (${(value.spreadPercent ?? 0).toFixed(3)} %)`;
  return [
    `${originLine(answer, style)}  ${kstMillis(value.timestampMs)} KST  ${spread}${value.crossed ? style.paint("alarm", "  CROSSED") : ""}`,
    ...table<Row>(
      [
        ...simColumn<Row>(rows, () => provenance.simulated),
        { header: "SIDE", align: "left", text: ({ side }) => side, tone: sideTone },
        { header: "PRICE", align: "right", text: ({ level }) => grouped(level.price), tone: sideTone },
        { header: "SIZE", align: "right", text: ({ level }) => grouped(level.size) },
      ],
      rows,
      style,
    ),
  ];
};

export const tradesTable = (answer: Answer<ReadonlyArray<Trade>>, style: Style): ReadonlyArray<string> => [
  originLine(answer, style),
  ...table<Trade>(
    [
      ...simColumn<Trade>(answer.value, () => answer.provenance.simulated),
      { header: "TIME (KST)", align: "left", text: (trade) => kstMillis(trade.tradeTimeMs) },
      { header: "SIDE", align: "left", text: (trade) => trade.side, tone: tradeTone },
      { header: "PRICE", align: "right", text: (trade) => grouped(trade.price), tone: tradeTone },
      { header: "VOLUME", align: "right", text: (trade) => grouped(trade.volume) },
      { header: "ID", align: "right", text: (trade) => trade.id, tone: () => "dim" },
    ],
    answer.value,
    style,
  ),
];

export const candlesTable = (answer: Answer<ReadonlyArray<Candle>>, style: Style): ReadonlyArray<string> => [
  originLine(answer, style),
  ...table<Candle>(
    [
      ...simColumn<Candle>(answer.value, () => answer.provenance.simulated),
      { header: "OPENS (KST)", align: "left", text: (candle) => kst(candle.openTimeMs) },
      { header: "OPEN", align: "right", text: (candle) => grouped(candle.open) },
      { header: "HIGH", align: "right", text: (candle) => grouped(candle.high) },
      { header: "LOW", align: "right", text: (candle) => grouped(candle.low) },
      {
        header: "CLOSE",
        align: "right",
        text: (candle) => grouped(candle.close),
        tone: (candle) => toneOf(candle.close.minus(candle.open)),
      },
      { header: "VOLUME", align: "right", text: (candle) => grouped(candle.volume) },
      { header: "STATE", align: "left", text: (candle) => candle.state, tone: (candle) => (candle.state === "closed" ? "plain" : "warn") },
    ],
    answer.value,
    style,
  ),
];

/** Tier, channel, age and honesty of an answer in one line, above values that have no room for it. */
const originLine = ({ market, provenance }: Answer<unknown>, style: Style): string =>
  [
    ...(provenance.simulated ? [style.paint("warn", "SIM")] : []),
    style.paint("strong", market),
    printable(`${provenance.venue} · ${provenance.tier} · ${provenance.channel} · ${duration(provenance.confirmedAgeMs)} old`),
    style.paint(freshnessTone(provenance), freshness(provenance)),
  ].join("  ");

const originColumns = <Row>(of: (row: Row) => Provenance): ReadonlyArray<Column<Row>> => [
  { header: "TIER", align: "left", text: (row) => of(row).tier },
  { header: "CHANNEL", align: "left", text: (row) => of(row).channel },
  { header: "AGE", align: "right", text: (row) => duration(of(row).confirmedAgeMs) },
  { header: "STATE", align: "left", text: (row) => freshness(of(row)), tone: (row) => freshnessTone(of(row)) },
];

const freshness = ({ stale, staleReason }: Provenance): string => (stale ? `STALE (${staleReason ?? "unknown"})` : "fresh");

const freshnessTone = ({ stale }: Provenance): Tone => (stale ? "alarm" : "good");

const toneOf = (change: Decimal): Tone => (change.number > 0 ? "rise" : change.number < 0 ? "fall" : "plain");

const tradeTone = ({ side }: Trade): Tone => (side === "buy" ? "rise" : "fall");
