/**
 * Frames made from a seed, read by the byte scanner and by the general path, one after the other through one scanner that learns all the while. What
 * the scanner takes must be the general path's value member for member; every now and then both are held against the plainest reading there is, and
 * every digit against the text.
 */
import { decodeUtf8 } from "@naru/router/transport/ExactJson";
import type { SocketMessage } from "@naru/router/transport/Venue";
import { decodeGenerally } from "@naru/upbit/decode/SocketFrame";
import type { Spelling } from "@naru/upbit/decode/Shape";
import { type Cause, causes } from "@naru/upbit/decode/scan/Cause";
import { FrameScanner } from "@naru/upbit/decode/scan/FrameScanner";
import { spoilBytes } from "./bytes.ts";
import { differenceOf } from "./difference.ts";
import { Draws } from "./Draws.ts";
import { type FrameKind, frameKinds, makeFrame } from "./frames.ts";
import { misreadOf, truthOf } from "./judge.ts";
import { referenceOf } from "./reference.ts";

/** `list`: some frames of any kinds, in one message. */
export type InputKind = FrameKind | "list";

export interface Input {
  readonly kind: InputKind;
  readonly spelling: Spelling;
}

export const inputs: ReadonlyArray<Input> = [...frameKinds, "list" as const].flatMap((kind) =>
  (["full", "simple"] as const).map((spelling) => ({ kind, spelling })),
);

export interface Tally {
  /** Frames read. */
  cases: number;
  /** Of which the scanner gave a value, which was compared. */
  scanned: number;
  /** Frames as the exchange sends them, and how many of these the scanner took. */
  usual: number;
  usualScanned: number;
  /** Messages of which every number was compared with its text. */
  judged: number;
  /** Frames left to the general path, by cause. */
  readonly causes: Record<Cause, number>;
}

export const noTally = (): Tally => ({
  ...{ cases: 0, scanned: 0, usual: 0, usualScanned: 0, judged: 0 },
  causes: Object.fromEntries(causes.map((cause) => [cause, 0])) as Record<Cause, number>,
});

export const addTally = (to: Tally, from: Tally): void => {
  to.cases += from.cases;
  to.scanned += from.scanned;
  to.usual += from.usual;
  to.usualScanned += from.usualScanned;
  to.judged += from.judged;
  for (const cause of causes) to.causes[cause] += from.causes[cause];
};

/** A frame that was read in two ways: what made it, and what differs. */
export class Misread extends Error {}

/** Frames of each input that are kept to be spoilt. */
const kept = 24;
/** Room for the longest list, anywhere in it. */
const arenaBytes = 1 << 17;
/** One in so many is held against the plainest reading and the text: of what the scanner took, and of what it left. */
const judgedEvery = { scanned: 20, left: 100 };

export class Trial {
  readonly #seed: number;
  readonly #draws: Draws;
  readonly #scanner = new FrameScanner();
  readonly #frames: ReadonlyArray<Array<Uint8Array>> = inputs.map(() => []);
  /** Frames lie in the memory of others, as those of a socket do. */
  readonly #arena = new Uint8Array(arenaBytes);
  /** By the place in {@link inputs}. */
  readonly tallies: ReadonlyArray<Tally> = inputs.map(noTally);

  constructor(seed: number) {
    this.#seed = seed;
    this.#draws = new Draws(seed);
  }

  /** Reads `count` frames of each input, in any order of inputs. Throws {@link Misread}. */
  run(count: number): void {
    for (let round = 0; round < count; round++) for (let place = 0; place < inputs.length; place++) this.#one(place);
  }

  #one(place: number): void {
    const draws = this.#draws;
    const frames = this.#frames[place]!;
    const tally = this.tallies[place]!;
    tally.cases++;
    if (frames.length < kept || draws.once(5)) {
      const { text, isUsual } = made(inputs[place]!, draws);
      const bytes = utf8.encode(text);
      // What is odd already is spoilt again now and then; most of it would only be refused for the same reason.
      if (frames.length < kept) frames.push(bytes);
      else if (isUsual || draws.once(8)) frames[draws.below(kept)] = bytes;
      const isScanned = this.#compare(bytes, place, tally);
      if (!isUsual) return;
      tally.usual++;
      if (isScanned) tally.usualScanned++;
    } else {
      const other = draws.pick(draws.once(4) ? this.#frames.find(({ length }) => length > 0)! : frames);
      this.#compare(spoilBytes(draws.pick(frames), other, draws), place, tally);
    }
  }

  #compare(frame: Uint8Array, place: number, tally: Tally): boolean {
    const at = this.#draws.below(arenaBytes - frame.length);
    this.#arena.set(frame, at);
    const data = this.#arena.subarray(at, at + frame.length);
    const scanned = this.#scanner.scan(data);
    if (scanned === undefined) {
      const { cause } = this.#scanner;
      if (cause !== undefined) tally.causes[cause]++;
      if (this.#draws.once(judgedEvery.left)) this.#judge(frame, decodeGenerally(data), place, tally);
      return false;
    }
    const generally = decodeGenerally(data);
    // What was read must not live in the socket's memory, which is written over.
    data.fill(0x39);
    tally.scanned++;
    const difference = differenceOf(scanned, generally);
    if (difference !== undefined) this.#fail(frame, place, `scanner and general path: ${difference}`);
    if (this.#draws.once(judgedEvery.scanned)) this.#judge(frame, scanned, place, tally);
    return true;
  }

  /** Holds messages against the plainest reading, and what market data they hold against the text. */
  #judge(frame: Uint8Array, messages: ReadonlyArray<SocketMessage>, place: number, tally: Tally): void {
    const text = decodeUtf8(frame);
    const isText = text._tag === "Success";
    const reference = isText ? referenceOf(text.success) : [undefined];
    const values = messages.map((message) => ("value" in message ? message.value : undefined));
    const difference = differenceOf(values, reference);
    if (difference !== undefined) this.#fail(frame, place, `reader and table: ${difference}`);
    if (values.every((value) => value === undefined)) return;
    const truth = isText ? truthOf(text.success) : undefined;
    if (truth === undefined) return this.#fail(frame, place, "JSON.parse refuses it");
    messages.forEach((message, i) => {
      if (!("value" in message)) return;
      const misread = misreadOf(kindOf(message), truth[i]!, message.value);
      if (misread !== undefined) this.#fail(frame, place, `against the text: ${misread}`);
      tally.judged++;
    });
  }

  #fail(frame: Uint8Array, place: number, difference: string): never {
    const { kind, spelling } = inputs[place]!;
    const { cases } = this.tallies[place]!;
    throw new Misread(`seed ${this.#seed}, ${kind} ${spelling}, case ${cases}: ${difference}\n${new TextDecoder().decode(frame)}`);
  }
}

const utf8 = new TextEncoder();

const made = ({ kind, spelling }: Input, draws: Draws): { readonly text: string; readonly isUsual: boolean } => {
  if (kind !== "list") return makeFrame(kind, spelling, draws);
  const frames = Array.from({ length: 1 + draws.below(2) }, () => makeFrame(draws.pick(frameKinds), spelling, draws));
  return { text: `[${frames.map(({ text }) => text).join(",")}]`, isUsual: frames.every(({ isUsual }) => isUsual) };
};

const kindOf = (message: SocketMessage): FrameKind => {
  if (message._tag === "Ticker") return "ticker";
  if (message._tag === "Trade") return "trade";
  return message._tag === "Candle" ? "candle" : "orderbook";
};
