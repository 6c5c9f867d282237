/**
 * One type of one market on one connection: when its next frame is due, and the frame. Times are the exchange's; a stream never looks at a
 * clock. Tickers and trades follow every trade, books their own changes, candles at most once a second and only after a trade: nothing is
 * sent when a window ends.
 */
import { bookAt, groupedBookAt, groupingSteps, nextBookTime } from "../market/Book.ts";
import { latestCandle, prevCloseOf, previewFigures, tickerFigures } from "../market/Figures.ts";
import type { Said } from "../ledger/Emitted.ts";
import type { MarketTape } from "../market/MarketTape.ts";
import { restingOrders } from "../market/RestingOrders.ts";
import { endOf, type TapePoint, type TradeRow } from "../market/Trade.ts";
import type { CandleUnit } from "../market/Windows.ts";
import type { World } from "../market/World.ts";
import type { SocketOptions } from "../Options.ts";
import type { Format, StreamKind } from "../profile/Profile.ts";
import { bookFrame, candleFrame, emptyTickerFrame, type StreamType, tickerFrame, tradeFrame } from "../wire/SocketFrames.ts";
import type { Wire } from "../wire/Wire.ts";

/** How far ahead a quiet market is searched at a time; then the search goes on from there. */
const horizonMs = 3_600_000;
const candlePauseMs = 1_000;

export interface StreamRequest {
  readonly kind: StreamKind;
  readonly tape: MarketTape;
  /** Levels of a book. */
  readonly depth: number;
  /** Grouping step in units; 0 for none. */
  readonly step: number;
  /** The level as JSON, for the frame. */
  readonly level: string;
}

/** When frames leave, apart from what happens. */
export type Pace = Pick<SocketOptions, "frameDelayMs" | "tickerRepeatMs">;
/** A frame that is due, and what it says. */
export interface Emitted {
  readonly text: string;
  /** `undefined` for the empty ticker of a market that never traded. */
  readonly said: Said | undefined;
}

export class MarketStream {
  readonly request: StreamRequest;
  private readonly world: World;
  private readonly wire: Wire;
  private readonly pace: Pace;
  /** When the snapshot is due; `Infinity` when it was sent or is not wanted. */
  snapshotMs: number;
  /** Frames after the snapshot are wanted. */
  readonly realtime: boolean;
  private live = false;
  private cursor: TapePoint = { ms: 0, n: 0 };
  private bookMs = 0;
  private pendingCandle: TapePoint | undefined;
  private lastCandleMs = -Infinity;
  private toldGoneMs = -Infinity;
  private lastTickerMs = Infinity;
  private next: TradeRow | undefined;
  private realtimeMs = Infinity;

  constructor(world: World, wire: Wire, pace: Pace, request: StreamRequest, snapshotMs: number, realtime: boolean) {
    this.world = world;
    this.wire = wire;
    this.pace = pace;
    this.request = request;
    this.snapshotMs = snapshotMs;
    this.realtime = realtime;
  }

  /** Starts the realtime frames with what happens after everything up to `ms`. */
  start(ms: number): void {
    const last = this.request.tape.last(endOf(ms));
    this.live = this.realtime;
    this.cursor = last !== undefined && last.ms === ms ? last : { ms, n: -1 };
    this.bookMs = ms;
    this.lastTickerMs = ms;
    this.plan();
  }

  /** Goes on where `before`, the same stream of the replaced subscription, stopped. */
  continue(before: MarketStream): void {
    if (!before.live || !this.realtime) return;
    this.live = true;
    this.cursor = before.cursor;
    this.bookMs = before.bookMs;
    this.pendingCandle = before.pendingCandle;
    this.lastCandleMs = before.lastCandleMs;
    this.lastTickerMs = before.lastTickerMs;
    this.plan();
  }

  /** Frames after the snapshot are under way. */
  get isLive(): boolean {
    return this.live;
  }

  /** When something is due. */
  get dueMs(): number {
    return Math.min(this.snapshotMs, this.realtimeMs + this.pace.frameDelayMs);
  }

  /** Looks again what comes next: a script or a halt changed the tape. */
  plan(): void {
    if (!this.live) return;
    const { kind, tape } = this.request;
    if (kind === "orderbook") {
      this.realtimeMs = Math.min(nextBookTime(tape, this.world.halts, this.bookMs, this.bookMs + horizonMs), this.bookMs + horizonMs);
      return;
    }
    const limit = this.cursor.ms + horizonMs;
    this.next = tape.next(this.cursor, limit);
    const tradeMs = Math.min(this.next?.ms ?? limit, kind === "ticker" ? this.delistMs : Infinity);
    if (kind === "ticker") this.realtimeMs = Math.min(tradeMs, this.lastTickerMs + this.pace.tickerRepeatMs);
    else this.realtimeMs = this.pendingCandle === undefined ? tradeMs : Math.min(tradeMs, this.lastCandleMs + candlePauseMs);
  }

  /** The frame due at {@link dueMs}; `undefined` when the moment turned out to bring none. */
  take(format: Format): Emitted | undefined {
    const atMs = this.dueMs;
    // On a stream that goes on, what happened in this very moment comes before the state after it.
    if (this.snapshotMs === atMs && !(this.live && this.realtimeMs + this.pace.frameDelayMs <= atMs)) {
      this.snapshotMs = Infinity;
      if (!this.live) this.start(atMs);
      if (this.world.listing(this.request.tape.spec.code, atMs)?.state === "DELISTED") return undefined;
      return this.frame(format, atMs, endOf(atMs), "SNAPSHOT");
    }
    const frame = this.takeRealtime(format, atMs - this.pace.frameDelayMs, atMs);
    this.plan();
    return frame;
  }

