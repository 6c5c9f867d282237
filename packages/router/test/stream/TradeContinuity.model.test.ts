/**
 * The trades of one market against a simple model: seeded interleavings of frames in and out of order, repeated and lost ones, snapshots on time
 * and late, broken links, doubts about a living one, pages of REST that lag or fail, polling and audits. Whatever happens, each trade comes once,
 * in order unless it says that it is late, and none is missing that no gap tells of.
 */
import { assert, describe, it } from "@effect/vitest";
import type { Gap, Live, Recovered } from "../../src/domain/StreamElement.ts";
import type { Trade } from "../../src/domain/Trade.ts";
import { TradeContinuity } from "../../src/stream/TradeContinuity.ts";
import { btc, shortId, tradeRow } from "./exchange.ts";

type Element = Live<Trade> | Recovered<Trade> | Gap;

/** How the exchange of one case behaves. */
interface Habits {
  /** Frames are up to so long on their way, in milliseconds. */
  readonly jitterMs: number;
  readonly snapshotDelayMs: number;
  /** Of frames on a living link. */
  readonly lossRate: number;
  readonly repeatRate: number;
  /** Of readings. */
  readonly failureRate: number;
  /** REST is so far behind, in milliseconds. */
  readonly lagMs: number;
  readonly pageSize: number;
}

const dice = (seed: number) => {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    upTo: (most: number) => Math.floor(next() * (most + 1)),
    pick: <A>(options: readonly [A, ...ReadonlyArray<A>]): A => options[Math.floor(next() * options.length)] ?? options[0],
    happens: (rate: number) => next() < rate,
  };
};

const healPages = 3;

class Case {
  readonly dice;
  readonly habits: Habits;
  readonly trades: TradeContinuity;
  /** What happened, oldest first. */
  readonly tape: Array<Trade> = [];
  readonly given: Array<Element> = [];
  nowMs = 10_000;
  isUp = true;
  /** When the present hole is read back; undefined when none is to be. */
  readAtMs: number | undefined;
  #way: Array<{ readonly atMs: number; readonly live: Live<Trade> }> = [];

  constructor(seed: number) {
    this.dice = dice(seed);
    const { pick } = this.dice;
    this.habits = {
      jitterMs: pick([0, 0, 30, 300]),
      snapshotDelayMs: pick([10, 10, 2_000]),
      lossRate: pick([0, 0, 0.1]),
      repeatRate: pick([0, 0.2]),
      failureRate: pick([0, 0, 0.3]),
      lagMs: pick([0, 0, 15, 80]),
      pageSize: pick([4, 8, 30]),
    };
    this.trades = new TradeContinuity({
      memory: 1_000,
      holdLimit: pick([3, 1_000, 1_000]),
      reorderMs: pick([0, 250, 250]),
      reorder: pick(["adaptive", "adaptive", "always"]),
    });
    this.#snapshot();
  }

  run(): void {
    for (let steps = 40 + this.dice.upTo(60); steps > 0; steps--) {
      this.#advance(this.dice.upTo(120));
      this.#act();
    }
    this.#end();
  }

  #act(): void {
    const what = this.dice.upTo(30);
    if (what < 22) return this.trade(1 + this.dice.upTo(2));
    if (what < 24) return this.isUp ? this.break() : this.resume();
    if (what < 26) return this.isUp ? undefined : this.resume();
    if (what === 26) return this.suspect();
    if (what === 27 && this.isUp) return this.#snapshot();
    if (what === 28) this.given.push(...this.trades.catchUp(this.#page(this.habits.pageSize), this.nowMs));
    if (what === 29) this.given.push(...this.trades.audit(this.#page(1_000), this.nowMs, 0).missing);
  }

  /** Some trades of one millisecond. */
  trade(count: number): void {
    for (let i = 0; i < count; i++) {
      const value: Trade = { ...tradeRow(btc, this.tape.length + 1), tradeTimeMs: this.nowMs };
      this.tape.push(value);
      if (!this.isUp || this.dice.happens(this.habits.lossRate)) continue;
      this.#send(value, false, 5 + this.dice.upTo(this.habits.jitterMs));
      if (this.dice.happens(this.habits.repeatRate)) this.#send(value, false, 5 + this.dice.upTo(500));
    }
  }

  break(): void {
    this.isUp = false;
    this.#way = [];
    this.given.push(...this.trades.interrupt());
    this.readAtMs = undefined;
  }

  resume(): void {
    this.isUp = true;
    this.#snapshot();
    this.#heal();
  }

  /** The same link may have lost something. */
  suspect(): void {
    if (!this.isUp) return;
    this.given.push(...this.trades.interrupt());
    this.#heal();
  }

  #heal(): void {
    // What REST shows now or later is not older than this subscription.
    if (this.trades.resume()) this.readAtMs = this.nowMs + this.habits.lagMs + 5 + this.habits.jitterMs + this.dice.upTo(1_000);
  }

  #snapshot(): void {
    const last = this.tape.at(-1);
    if (last !== undefined) this.#send(last, true, 5 + this.dice.upTo(this.habits.snapshotDelayMs));
  }

  #send(value: Trade, snapshot: boolean, delayMs: number): void {
    const live: Live<Trade> = { _tag: "Live", market: btc, value, snapshot, channel: "websocket", late: false, receivedTimeMs: 0 };
    this.#way.push({ atMs: this.nowMs + delayMs, live });
  }

