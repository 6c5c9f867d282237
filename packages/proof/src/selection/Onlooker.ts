/**
 * What an onlooker knows of both channels, from the bytes alone: it stands at the client's end of the roads, reads every frame and answer that
 * passes, and asks REST by itself, over the same road and with the same delays, beside every question. It shares no code with the selector, knows
 * nothing of scores, gates and ages as the router keeps them, and is told nothing by it.
 */
import type { SocketHandlers, Transport } from "@naru/router/transport/Transport";
import * as Effect from "effect/Effect";

/** A kind and a market: what a frame or a row is about. */
export type Subject = `${string} ${string}`;

interface Row {
  readonly market?: string;
  readonly code?: string;
  readonly type?: string;
  readonly timestamp?: number;
  readonly trade_timestamp?: number;
  readonly stream_type?: string;
}

/** A frame: when it came, which state it tells, and when it was made. */
export interface Arrival {
  readonly atMs: number;
  readonly stateMs: number;
  readonly madeMs: number;
  /** The answer to a subscription: it tells the state of now, however long ago that came to be. */
  readonly isSnapshot: boolean;
}

export class Onlooker {
  /** Requests of the router so far. */
  requests = 0;
  /** The exchange's time. */
  private readonly now: () => number;
  private isOpen = false;
  /** The newest frame of each subject on the socket that is open. */
  private readonly framed = new Map<Subject, Arrival>();
  /** When what is in memory of each subject was last true: read over REST, or told by a socket that tells it no longer. */
  private readonly read = new Map<Subject, number>();
  private listening: { readonly subject: Subject; readonly arrivals: Array<Arrival> } | undefined;

  constructor(now: () => number) {
    this.now = now;
  }

  /** A transport that passes everything on and looks at it. */
  watch(near: Transport["Service"]): Transport["Service"] {
    return {
      rest: (request) => {
        this.requests++;
        return Effect.tap(near.rest(request), ({ status, body }) =>
          Effect.sync(() => {
            if (status === 200) this.rows(request.url, body);
          }),
        );
      },
      socket: (url, handlers, options) =>
        Effect.map(near.socket(url, this.heard(handlers), options), (socket) => {
          this.isOpen = true;
          return {
            ...socket,
            send: (text) =>
              Effect.andThen(
                Effect.sync(() => this.subscribed(text)),
                socket.send(text),
              ),
          };
        }),
    };
  }

  get connected(): boolean {
    return this.isOpen;
  }

  /**
   * Whether memory could answer at `atMs`: REST read it within `maxAgeMs`, or the open socket's newest frame is as new as what the exchange says
   * now (`trueMs`, by the onlooker's own request), or is itself no older than that.
   */
  remembered(subject: Subject, maxAgeMs: number, atMs: number, trueMs: number | undefined): boolean {
    if (atMs - (this.read.get(subject) ?? Number.NEGATIVE_INFINITY) <= maxAgeMs) return true;
    const frame = this.isOpen ? this.framed.get(subject) : undefined;
    return frame !== undefined && (atMs - frame.stateMs <= maxAgeMs || isTrue(frame, trueMs));
  }

  /** What the memory of this moment is, to be judged later, when the truth is known. */
  snapshot(): (subject: Subject, maxAgeMs: number, atMs: number, trueMs: number | undefined) => boolean {
    const still = new Onlooker(this.now);
    still.isOpen = this.isOpen;
    for (const [subject, frame] of this.framed) still.framed.set(subject, frame);
    for (const [subject, ms] of this.read) still.read.set(subject, ms);
    return (subject, maxAgeMs, atMs, trueMs) => still.remembered(subject, maxAgeMs, atMs, trueMs);
  }

  /** Everything that the socket brings of this subject from now on, until the next call. */
  listen(subject: Subject): ReadonlyArray<Arrival> {
    const arrivals: Array<Arrival> = [];
    this.listening = { subject, arrivals };
    return arrivals;
  }

  /** A message of the router: what it does not name is subscribed no longer, and its last frame is no memory of the present. */
  private subscribed(text: string): void {
    const parts: ReadonlyArray<{ readonly type?: string; readonly codes?: ReadonlyArray<string> }> = JSON.parse(text);
    if (!parts.some(({ codes }) => codes !== undefined)) return;
    const named = new Set(parts.flatMap(({ type, codes }) => (codes ?? []).map((code) => `${type} ${code.split(".")[0]}`)));
    for (const subject of this.framed.keys()) if (!named.has(subject)) this.ended(subject);
  }

  private heard(near: SocketHandlers): SocketHandlers {
    return {
      ...near,
      onFrame: (data) => {
        const text = typeof data === "string" ? data : new TextDecoder().decode(data);
        const row: Row = JSON.parse(text);
        if (row.type !== undefined && row.code !== undefined && row.timestamp !== undefined)
          this.frame(
            `${row.type} ${row.code}`,
            row.type === "orderbook" ? row.timestamp : (row.trade_timestamp ?? 0),
            row.timestamp,
            row.stream_type === "SNAPSHOT",
          );
        near.onFrame(data);
      },
      onClose: (close) => {
        this.isOpen = false;
        for (const subject of this.framed.keys()) this.ended(subject);
        near.onClose(close);
      },
    };
  }

  private frame(subject: Subject, stateMs: number, madeMs: number, isSnapshot: boolean): void {
    const arrival = { atMs: this.now(), stateMs, madeMs, isSnapshot };
    this.framed.set(subject, arrival);
    if (this.listening?.subject === subject) this.listening.arrivals.push(arrival);
  }

  /** The socket tells this no longer: until now it was true, but for how late its frames were. */
  private ended(subject: Subject): void {
    const frame = this.framed.get(subject);
    if (frame === undefined) return;
    this.framed.delete(subject);
    const lateMs = frame.isSnapshot ? 0 : frame.atMs - frame.madeMs;
    this.read.set(subject, Math.max(this.read.get(subject) ?? 0, this.now() - lateMs));
  }

  private rows(url: string, body: Uint8Array): void {
    const path = new URL(url).pathname;
    const type = path.endsWith("/ticker")
      ? "ticker"
      : path.endsWith("/orderbook")
        ? "orderbook"
        : path.endsWith("/ticks")
          ? "trade"
          : undefined;
    if (type === undefined) return;
    const rows: ReadonlyArray<Row> = JSON.parse(new TextDecoder().decode(body));
    for (const { market } of rows) if (market !== undefined) this.read.set(`${type} ${market}`, this.now());
  }
}

/** The frame tells what the exchange says itself, or something newer. */
export const isTrue = ({ stateMs }: Arrival, trueMs: number | undefined): boolean => trueMs !== undefined && stateMs >= trueMs;

/** One request of the onlooker's own: when its answer came, and the exchange's time of the newest row in it. */
export const askRest = (near: Transport["Service"], url: string): Effect.Effect<{ readonly trueMs: number | undefined } | undefined> =>
  near.rest({ url, headers: {} }).pipe(
    Effect.map(({ status, body }) => {
      if (status !== 200) return undefined;
      const [row]: ReadonlyArray<Row> = JSON.parse(new TextDecoder().decode(body));
      const isBook = url.includes("/orderbook");
      return { trueMs: isBook ? row?.timestamp : (row?.trade_timestamp ?? row?.timestamp) };
    }),
    Effect.catch(() => Effect.undefined),
  );
