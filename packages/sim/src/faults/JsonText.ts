/**
 * JSON that can be changed without touching the rest: every number keeps the spelling the exchange gave it, every member its place. A
 * `JSON.parse` and `stringify` would round the trade ids and respell the prices, and the change would be the smaller fault.
 *
 * Members are asked for by their full name; where a frame is in a SIMPLE format, the short one is found.
 */

/** A number, text or word as it is spelt. */
export type JsonValue = string | JsonObject | JsonArray;

export class JsonArray {
  items: Array<JsonValue>;
  constructor(items: Array<JsonValue>) {
    this.items = items;
  }
}

export class JsonObject {
  members: Array<[name: string, value: JsonValue]>;

  constructor(members: Array<[string, JsonValue]>) {
    this.members = members;
  }

  has(name: string): boolean {
    return this.find(name) !== undefined;
  }

  get(name: string): JsonValue | undefined {
    return this.find(name)?.[1];
  }

  /** The spelling of a number, text or word. */
  token(name: string): string | undefined {
    const value = this.get(name);
    return typeof value === "string" ? value : undefined;
  }

  /** The text of a string member. */
  text(name: string): string | undefined {
    const token = this.token(name);
    return token?.startsWith('"') === true ? token.slice(1, -1) : undefined;
  }

  number(name: string): number | undefined {
    const token = this.token(name);
    return token === undefined || !/^-?\d/.test(token) ? undefined : Number(token);
  }

  /** The objects of an array member. */
  objects(name: string): ReadonlyArray<JsonObject> {
    const value = this.get(name);
    return value instanceof JsonArray ? value.items.filter((item) => item instanceof JsonObject) : [];
  }

  /** Gives a member another value. Whether there is one. */
  set(name: string, value: JsonValue): boolean {
    const member = this.find(name);
    if (member !== undefined) member[1] = value;
    return member !== undefined;
  }

  add(name: string, value: JsonValue): void {
    this.members.push([name, value]);
  }

  remove(name: string): boolean {
    const member = this.find(name);
    this.members = this.members.filter((other) => other !== member);
    return member !== undefined;
  }

  rename(from: string, to: string): boolean {
    const member = this.find(from);
    if (member !== undefined) member[0] = to;
    return member !== undefined;
  }

  private find(name: string): [string, JsonValue] | undefined {
    const short = shortNames[name];
    return (
      this.members.find(([known]) => known === name) ?? (short === undefined ? undefined : this.members.find(([known]) => known === short))
    );
  }
}

/** `undefined` for what is not JSON, or is nested deeper than any answer. */
export const parseJsonText = (text: string): JsonValue | undefined => {
  const reader = new Reader(text);
  const value = reader.value(0);
  return value !== undefined && reader.atEnd() ? value : undefined;
};

export const printJsonText = (value: JsonValue): string => {
  if (typeof value === "string") return value;
  if (value instanceof JsonArray) return `[${value.items.map(printJsonText).join(",")}]`;
  return `{${value.members.map(([name, member]) => `"${name}":${printJsonText(member)}`).join(",")}}`;
};

/** The records of an answer or a frame: the objects of a list, or the one object. */
export const recordsOf = (value: JsonValue): ReadonlyArray<JsonObject> => {
  if (value instanceof JsonObject) return [value];
  return value instanceof JsonArray ? value.items.filter((item) => item instanceof JsonObject) : [];
};

export const marketOf = (record: JsonObject): string | undefined => record.text("market") ?? record.text("code");

/** A number as a token, without exponent and without a double's noise. */
export const decimalToken = (value: number): string => {
  const text = value.toFixed(8);
  return text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text;
};

/** The short names of the members faults ask for. */
const shortNames: Readonly<Record<string, string>> = {
  type: "ty",
  code: "cd",
  opening_price: "op",
  high_price: "hp",
  low_price: "lp",
  trade_price: "tp",
  prev_closing_price: "pcp",
  change: "c",
  ask_bid: "ab",
  trade_volume: "tv",
  acc_trade_volume: "atv",
  market_warning: "mw",
  market_state: "ms",
  timestamp: "tms",
  trade_timestamp: "ttms",
  sequential_id: "sid",
  best_ask_price: "bap",
  best_ask_size: "bas",
  best_bid_price: "bbp",
  best_bid_size: "bbs",
  stream_type: "st",
  orderbook_units: "obu",
  ask_price: "ap",
  bid_price: "bp",
  ask_size: "as",
  bid_size: "bs",
  candle_date_time_utc: "cdttmu",
  candle_acc_trade_volume: "catv",
};

const maxDepth = 32;
const tokenPattern = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null/y;

class Reader {
  private at = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  value(depth: number): JsonValue | undefined {
    if (depth > maxDepth) return undefined;
    if (this.takes("{")) return this.object(depth);
    if (this.takes("[")) return this.array(depth);
    return this.token();
  }

  atEnd(): boolean {
    this.space();
    return this.at === this.text.length;
  }

  private object(depth: number): JsonObject | undefined {
    const members: Array<[string, JsonValue]> = [];
    if (this.takes("}")) return new JsonObject(members);
    do {
      const name = this.token();
      if (name?.startsWith('"') !== true || !this.takes(":")) return undefined;
      const value = this.value(depth + 1);
      if (value === undefined) return undefined;
      members.push([name.slice(1, -1), value]);
    } while (this.takes(","));
    return this.takes("}") ? new JsonObject(members) : undefined;
  }

  private array(depth: number): JsonArray | undefined {
    const items: Array<JsonValue> = [];
    if (this.takes("]")) return new JsonArray(items);
    do {
      const value = this.value(depth + 1);
      if (value === undefined) return undefined;
      items.push(value);
    } while (this.takes(","));
    return this.takes("]") ? new JsonArray(items) : undefined;
  }

  private token(): string | undefined {
    this.space();
    tokenPattern.lastIndex = this.at;
    const match = tokenPattern.exec(this.text)?.[0];
    this.at += match?.length ?? 0;
    return match;
  }

  private takes(character: string): boolean {
    this.space();
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  private space(): void {
    while (" \t\r\n".includes(this.text[this.at] ?? "x")) this.at++;
  }
}