  /** The newest rows that REST shows, newest first. */
  #page(count: number, before = this.tape.length): ReadonlyArray<Trade> {
    const shown = this.tape.slice(0, before).filter((row) => row.tradeTimeMs <= this.nowMs - this.habits.lagMs);
    return shown.slice(-count).toReversed();
  }

  #read(): void {
    const rows: Array<Trade> = [];
    const isFailing = this.dice.happens(this.habits.failureRate);
    const pages = isFailing ? this.dice.upTo(1) : healPages;
    let isWhole = false;
    for (let page = 0; page < pages && !isWhole; page++) {
      const last = rows.at(-1);
      const more = this.#page(this.habits.pageSize, last === undefined ? undefined : shortId(last) - 1);
      rows.push(...more);
      isWhole = this.trades.reaches(rows) || more.length < this.habits.pageSize;
    }
    const { repaired, held } = this.trades.finish({ rows, failure: isFailing && !isWhole ? "failed" : null }, this.nowMs);
    this.given.push(...repaired, ...held);
    this.readAtMs = undefined;
  }

  /** Everything due up to then happens, in order of time. */
  #advance(byMs: number): void {
    const endMs = this.nowMs + byMs;
    while (true) {
      const frameMs = this.#way.reduce((least, { atMs }) => Math.min(least, atMs), Number.POSITIVE_INFINITY);
      const nextMs = Math.min(frameMs, this.trades.dueMs(), this.readAtMs ?? Number.POSITIVE_INFINITY);
      if (nextMs > endMs) break;
      this.nowMs = Math.max(this.nowMs, nextMs);
      this.given.push(...this.trades.release(this.nowMs));
      if (this.readAtMs !== undefined && this.readAtMs <= this.nowMs) this.#read();
      const at = this.#way.findIndex(({ atMs }) => atMs <= this.nowMs);
      const [frame] = at === -1 ? [] : this.#way.splice(at, 1);
      if (frame !== undefined) this.given.push(...this.trades.accept(frame.live, this.nowMs));
    }
    this.nowMs = endMs;
  }

  /** The link is up, nothing is on its way any more, and an audit looks at all there is. */
  #end(): void {
    if (!this.isUp) this.resume();
    this.#advance(10_000);
    this.given.push(
      ...this.trades.accept(
        { ...liveOf({ ...tradeRow(btc, this.tape.length + 1), tradeTimeMs: this.nowMs }), receivedTimeMs: this.nowMs },
        this.nowMs,
      ),
    );
    this.#advance(1_000);
    this.given.push(...this.trades.audit(this.#page(1_000), this.nowMs, 0).missing);
  }
}

const liveOf = (value: Trade): Live<Trade> => ({
  _tag: "Live",
  market: btc,
  value,
  snapshot: false,
  channel: "websocket",
  late: false,
  receivedTimeMs: 0,
});

/** What is wrong with a stream, held against what happened; nothing when all is well. */
const faultOf = ({ given, tape }: Case): string | undefined => {
  const seen = new Set<string>();
  let newestMs = Number.NEGATIVE_INFINITY;
  for (const element of given) {
    if (element._tag === "Gap") continue;
    const { id, tradeTimeMs } = element.value;
    if (seen.has(id)) return `${shortId(element.value)} came twice`;
    seen.add(id);
    if (element.late) continue;
    if (tradeTimeMs < newestMs) return `${shortId(element.value)} came out of order`;
    newestMs = tradeTimeMs;
  }
  const first = given.find((element) => element._tag !== "Gap");
  if (first === undefined) return undefined;
  const lost = tape.slice(shortId(first.value)).find((row) => !seen.has(row.id) && !isTold(given, row));
  return lost === undefined ? undefined : `${shortId(lost)} of ${lost.tradeTimeMs} is missing`;
};

/** A gap told of it before a later trade came. */
const isTold = (given: ReadonlyArray<Element>, row: Trade): boolean => {
  const passed = given.findIndex((element) => element._tag !== "Gap" && !element.late && element.value.tradeTimeMs > row.tradeTimeMs);
  const before = passed === -1 ? given : given.slice(0, passed);
  return before.some((element) => element._tag === "Gap" && row.tradeTimeMs >= element.fromMs && row.tradeTimeMs <= element.toMs);
};

describe("the trades of one market, whatever happens,", () => {
  it("come once and in order, or late and saying so, and none is missing without a gap (R-10)", () => {
    const kinds = { late: 0, recovered: 0, gaps: 0 };
    for (let seed = 1; seed <= 6_000; seed++) {
      const one = new Case(seed);
      one.run();
      const fault = faultOf(one);
      if (fault !== undefined) assert.fail(`seed ${seed}: ${fault}; ${JSON.stringify(one.habits)}`);
      for (const element of one.given) {
        if (element._tag === "Gap") kinds.gaps++;
        else if (element.late) kinds.late++;
        else if (element._tag === "Recovered") kinds.recovered++;
      }
    }
    // A model in which nothing goes wrong would prove nothing.
    for (const [kind, count] of Object.entries(kinds)) assert.isAbove(count, 1_000, kind);
  });
});
