/**
 * Turns the socket's repeated candle frames into windows that end. The exchange sends no close mark; the proof that a window ended is a frame
 * of a later one on an unbroken link, so the last state of the earlier window is then given again as `closed`.
 *
 * After a break nothing seen before proves an end: when the first later window arrives, the windows since the last frame are read over REST
 * (`GapHealer.ts`) and given as closed, or told as a gap. A window that is still the same needs no reading, because frames carry its whole
 * state.
 */
import type { Candle } from "../domain/Candle.ts";
import type { Gap, Live, Recovered } from "../domain/StreamElement.ts";

/** Windows to read back: from the one whose end was not seen up to the first one the new link brought. */
export interface CandleHole {
  readonly fromMs: number;
  /** Exclusive. */
  readonly beforeMs: number;
}

/** Rows read back, in any order, and why they may be fewer than all. */
export interface CandleRepair {
  readonly rows: ReadonlyArray<Candle>;
  readonly failure: string | null;
}

export interface CandleRepaired {
  /** The hole's windows, oldest first, all closed, and what is missing of it for good. */
  readonly repaired: ReadonlyArray<Gap | Recovered<Candle>>;
  /** What arrived meanwhile, stitched as usual. */
  readonly held: ReadonlyArray<Live<Candle>>;
}

/** What one frame leads to: elements to deliver now, or a hole to read back first. */
export type CandleStep =
  | { readonly _tag: "Deliver"; readonly elements: ReadonlyArray<Live<Candle>> }
  | { readonly _tag: "Heal"; readonly hole: CandleHole };

const nothing: CandleStep = { _tag: "Deliver", elements: [] };

export class CandleStitcher {
  readonly #holdLimit: number;
  /** The newest frame of the newest window. */
  #last: Candle | undefined;
  #broken = false;
  #hole: CandleHole | undefined;
  /** The newest frame of each window that came while healing, oldest window first. */
  #held: Array<Live<Candle>> = [];
  #overflowed = false;

  constructor(options: { readonly holdLimit: number }) {
    this.#holdLimit = options.holdLimit;
  }

  /** A hole is open, or may be found by the next frame. */
  get broken(): boolean {
    return this.#broken || this.#hole !== undefined;
  }

  accept(live: Live<Candle>): CandleStep {
    if (this.#hole !== undefined) {
      this.#hold(live);
      return nothing;
    }
    const candle = live.value;
    const last = this.#last;
    if (last === undefined || candle.openTimeMs === last.openTimeMs) {
      if (last !== undefined && candle.lastTradeTimeMs < last.lastTradeTimeMs) return nothing;
      this.#last = candle;
      this.#broken = false;
      return { _tag: "Deliver", elements: [live] };
    }
    if (candle.openTimeMs < last.openTimeMs) return nothing;
    if (this.#broken) {
      this.#hole = { fromMs: last.openTimeMs, beforeMs: candle.openTimeMs };
      this.#held = [live];
      return { _tag: "Heal", hole: this.#hole };
    }
    this.#last = candle;
    return { _tag: "Deliver", elements: [closed(live, last), live] };
  }

  /** The link broke. What was held will be read back with the rest. */
  interrupt(): void {
    this.#broken = this.#last !== undefined;
    this.#hole = undefined;
    this.#held = [];
    this.#overflowed = false;
  }

  /**
   * Ends healing. Complete when the rows reach back to the window whose end was not seen: that one had trades, so it has a row. `nowMs`, wall
   * clock, is the time of reading.
   */
  finish({ rows, failure }: CandleRepair, nowMs: number): CandleRepaired {
    const hole = this.#hole;
    const last = this.#last;
    if (hole === undefined || last === undefined) return { repaired: [], held: [] };
    const windows = rows
      .filter((row) => row.openTimeMs >= hole.fromMs && row.openTimeMs < hole.beforeMs)
      .toSorted((a, b) => a.openTimeMs - b.openTimeMs);
    const repaired: Array<Gap | Recovered<Candle>> = [];
    const gap = (fromMs: number, toMs: number, reason: string) =>
      repaired.push({ _tag: "Gap", kind: "candles", market: last.market, fromMs, toMs, reason });
    const oldestMs = windows[0]?.openTimeMs;
    if (oldestMs !== hole.fromMs) gap(hole.fromMs, oldestMs ?? hole.beforeMs, failure ?? "further back than is read");
    else if (failure !== null) gap(hole.fromMs, hole.beforeMs, failure);
    for (const row of windows) {
      repaired.push({ _tag: "Recovered", market: row.market, value: { ...row, state: "closed" }, late: false, receivedTimeMs: nowMs });
    }
    const held = this.#held;
    if (this.#overflowed) gap(hole.beforeMs, held[0]?.value.openTimeMs ?? hole.beforeMs, "too many windows while reading back");
    this.interrupt();
    this.#broken = false;
    this.#last = held.at(-1)?.value ?? last;
    return { repaired, held: held.flatMap((live, at) => stitched(held[at - 1], live)) };
  }

  #hold(live: Live<Candle>): void {
    const newest = this.#held.at(-1);
    if (newest !== undefined && live.value.openTimeMs < newest.value.openTimeMs) return;
    if (newest !== undefined && live.value.openTimeMs === newest.value.openTimeMs) {
      if (live.value.lastTradeTimeMs < newest.value.lastTradeTimeMs) return;
      this.#held.pop();
    }
    this.#held.push(live);
    if (this.#held.length <= this.#holdLimit) return;
    this.#held.shift();
    this.#overflowed = true;
  }
}

/** The last state of a window, told closed by the frame that proves its end. */
const closed = (proof: Live<Candle>, last: Candle): Live<Candle> => ({ ...proof, value: { ...last, state: "closed" }, snapshot: false });

const stitched = (before: Live<Candle> | undefined, live: Live<Candle>): ReadonlyArray<Live<Candle>> =>
  before === undefined ? [live] : [closed(live, before.value), live];
