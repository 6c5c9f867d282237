/**
 * Frames of every kind in both spellings, field by field: usual ones, which the byte scanner must take, and odd ones, of which some fields are of
 * another sort, null, left out, said twice or unknown.
 */
import { socketCandle } from "@naru/upbit/decode/CandleShape";
import { orderbookUnit, socketOrderbook } from "@naru/upbit/decode/OrderbookShape";
import { type Fields, spelt, type Spelling } from "@naru/upbit/decode/Shape";
import { socketTicker } from "@naru/upbit/decode/TickerShape";
import { socketTrade } from "@naru/upbit/decode/TradeShape";
import type { Draws } from "./Draws.ts";
import { anyNumber, anySize, oddNumber, spell, zeros } from "./numbers.ts";

export const frameKinds = ["ticker", "trade", "candle", "orderbook"] as const;
export type FrameKind = (typeof frameKinds)[number];

/** Levels of the books: each of the exchange's depths, the cheap ones more often. */
const depths = [1, 1, 1, 1, 1, 5, 5, 5, 15, 15, 30] as const;

export interface MadeFrame {
  readonly text: string;
  /** As the exchange could have sent it, in whatever order: the scanner is to read it. */
  readonly isUsual: boolean;
}

export const fieldsOf = (kind: FrameKind): Fields =>
  kind === "ticker"
    ? socketTicker.fields
    : kind === "trade"
      ? socketTrade.fields
      : kind === "candle"
        ? socketCandle.fields
        : socketOrderbook.fields;

/** A member as it goes on the wire: its name with quotes, its value as text. */
type Members = Array<[name: string, value: string]>;

export const makeFrame = (kind: FrameKind, spelling: Spelling, draws: Draws): MadeFrame => {
  const members = usualMembers(kind, spelling, draws);
  const isUsual = !draws.once(3);
  if (!isUsual) for (let changes = draws.below(3); changes >= 0; changes--) spoil(members, draws);
  const [type, ...rest] = members;
  // Nearly always the order of the frames before; the type goes first, as on the wire.
  const order = draws.once(12) ? draws.shuffled(rest) : rest;
  const all = type === undefined ? order : [type, ...order];
  return { text: `{${all.map(([name, value]) => `${name}:${value}`).join(",")}}`, isUsual };
};

const usualMembers = (kind: FrameKind, spelling: Spelling, draws: Draws): Members => {
  const members: Members = [];
  const interval = draws.pick(intervals);
  for (const [ours, field] of Object.entries(fieldsOf(kind))) {
    // Left out, where that is allowed, in one frame of some; null in others.
    if (field.need === "optional" && draws.once(60)) continue;
    const isNull = ours === "delistingDate" ? !draws.once(20) : field.need !== "required" && draws.once(60);
    const value = isNull
      ? "null"
      : "reads" in field.type
        ? units(spelling, draws)
        : usualValue(kind, ours, field.type.scan.as, interval, draws);
    members.push([`"${spelt(field, spelling)}"`, value]);
  }
  return members;
};

const intervals = [
  ...([
    ["1s", 1_000],
    ["1m", 60_000],
    ["3m", 180_000],
    ["5m", 300_000],
    ["10m", 600_000],
  ] as const),
  ...([
    ["15m", 900_000],
    ["30m", 1_800_000],
    ["60m", 3_600_000],
    ["240m", 14_400_000],
  ] as const),
] as const;

