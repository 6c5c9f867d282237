/**
 * Prebuilt WebSocket frames whose numbers and times are written in place, digit by digit, when they leave: making a frame costs the server next to
 * nothing, and what a client reads is what an exchange sends, each frame another one.
 */
import type { ExchangeOptions } from "@naru/sim";
import { departureOffset, type FeedKind, firstNumber, machineMicros, wallMs } from "./feedPlan.ts";
import { modelFrames } from "./modelFrames.ts";
import { wideMarket } from "./wideMarket.ts";

/** Its limits are off: what is measured is the client. */
export const feedExchange = (markets: number): ExchangeOptions => ({
  ...wideMarket,
  markets: { count: markets, rate: markets > 100 ? 11 : 20 },
  limits: { perWindow: 1e9, connectsPerSecond: 1e9, messagesPerSecond: 1e9, messagesPerMinute: 1e9 },
  ledgerCapacity: 1,
});
interface Template {
  readonly key: FeedKey;
  /** A whole frame, its header first. */
  readonly bytes: Buffer;
  /** Where 13 digits of epoch milliseconds stand. */
  readonly millis: ReadonlyArray<number>;
  /** Where 12 digits of the frame's number stand; of a trade 17 of its id. */
  readonly number: number;
  readonly isTrade: boolean;
  /** Where 15 digits of its departure stand. */
  readonly departure: number | undefined;
}

/** What a socket can be subscribed to. */
export type FeedKey = `${FeedKind}:${string}`;

/** All frames of a plan, of which each socket is sent the part that it asks for. */
interface Plan {
  /** Sent once, at the beginning. */
  readonly snapshots: ReadonlyArray<Template>;
  /** Sent around and around. */
  readonly updates: ReadonlyArray<Template>;
  /** Of the next frame, whatever socket it leaves by. */
  number: number;
  /** The ids of trades begin with this moment, as the exchange's do, and grow by one with each frame: much slower than time. */
  readonly beganMs: number;
}

export class FeedFrames {
  readonly #plan: Plan;
  readonly #snapshots: ReadonlyArray<Template>;
  readonly #updates: ReadonlyArray<Template>;
  #next = 0;
  /** What the frames say the time is: never the same for two of one market, which would be as one to a client that looks for repetitions. */
  #nowMs = 0;

  constructor(plan: Plan, keys?: ReadonlySet<FeedKey>) {
    const own = (templates: ReadonlyArray<Template>) => (keys === undefined ? templates : templates.filter(({ key }) => keys.has(key)));
    this.#plan = plan;
    this.#snapshots = own(plan.snapshots);
    this.#updates = own(plan.updates);
  }

  static make(mix: ReadonlyArray<FeedKind>, codes: ReadonlyArray<string>): FeedFrames {
    const byKind = new Map([...new Set(mix)].map((kind) => [kind, templatesOf(kind, codes)]));
    const most = Math.max(...[...byKind.values()].map(({ updates }) => updates.length));
    return new FeedFrames({
      snapshots: [...byKind.values()].flatMap(({ snapshots }) => snapshots),
      updates: Array.from({ length: most }, (_, i) => mix.map((kind) => around(byKind.get(kind)?.updates ?? [], i))).flat(),
      number: firstNumber,
      beganMs: wallMs(),
    });
  }

