/**
 * Frames of the emulated exchange, made before and numbered when they leave, digit by digit in their bytes: to send one costs so little that the client is
 * what is loaded. Times of a market always grow, and so do the ids of trades.
 */
import type { ExchangeModel } from "@naru/sim";
import type { SocketSession } from "@naru/sim/socket/SocketSession";
import { departureOffset, firstNumber, type LoadKind, mix, type Sent } from "./LoadPlan.ts";

interface Template {
  readonly kind: LoadKind;
  /** A whole frame of the socket, its header first. */
  readonly bytes: Buffer;
  /** Where 13 digits of epoch milliseconds stand. */
  readonly times: ReadonlyArray<number>;
  /** Where 12 digits of the number stand. */
  readonly number: number;
  /** Where 15 digits of the departure stand. */
  readonly departure: number | undefined;
}

/** What a moment is, when frames leave. */
export interface Moment {
  readonly wallMs: number;
  readonly monotonicMicros: number;
}

const numbered: Readonly<Record<LoadKind, string>> = {
  ticker: "acc_trade_volume_24h",
  trade: "sequential_id",
  orderbook: "total_ask_size",
};

export class LoadFrames {
  readonly #snapshots: ReadonlyArray<Template>;
  readonly #updates: ReadonlyArray<Template>;
  readonly #sent: Record<LoadKind, number> = { ticker: 0, trade: 0, orderbook: 0 };
  #next = 0;
  /** What the frames say the time is. */
  #nowMs = 0;
  readonly #markets: number;

  constructor(model: ExchangeModel, wallMs: number) {
    const codes = model.world.markets.map(({ code }) => code);
    this.#markets = codes.length;
    // Five digits before the number make an id of 17, as the exchange's are.
    const idHead = String(Math.floor(wallMs / 1e8)).padStart(5, "1");
    const byKind = new Map([...new Set(mix)].map((kind) => [kind, templatesOf(model, kind, codes, idHead)]));
    this.#snapshots = [...byKind.values()].flatMap(({ snapshots }) => snapshots);
    // The second of a kind in a turn is another one.
    const update = (kind: LoadKind, turn: number, i: number) =>
      at(byKind.get(kind)?.updates ?? [], turn === mix.indexOf(kind) ? i : i + codes.length);
    this.#updates = codes.flatMap((_, i) => mix.map((kind, turn) => update(kind, turn, i)));
  }

  get sent(): Sent {
    return this.#sent;
  }

  /** The next frames, so many of them, of at most so many bytes. */
  take(frames: number, maxBytes: number, { wallMs, monotonicMicros }: Moment): { readonly bytes: Buffer; readonly frames: number } {
    let [count, size] = [0, 0];
    while (count < frames) {
      const { bytes } = this.#at(this.#next + count);
      if (count > 0 && size + bytes.length > maxBytes) break;
      size += bytes.length;
      count++;
    }
    const into = Buffer.allocUnsafe(size);
    this.#nowMs = Math.max(this.#nowMs, wallMs);
    let offset = 0;
    for (let i = 0; i < count; i++) {
      // Every market has its next frame of a kind at another millisecond, however many leave at once.
      if (this.#next % this.#markets === 0) this.#nowMs++;
      offset = this.#write(this.#at(this.#next++), into, offset, monotonicMicros);
    }
    return { bytes: into, frames: count };
  }

  #at(nth: number): Template {
    return this.#snapshots[nth] ?? at(this.#updates, nth - this.#snapshots.length);
  }

  #write({ kind, bytes, times, number, departure }: Template, into: Buffer, offset: number, monotonicMicros: number): number {
    bytes.copy(into, offset);
    for (const place of times) writeDigits(into, offset + place, this.#nowMs, 13);
    writeDigits(into, offset + number, firstNumber + ++this.#sent[kind], 12);
    if (departure !== undefined) writeDigits(into, offset + departure, departureOffset + monotonicMicros, 15);
    return offset + bytes.length;
  }
}

const at = <A>(list: ReadonlyArray<A>, i: number): A => {
  const found = list[i % list.length];
  if (found === undefined) throw new RangeError("no frames");
  return found;
};

const writeDigits = (into: Buffer, place: number, value: number, count: number): void => {
  let rest = value;
  for (let i = place + count - 1; i >= place; i--) {
    const tens = Math.floor(rest / 10);
    into[i] = 48 + rest - tens * 10;
    rest = tens;
  }
};

/** Two updates for each market, and its snapshot. */
const templatesOf = (model: ExchangeModel, kind: LoadKind, codes: ReadonlyArray<string>, idHead: string) => {
  const texts = textsOf(model, kind, codes);
  const isSnapshot = (text: string) => text.includes('"SNAPSHOT"');
  const [snapshots, updates] = [texts.filter(isSnapshot), texts.filter((text) => !isSnapshot(text))];
  const under = (code: string, text: string) => templateOf(kind, text.replace(/"code":"[^"]+"/, `"code":"${code}"`), idHead);
  return {
    snapshots: codes.map((code, i) => under(code, at(snapshots, i))),
    updates: [...codes, ...codes].map((code, i) => under(code, at(updates, i))),
  };
};

/** Where the virtual time of the model begins. */
const startMs = Date.UTC(2026, 0, 5, 3);
const hourMs = 3_600_000;

/** What a subscription to the first markets brings: others are sent the same under their own codes. */
const textsOf = (model: ExchangeModel, kind: LoadKind, codes: ReadonlyArray<string>): ReadonlyArray<string> => {
  const asked = codes.slice(0, 20);
  const outcome = model.upgrade({ method: "GET", target: "/websocket/v1", headers: {}, ip: "127.0.0.1" }, startMs);
  if (outcome._tag !== "Accepted") throw new Error(`the exchange did not open the socket: ${outcome._tag}`);
  const session: SocketSession = outcome.driven.session;
  session.receive(JSON.stringify([{ ticket: "load" }, { type: kind, codes: asked }, { format: "DEFAULT" }]), startMs);
  const texts: Array<string> = [];
  let nowMs = startMs;
  while (texts.length < 5 * asked.length && nowMs < startMs + hourMs) {
    nowMs = Math.max(nowMs, session.nextWakeMs());
    for (const output of session.poll(nowMs)) if (output._tag === "Frame") texts.push(output.text);
  }
  return texts;
};

const templateOf = (kind: LoadKind, text: string, idHead: string): Template => {
  const name = numbered[kind];
  const head = kind === "trade" ? idHead : "";
  const withNumber = withDigits(text, name, `${head}${"1".repeat(12)}`);
  const whole = kind === "ticker" ? withDigits(withNumber, "acc_trade_price_24h", "1".repeat(15)) : withNumber;
  const header = headerOf(Buffer.byteLength(whole));
  const place = (key: string) => header.length + placeOf(whole, key);
  return {
    kind,
    bytes: Buffer.concat([header, Buffer.from(whole)]),
    times: (kind === "orderbook" ? ["timestamp"] : ["timestamp", "trade_timestamp"]).map(place),
    number: place(name) + head.length,
    departure: kind === "ticker" ? place("acc_trade_price_24h") : undefined,
  };
};

const withDigits = (text: string, name: string, digits: string): string => {
  const place = placeOf(text, name);
  return text.slice(0, place) + digits + text.slice(place).replace(/^[-+0-9.eE]+/, "");
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