const usualValue = (kind: FrameKind, ours: string, as: string, [unit, stepMs]: (typeof intervals)[number], draws: Draws): string => {
  switch (ours) {
    case "type":
      return `"${kind === "candle" ? `candle.${unit}` : kind}"`;
    case "market":
      return draws.once(12) ? `"${draws.pick(quotes)}-${letters(draws)}"` : draws.pick(markets);
    case "stream":
      return draws.once(10) ? '"SNAPSHOT"' : '"REALTIME"';
    case "openTimeMs": {
      const at = Date.parse(moment(draws));
      return `"${new Date(at - (at % stepMs)).toISOString().slice(0, 19)}"`;
    }
    case "openTimeKorea":
      return `"${moment(draws).slice(0, 19)}"`;
    case "change":
      return draws.pick(['"RISE"', '"EVEN"', '"FALL"']);
    case "side":
    case "lastSide":
      return draws.pick(['"ASK"', '"BID"']);
    case "marketState":
      return draws.pick(['"ACTIVE"', '"PREVIEW"', '"DELISTED"']);
    case "marketWarning":
      return draws.pick(['"NONE"', '"CAUTION"']);
    case "tradeDate":
      return kind === "ticker" ? `"${moment(draws).slice(0, 10).replaceAll("-", "")}"` : `"${moment(draws).slice(0, 10)}"`;
    case "level":
      return draws.pick(["0", "0", "0", "10000", "1.0E6", "0.1"]);
    default:
      return ofSort(as, draws);
  }
};

const ofSort = (as: string, draws: Draws): string => {
  switch (as) {
    case "decimal":
      return `${draws.once(3) ? "-" : ""}${anySize(draws)}`.replace("--", "-");
    case "amount":
      return anySize(draws);
    case "price":
      return anyNumber(draws);
    case "integer":
      return String(1_700_000_000_000 + draws.below(2_000_000_000) * 40);
    case "digits":
      return draws.digits(draws.once(8) ? 1 + draws.below(30) : 16 + draws.below(2));
    case "flag":
      return draws.once(5) ? "true" : "false";
    case "compactTime":
      return `"${moment(draws).slice(11, 19).replaceAll(":", "")}"`;
    case "time":
      return `"${moment(draws).slice(11, 19)}"`;
    default:
      return `"${moment(draws).slice(0, 10)}"`;
  }
};

const moment = (draws: Draws): string => draws.pick(moments);
/** Nine and a half years: more days than the scanner remembers of most fields. */
const moments = Array.from({ length: 700 }, (_, i) => new Date(Date.UTC(2018, 0, 1) + i * 428_571_000).toISOString());

const quotes = ["KRW", "BTC", "USDT"];
const markets = ["BTC", "ETH", "XRP", "SOL", "DOGE", "1INCH", "W"].map((base) => `"KRW-${base}"`);
const letters = (draws: Draws): string =>
  Array.from({ length: 1 + draws.below(8) }, () => String.fromCharCode(65 + draws.below(26))).join("");

/** A book in order, some levels of which have nothing on a side, and now and then a side that is empty. */
const units = (spelling: Spelling, draws: Draws): string => {
  const depth = draws.pick(depths);
  const [ask, bid, askSize, bidSize] = Object.values(orderbookUnit.fields).map((field) => spelt(field, spelling));
  const scale = draws.below(9) - 1;
  let high = 1_000 + draws.below(100_000_000);
  let low = high;
  const emptyAsksFrom = draws.once(20) ? draws.below(depth + 1) : depth;
  const emptyBidsFrom = draws.once(20) ? draws.below(depth + 1) : depth;
  const rows: Array<string> = [];
  for (let row = 0; row < depth; row++) {
    high += 1 + draws.below(5);
    low -= 1 + draws.below(5);
    const isAskEmpty = row >= emptyAsksFrom;
    const isBidEmpty = row >= emptyBidsFrom;
    const values = [
      isAskEmpty ? draws.pick(paddings) : spell(String(high), scale, draws),
      isBidEmpty ? draws.pick(paddings) : spell(String(low), scale, draws),
      isAskEmpty ? draws.pick(zeros) : anyNumber(draws),
      isBidEmpty ? draws.pick(zeros) : anyNumber(draws),
    ];
    rows.push(`{"${ask}":${values[0]},"${bid}":${values[1]},"${askSize}":${values[2]},"${bidSize}":${values[3]}}`);
  }
  return `[${rows.join(",")}]`;
};

/** The price of a slot in which nothing is offered. */
const paddings = ["0", "0.0", "1000", "7E-8"];

