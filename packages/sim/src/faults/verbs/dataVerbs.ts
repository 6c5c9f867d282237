/**
 * Faults of the data: every one changes records in place, of answers and of frames alike, and leaves the spelling of what it does not touch.
 * Prices are changed as doubles; what is wrong need not be exactly wrong.
 */
import type { Firing } from "../Hooks.ts";
import { decimalToken, JsonObject, marketOf } from "../JsonText.ts";
import { choice, fraction, millis, optionalWhole, text, whole } from "../Parameter.ts";
import { dataVerb } from "../Verb.ts";

const priceNames = [
  "trade_price",
  "opening_price",
  "high_price",
  "low_price",
  "prev_closing_price",
  "best_ask_price",
  "best_bid_price",
] as const;

const quoteNames = ["best_ask_price", "best_ask_size", "best_bid_price", "best_bid_size"] as const;

const timeNames = ["timestamp", "trade_timestamp"] as const;

/** Applies a change to every member that is there; whether any was. */
const change = (record: JsonObject, names: ReadonlyArray<string>, use: (token: string) => string): boolean => {
  let changed = false;
  for (const name of names) {
    const token = record.token(name);
    if (token === undefined || token === "null") continue;
    changed = record.set(name, use(token)) || changed;
  }
  return changed;
};

const shift = (record: JsonObject, ms: number): boolean =>
  change(record, timeNames, (token) => (/^\d+$/.test(token) ? String(Number(token) + ms) : token));

/** `116539000` as `1.16539E8`, the way Java prints a double. */
const javaToken = (token: string): string => {
  const value = Number(token);
  if (!Number.isFinite(value) || value === 0) return token;
  const [digits = "", exponent = ""] = value.toExponential().split("e");
  return `${digits.includes(".") ? digits : `${digits}.0`}E${Number(exponent)}`;
};

const nonsense = {
  zero: () => "0.0",
  negative: (token: string) => `-${token}`,
  nan: () => '"NaN"',
  jump: (token: string, factor: number) => decimalToken(Number(token) * factor),
};

const drifts = {
  "new-field": (record: JsonObject) => {
    record.add("best_effort", '"true"');
    return true;
  },
  missing: (record: JsonObject, field: string) => record.remove(field),
  renamed: (record: JsonObject, field: string) => record.rename(field, `${field}_v2`),
  retyped: (record: JsonObject, field: string) => {
    const token = record.token(field);
    if (token === undefined) return false;
    return record.set(field, token.startsWith('"') ? "7" : `{"value":${token}}`);
  },
  "new-word": (record: JsonObject, field: string) => record.set(field, '"SIDEWAYS"'),
  null: (record: JsonObject, field: string) => record.set(field, "null"),
};

export const dataVerbs = [
  dataVerb(
    "schema-drift",
    { about: "The exchange changed a field without notice", ids: ["A18"] },
    {
      change: choice("What it changed", ["new-field", "missing", "renamed", "retyped", "new-word", "null"]),
      field: text("The field", "trade_price"),
    },
    (given) => ({ onRecord: (record) => drifts[given.change](record, given.field) }),
  ),
  dataVerb("string-prices", { about: "Prices are spelt as text", ids: ["A18", "C02"] }, {}, () => ({
    onRecord: (record) => change(record, priceNames, (token) => (token.startsWith('"') ? token : `"${token}"`)),
  })),
  dataVerb("exponent-prices", { about: "Prices are spelt with an exponent, such as 1.16539E8", ids: ["C02"] }, {}, () => ({
    onRecord: (record) => change(record, priceNames, javaToken),
  })),
  dataVerb("null-quotes", { about: "The best quotes of a trade are null", ids: ["A18"] }, {}, () => ({
    onRecord: (record) => change(record, quoteNames, () => "null"),
  })),
  dataVerb(
    "nonsense-price",
    { about: "A price that cannot be", ids: ["C09"] },
    {
      value: choice("Which", ["zero", "negative", "nan", "jump"]),
      factor: fraction("A jump's factor", 1_000_000, { min: 0, max: 1e12 }),
    },
    ({ value, factor }) => ({ onRecord: (record) => change(record, ["trade_price"], (token) => nonsense[value](token, factor)) }),
  ),
  dataVerb(
    "clock-skew",
    { about: "The exchange's clock is wrong: its times and its Date header", ids: ["C06"] },
    {
      aheadMs: whole("How far ahead; behind when negative", 600_000, { min: -86_400_000, max: 86_400_000 }),
    },
    ({ aheadMs }) => ({
      onRecord: (record) => shift(record, aheadMs),
      onAnswer: (answer) => {
        const date = Date.parse(answer.headers["date"] ?? "");
        return Number.isNaN(date) ? undefined : { ...answer, headers: { ...answer.headers, date: new Date(date + aheadMs).toUTCString() } };
      },
    }),
  ),
  dataVerb(
    "timestamps-back",
    { about: "Times go back now and then", ids: ["C04"] },
    {
      atMostMs: millis("At most so far", 5_000),
      probability: fraction("How likely each goes back", 0.5),
    },
    ({ atMostMs }) => ({ onRecord: (record, { chance }) => shift(record, -1 - Math.floor(chance() * atMostMs)) }),
  ),
  dataVerb(
    "future-timestamp",
    { about: "A time lies in the future", ids: ["C04", "C06"] },
    {
      aheadMs: millis("How far", 3_600_000),
      times: optionalWhole("How often it happens; then it ends by itself", { min: 1 }),
    },
    ({ aheadMs }) => ({ onRecord: (record) => shift(record, aheadMs) }),
  ),
  dataVerb("market-warning", { about: "A market is put under warning", ids: ["C16"] }, {}, () => ({
    onRecord: (record) => {
      const event = record.get("market_event");
      return event instanceof JsonObject ? event.set("warning", "true") : record.set("market_warning", '"CAUTION"');
    },
  })),
  dataVerb(
    "candle-revised",
    { about: "Minute candles are computed anew after they closed", ids: ["C10"] },
    {
      factor: fraction("The new volume by the old", 1.5, { min: 0, max: 1_000 }),
    },
    ({ factor }) => ({
      onRecord: (record, firing) =>
        isClosedCandle(record, firing) && change(record, ["candle_acc_trade_volume"], (token) => (Number(token) * factor).toFixed(8)),
    }),
  ),
  dataVerb(
    "odd-market",
    { about: "A market has a name that is no market's", ids: ["C15"] },
    {
      name: text("The name", "__proto__"),
    },
    ({ name }) => ({
      onRecord: (record) =>
        marketOf(record) === undefined ? false : record.set("market", JSON.stringify(name)) || record.set("code", JSON.stringify(name)),
    }),
  ),
] as const;

/** A minute candle of an answer whose time is over: only those say their unit, and frames only bring candles that are not over. */
const isClosedCandle = (record: JsonObject, { nowMs }: Firing): boolean => {
  const start = record.text("candle_date_time_utc");
  const unit = record.number("unit");
  return start !== undefined && unit !== undefined && Date.parse(`${start}Z`) + unit * 60_000 <= nowMs;
};