  /** When the last ticker, the one that says the market is gone, is due. */
  private get delistMs(): number {
    const ms = this.world.delistMsOf(this.request.tape.spec.code);
    return ms > this.toldGoneMs ? ms : Infinity;
  }

  /** What happened at `atMs`, in a frame that leaves at `sentMs`. */
  private takeRealtime(format: Format, atMs: number, sentMs: number): Emitted | undefined {
    const { kind } = this.request;
    if (kind === "ticker" && atMs === this.delistMs) {
      this.toldGoneMs = atMs;
      return this.frame(format, sentMs, endOf(atMs), "REALTIME");
    }
    if (kind === "orderbook") {
      const changed = nextBookTime(this.request.tape, this.world.halts, this.bookMs, atMs) === atMs;
      this.bookMs = atMs;
      return changed ? this.frame(format, sentMs, endOf(atMs), "REALTIME") : undefined;
    }
    const trade = this.next;
    const isTrade = trade !== undefined && trade.ms <= atMs;
    if (isTrade) this.cursor = trade;
    if (kind === "ticker" || kind === "trade") {
      const isGone = this.toldGoneMs !== -Infinity;
      const isRepeat = kind === "ticker" && !isGone && atMs >= this.lastTickerMs + this.pace.tickerRepeatMs;
      if (isTrade || isRepeat) {
        this.lastTickerMs = atMs;
        return this.frame(format, sentMs, isTrade ? trade : endOf(atMs), "REALTIME");
      }
    } else {
      if (isTrade) this.pendingCandle = trade;
      const point = this.pendingCandle;
      if (point !== undefined && atMs >= this.lastCandleMs + candlePauseMs) {
        this.pendingCandle = undefined;
        this.lastCandleMs = atMs;
        return this.frame(format, sentMs, point, "REALTIME");
      }
    }
    if (!isTrade && this.next === undefined) this.cursor = { ms: Math.max(atMs, this.cursor.ms), n: -1 };
    return undefined;
  }

  private frame(format: Format, nowMs: number, upTo: TapePoint, stream: StreamType): Emitted | undefined {
    const { kind, tape } = this.request;
    const { wire } = this;
    if (kind === "ticker") {
      const listing = this.world.listing(tape.spec.code, nowMs);
      const figures =
        tickerFigures(tape, upTo, wire.profile.zoneOffsetMs) ?? (listing?.state === "PREVIEW" ? previewFigures(tape, nowMs) : undefined);
      if (figures !== undefined) {
        const said: Said = { kind, spec: tape.spec, stream, last: figures.last };
        return { text: tickerFrame(wire, format, tape.spec, figures, nowMs, stream, listing), said };
      }
      return wire.options.neverTraded === "null" ? { text: emptyTickerFrame(wire, format, tape.spec, nowMs), said: undefined } : undefined;
    }
    if (kind === "trade") return this.tradeFrame(format, nowMs, upTo, stream);
    if (kind === "orderbook") return this.bookFrame(format, upTo.ms, stream);
    return this.candleFrame(format, kind, upTo, stream);
  }

  private tradeFrame(format: Format, nowMs: number, upTo: TapePoint, stream: StreamType): Emitted | undefined {
    const { tape } = this.request;
    const trade = tape.last(upTo);
    if (trade === undefined) return undefined;
    const prevClose = prevCloseOf(tape, trade.ms, this.wire.profile.zoneOffsetMs) ?? trade.price;
    // What the trade left, not the last published book: that is up to 100 ms old and still has what the trade took.
    const quotes = restingOrders(tape, this.world.halts, trade.ms, 1);
    const text = tradeFrame(this.wire, format, tape.spec, trade, prevClose, quotes, nowMs, stream);
    return { text, said: { kind: "trade", spec: tape.spec, stream, trade } };
  }

  private bookFrame(format: Format, nowMs: number, stream: StreamType): Emitted | undefined {
    const { tape, depth, step, level } = this.request;
    const last = step === 0 ? undefined : tape.last(endOf(nowMs));
    if (step !== 0 && (last === undefined || !groupingSteps(tape.spec, last.price).includes(step))) return undefined;
    const { halts } = this.world;
    const book = step === 0 ? bookAt(tape, halts, nowMs) : groupedBookAt(tape, halts, nowMs, step);
    if (book === undefined) return undefined;
    const [ask = noLevel, bid = noLevel] = [book.asks[0], book.bids[0]];
    const said: Said = { kind: "orderbook", spec: tape.spec, stream, bookMs: book.timestamp, ask, bid };
    return { text: bookFrame(this.wire, format, tape.spec, book, depth, level, stream), said };
  }

  private candleFrame(format: Format, unit: CandleUnit, upTo: TapePoint, stream: StreamType): Emitted | undefined {
    const { tape } = this.request;
    const candle = latestCandle(tape, unit, upTo, this.wire.profile.zoneOffsetMs);
    if (candle === undefined) return undefined;
    const said: Said = { kind: "candle", spec: tape.spec, stream, unit, candle };
    return { text: candleFrame(this.wire, format, tape.spec, unit, candle, stream), said };
  }
}

const noLevel = { price: 0, size: 0 };