  /** Those of these keys, from the beginning. */
  of(keys: ReadonlySet<FeedKey>): FeedFrames {
    return new FeedFrames(this.#plan, keys);
  }

  /** Its part of all frames. */
  get share(): number {
    return this.#updates.length / this.#plan.updates.length;
  }

  /** The next frames, at least one, of at most so many bytes and so many frames in all. */
  take(maxBytes: number, maxFrames: number): { readonly bytes: Buffer; readonly frames: number } {
    let [frames, size] = [0, 0];
    do {
      size += this.#at(this.#next + frames).bytes.length;
      frames++;
    } while (frames < maxFrames && size + this.#at(this.#next + frames).bytes.length <= maxBytes);
    const bytes = Buffer.allocUnsafe(size);
    this.#nowMs = Math.max(this.#nowMs, wallMs());
    const departureMicros = machineMicros() + departureOffset;
    let offset = 0;
    for (let i = 0; i < frames; i++) {
      if ((this.#next - this.#snapshots.length) % (this.#updates.length / turns) === 0) this.#nowMs++;
      offset = this.#write(this.#at(this.#next++), bytes, offset, this.#nowMs, departureMicros);
    }
    return { bytes, frames };
  }

  #at(nth: number): Template {
    return this.#snapshots[nth] ?? around(this.#updates, nth - this.#snapshots.length);
  }

  #write(template: Template, into: Buffer, offset: number, nowMs: number, departureMicros: number): number {
    template.bytes.copy(into, offset);
    for (const place of template.millis) writeDigits(into, offset + place, nowMs, 13);
    const number = this.#plan.number++;
    if (template.isTrade) {
      const low = (this.#plan.beganMs % 1e8) * 1e4 + (number - firstNumber);
      writeDigits(into, offset + template.number, Math.floor(this.#plan.beganMs / 1e8) + Math.floor(low / 1e12), 5);
      writeDigits(into, offset + template.number + 5, low % 1e12, 12);
    } else writeDigits(into, offset + template.number, number, 12);
    if (template.departure !== undefined) writeDigits(into, offset + template.departure, departureMicros, 15);
    return offset + template.bytes.length;
  }
}

const around = <A>(list: ReadonlyArray<A>, i: number): A => {
  const found = list[i % list.length];
  if (found === undefined) throw new RangeError("no frames");
  return found;
};

const writeDigits = (into: Buffer, at: number, value: number, count: number): void => {
  let rest = value;
  for (let i = at + count - 1; i >= at; i--) {
    const tens = Math.floor(rest / 10);
    into[i] = 48 + rest - tens * 10;
    rest = tens;
  }
};

const numbered: Readonly<Record<FeedKind, string>> = {
  ticker: "acc_trade_volume_24h",
  trade: "sequential_id",
  orderbook: "total_ask_size",
};

/** Markets that are made; those that bring enough are given to all, under their own codes. */
const models = 40;
/** Of one kind, of all models. */
const framesMade = 30 * models;

/** Turns of all markets before the same frames come again. */
const turns = 3;

/**
 * A snapshot of each market, and some turns of what the market brings after those. A market keeps to one model, in its order: what a book or a ticker has in
 * common with the one before it is what a client may make use of.
 */
const templatesOf = (kind: FeedKind, codes: ReadonlyArray<string>) => {
  const texts = modelFrames({ types: [{ type: kind }], format: "DEFAULT", count: framesMade, options: feedExchange(models) });
  const byModel = [...Map.groupBy(texts, (text) => codePattern.exec(text)?.[0]).values()].filter((own) => own.length > turns);
  const under = (code: string, text: string) => templateOf(kind, code, text.replace(codePattern, `"code":"${code}"`));
  const nth = (place: number) => codes.map((code, i) => under(code, around(around(byModel, i), place)));
  return { snapshots: nth(0), updates: Array.from({ length: turns }, (_, turn) => nth(turn + 1)).flat() };
};

const codePattern = /"code":"[^"]+"/;

const templateOf = (kind: FeedKind, code: string, text: string): Template => {
  const numberedText = withDigits(text, numbered[kind], kind === "trade" ? 17 : 12);
  const whole = kind === "ticker" ? withDigits(numberedText, "acc_trade_price_24h", 15) : numberedText;
  const header = headerOf(Buffer.byteLength(whole));
  const place = (name: string) => header.length + placeOf(whole, name);
  const times = kind === "orderbook" ? ["timestamp"] : ["timestamp", "trade_timestamp"];
  return {
    key: `${kind}:${code}`,
    bytes: Buffer.concat([header, Buffer.from(whole)]),
    millis: times.map(place),
    number: place(numbered[kind]),
    isTrade: kind === "trade",
    departure: kind === "ticker" ? place("acc_trade_price_24h") : undefined,
  };
};

const withDigits = (text: string, name: string, count: number): string => {
  const place = placeOf(text, name);
  return text.slice(0, place) + "1".repeat(count) + text.slice(place).replace(/^[-+0-9.eE]+/, "");
};

/** Every text here is ASCII: a place in it is a place in its bytes. */
const placeOf = (text: string, name: string): number => {
  const key = `"${name}":`;
  const found = text.indexOf(key);
  if (found === -1) throw new Error(`no ${name} in ${text.slice(0, 200)}`);
  return found + key.length;
};

/** Of an unmasked binary message in one frame. */
const headerOf = (length: number): Buffer => {
  if (length < 126) return Buffer.of(0x82, length);
  if (length < 65_536) return Buffer.of(0x82, 126, length >> 8, length & 0xff);
  throw new RangeError(`a frame of ${length} bytes`);
};