const oddValues = [
  ...[
    '"KRW-ETH"',
    '"krw-btc"',
    '"BTC-KRW"',
    '"KRW-BTC "',
    '"KRW-ВТС"',
    '"KRW\\u002dBTC"',
    '"KRW-BTC\\n"',
    '""',
    '"x"',
    '"RISE"',
    '"UP"',
    '"ask"',
  ],
  ...[
    '"ticker"',
    '"trade"',
    '"orderbook"',
    '"candle.1m"',
    '"candle.2m"',
    '"candle"',
    '"SNAPSHOT"',
    '"REALTIME"',
    '"2026-02-30"',
    '"20260230"',
  ],
  ...[
    '"2026-02-30T00:00:00"',
    '"2026-02-28T00:00:01"',
    '"24:00:00"',
    '"23:59:60"',
    '"240000"',
    '"1785395043779"',
    '{"a":{}}',
    "[[]]",
    '[{"ap":1}]',
  ],
  ...[`"${"A".repeat(28)}"`, `"${"A".repeat(29)}"`, `"${"A".repeat(1_001)}"`, '"\u0000"', '"\\u0000"', '"\\""'],
];
const oddNames = [
  '"__proto__"',
  '"constructor"',
  '"toString"',
  '"new_field"',
  '"type"',
  '"ty"',
  '"code"',
  '"cd"',
  '"tp"',
  '"trade_price"',
  '""',
  '"\\u0063d"',
];

/** One thing made other than the exchange would. It may mean the same as before. */
const spoil = (members: Members, draws: Draws): void => {
  const at = draws.below(members.length);
  const member = members[at];
  if (member === undefined) return;
  switch (draws.below(10)) {
    case 0:
      members.splice(at, 1);
      return;
    case 1:
      member[0] = draws.pick(oddNames);
      return;
    case 2:
      members.splice(draws.below(members.length + 1), 0, [draws.pick(oddNames), draws.once(2) ? oddNumber(draws) : draws.pick(oddValues)]);
      return;
    case 3:
      members.push([member[0], draws.once(2) ? member[1] : oddNumber(draws)]);
      return;
    case 4:
      member[1] = draws.once(2) ? "null" : draws.pick(oddValues);
      return;
    case 5:
      if (member[1].startsWith("[")) member[1] = spoiltUnits(member[1], draws);
      else member[1] = draws.pick(members)[1];
      return;
    case 6:
      if (member[1].startsWith('"')) member[1] = draws.pick(oddValues);
      else member[1] = draws.once(2) ? draws.pick(zeros) : oddNumber(draws);
      return;
    case 7:
      // A list's own fields are changed in the same ways.
      if (member[1].startsWith("[")) member[1] = spoiltUnits(member[1], draws);
      else member[1] = oddNumber(draws);
      return;
    case 8:
      member[1] = ` ${member[1]}`;
      return;
    default:
      if (!member[1].startsWith('"')) member[1] = oddNumber(draws);
  }
};

const spoiltUnits = (units: string, draws: Draws): string => {
  const rows = units.slice(1, -1).split(/(?<=\}),/);
  const from = draws.below(rows.length);
  const row = rows[from] ?? "{}";
  switch (draws.below(7)) {
    case 0:
      // Said twice, or one level more than there should be.
      rows.push(row);
      break;
    case 1:
      rows.reverse();
      break;
    case 2:
      rows.splice(from, 1);
      break;
    case 3: {
      // A value of a row, its last or another.
      const values = [...row.matchAll(/:([^,}]*)/g)];
      const value = values[draws.below(values.length)];
      if (value !== undefined)
        rows[from] = `${row.slice(0, value.index + 1)}${oddNumber(draws)}${row.slice(value.index + value[0].length)}`;
      break;
    }
    case 4:
      rows[from] = `{${draws.shuffled(row.slice(1, -1).split(",")).join(",")}}`;
      break;
    case 5:
      while (rows.length < 31) rows.push(row);
      break;
    default:
      rows[from] = draws.pick(["{}", "1", "null", "[]", row.replace("}", ',"x":1}'), row.replace("{", "{ "), row.replace(/,[^,]*\}/, "}")]);
  }
  return `[${rows.join(",")}]`;
};
