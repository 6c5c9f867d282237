/**
 * The transport port answered by the emulated exchange in the same process: the same bytes as over TCP, on Effect's clock, with virtual
 * latency. It keeps the promises of the live layer, time limits and body limit included, so that what runs on it under a test clock runs
 * unchanged on the network.
 */
import { NetworkError, TimeoutError } from "@naru/router/errors/MarketDataError";
import {
  type RestFailure,
  type RestRequest,
  type RestResponse,
  type Socket,
  type SocketBytes,
  type SocketFailure,
  type SocketHandlers,
  type SocketOptions,
  Transport,
  UpgradeRefused,
} from "@naru/router/transport/Transport";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Scope from "effect/Scope";
import { Exchange, type ExchangeModel, type ExchangeRequest } from "./Exchange.ts";
import type { NoAnswer, SessionAction } from "./faults/Hooks.ts";
import { receive } from "./memoryDelivery.ts";
import { mayBeSent } from "./socket/closeCode.ts";
import { Deflated } from "./socket/Deflated.ts";
import { type Driven, drive } from "./socket/drive.ts";
import type { SessionOutput } from "./socket/Departures.ts";
import { frameSize } from "./socket/frameSize.ts";
import { overRoad, type RoadOptions } from "./Road.ts";

export interface MemoryTransportOptions {
  /** From asking to the whole answer; half of it passes before the exchange sees the request. @default 20 ms */
  readonly restLatencyMs?: number | undefined;
  /** Until a socket is open; half of it passes before the exchange sees the upgrade. @default 20 ms */
  readonly connectLatencyMs?: number | undefined;
  /** The road to the exchange, beside those two: trips, jitter, losses, on requests and sockets alike. @default none */
  readonly road?: RoadOptions | undefined;
  /** The wait for a connection. @default 5,000 ms */
  readonly connectTimeoutMs?: number | undefined;
  /** The wait for an answer's headers. @default 5,000 ms */
  readonly headersTimeoutMs?: number | undefined;
  /** The wait between two pieces of a body. @default 3,000 ms */
  readonly bodyIdleTimeoutMs?: number | undefined;
  /** One request as a whole. @default 10,000 ms */
  readonly attemptTimeoutMs?: number | undefined;
  /** Opening a socket as a whole. @default 4,500 ms */
  readonly upgradeTimeoutMs?: number | undefined;
  /** The wait for the answer to our close frame. @default 1,000 ms */
  readonly closeTimeoutMs?: number | undefined;
  /** After decompression. @default 8 MiB */
  readonly maxBodyBytes?: number | undefined;
  /** The largest socket message; a larger one ends the connection. @default 1 MiB */
  readonly maxFrameBytes?: number | undefined;
  /** The exchange agrees to permessage-deflate when a client offers it. What is compressed is counted, never made. @default true */
  readonly compression?: boolean | undefined;
  /** The address the exchange counts limits by. @default 127.0.0.1 */
  readonly ip?: string | undefined;
}

/** A transport to the exchange in scope. */
export const layerMemoryTransport = (options?: MemoryTransportOptions): Layer.Layer<Transport, never, Exchange> =>
  Layer.effect(
    Transport,
    Effect.map(Exchange, (exchange) => {
      const near = makeMemoryTransport(exchange, options);
      return options?.road === undefined ? near : overRoad(near, options.road, exchange.options.seed);
    }),
  );

export const makeMemoryTransport = (exchange: ExchangeModel, options: MemoryTransportOptions = {}): Transport["Service"] => {
  const settings = {
    restLatencyMs: options.restLatencyMs ?? 20,
    connectLatencyMs: options.connectLatencyMs ?? 20,
    connectTimeoutMs: options.connectTimeoutMs ?? 5_000,
    headersTimeoutMs: options.headersTimeoutMs ?? 5_000,
    bodyIdleTimeoutMs: options.bodyIdleTimeoutMs ?? 3_000,
    attemptTimeoutMs: options.attemptTimeoutMs ?? 10_000,
    upgradeTimeoutMs: options.upgradeTimeoutMs ?? 4_500,
    closeTimeoutMs: options.closeTimeoutMs ?? 1_000,
    maxBodyBytes: options.maxBodyBytes ?? 8 * 1024 * 1024,
    maxFrameBytes: options.maxFrameBytes ?? 1024 * 1024,
    compression: options.compression ?? true,
    ip: options.ip ?? "127.0.0.1",
  };
  exchange.openDoor("memory");
  return {
    rest: Effect.fn("MemoryTransport.rest")((request: RestRequest) =>
      rest(exchange, settings, request).pipe(
        Effect.timeoutOrElse({
          duration: settings.attemptTimeoutMs,
          orElse: () => new TimeoutError({ phase: "attempt", timeoutMs: settings.attemptTimeoutMs, detail: null }),
        }),
      ),
    ),
    socket: Effect.fn("MemoryTransport.socket")((url: string, handlers: SocketHandlers, options?: SocketOptions) =>
      socket(exchange, settings, url, handlers, options),
    ),
  };
};

type Settings = { readonly [K in Exclude<keyof MemoryTransportOptions, "road">]-?: NonNullable<MemoryTransportOptions[K]> };

const pause = (ms: number): Effect.Effect<void> => (ms > 0 ? Effect.sleep(ms) : Effect.void);

const rest = Effect.fnUntraced(function* (
  exchange: ExchangeModel,
  settings: Settings,
  request: RestRequest,
): Effect.fn.Return<RestResponse, RestFailure> {
  const { asked, host } = requestOf(request.url, request.headers, settings.ip);
  yield* pause(settings.restLatencyMs / 2);
  const outcome = exchange.handleRest(asked, yield* exchange.now);
  if (outcome._tag !== "Response") return yield* failed(outcome, settings, host, "headers");
  yield* pause(settings.restLatencyMs / 2);
  const body = yield* receive(outcome, settings, host);
  return { status: outcome.status, headers: outcome.headers, body };
});

/** What a client hears when no answer comes. */
const failed = Effect.fnUntraced(function* (
  outcome: NoAnswer,
  settings: Settings,
  host: string,
  phase: "headers" | "upgrade",
): Effect.fn.Return<never, NetworkError | TimeoutError> {
  if (outcome._tag === "ConnectFailed") return yield* new NetworkError({ phase: outcome.phase, host, code: outcome.code, detail: null });
  if (outcome._tag === "Reset") {
    yield* pause(settings.restLatencyMs / 2);
    return yield* new NetworkError({ phase, host, code: "ECONNRESET", detail: null });
  }
  // A socket has one limit for all of its opening.
  const waits = phase === "upgrade" ? { phase, timeoutMs: settings.upgradeTimeoutMs } : restWait(outcome, settings);
  yield* Effect.sleep(waits.timeoutMs);
  return yield* new TimeoutError({ ...waits, detail: null });
});

const restWait = (outcome: NoAnswer, { connectTimeoutMs, headersTimeoutMs }: Settings) =>
  outcome._tag === "ConnectHang"
    ? { phase: "connect" as const, timeoutMs: connectTimeoutMs }
    : { phase: "headers" as const, timeoutMs: headersTimeoutMs };

const socket = Effect.fnUntraced(function* (
  exchange: ExchangeModel,
  settings: Settings,
  url: string,
  handlers: SocketHandlers,
  { compress = false }: SocketOptions = {},
): Effect.fn.Return<Socket, SocketFailure, Scope.Scope> {
  const { asked, host } = requestOf(url, {}, settings.ip);
  yield* pause(settings.connectLatencyMs / 2);
  const scope = yield* Effect.scope;
  const connection = yield* Effect.uninterruptible(
    Effect.gen(function* () {
      const outcome = exchange.upgrade(asked, yield* exchange.now);
      if (outcome._tag === "Refused") {
        const body = new TextDecoder().decode(outcome.body.subarray(0, 4_096));
        return yield* new UpgradeRefused({ status: outcome.status, headers: outcome.headers, body });
      }
      if (outcome._tag !== "Accepted") return outcome;
      const open = new MemoryConnection(exchange, outcome.driven, handlers, host, settings, compress && settings.compression);
      yield* Scope.addFinalizer(scope, open.close);
      return open;
    }),
  );
  if (!(connection instanceof MemoryConnection)) return yield* failed(connection, settings, host, "upgrade");
  yield* pause(settings.connectLatencyMs / 2);
  connection.opened();
  yield* Effect.forkIn(drive(connection.driven, connection.deliver), scope);
  return connection;
});

/** The client's end of one connection. */
class MemoryConnection implements Socket {
  readonly driven: Driven;
  private readonly exchange: ExchangeModel;
  private readonly handlers: SocketHandlers;
  private readonly host: string;
  private readonly settings: Settings;
  readonly compressed: boolean;
  private readonly deflated: Deflated | undefined;
  private wireBytes = 0;
  private payloadBytes = 0;
  private isOpen = false;
  private isClosed = false;

  constructor(exchange: ExchangeModel, driven: Driven, handlers: SocketHandlers, host: string, settings: Settings, compressed: boolean) {
    this.compressed = compressed;
    this.deflated = compressed ? new Deflated() : undefined;
    this.settings = settings;
    this.exchange = exchange;
    this.driven = driven;
    this.handlers = handlers;
    this.host = host;
  }

  /** The caller has the socket from here on; before, its end is nobody's news. */
  opened(): void {
    this.isOpen = true;
  }

  readonly send = (text: string): Effect.Effect<void, NetworkError> => this.whileOpen((nowMs) => this.driven.session.receive(text, nowMs));

  readonly ping: Effect.Effect<void, NetworkError> = Effect.suspend(() =>
    this.whileOpen((nowMs) => this.driven.session.receivePing(nowMs)),
  );

  readonly bytes = (): SocketBytes => ({ wire: this.wireBytes, payload: this.payloadBytes });

  readonly terminate: Effect.Effect<void> = Effect.suspend(() => this.leave(1006));

  /** The orderly end, when the scope closes; by force when the exchange does not answer. */
  readonly close: Effect.Effect<void> = Effect.suspend(() =>
    Effect.flatMap(this.exchange.now, (nowMs) =>
      this.isClosed || this.driven.session.isEnded || this.driven.session.answersClose(nowMs)
        ? this.leave(1000)
        : Effect.andThen(Effect.sleep(this.settings.closeTimeoutMs), this.leave(1006)),
    ),
  );

  /** What the exchange sends, as one read. */
  readonly deliver = (outputs: ReadonlyArray<SessionOutput>, nowMs: number): void => {
    let frames = 0;
    for (const output of outputs) {
      if (this.isClosed) return;
      if (output._tag === "Frame") {
        const bytes = output.bytes ?? encoder.encode(output.text);
        if (bytes.length > this.settings.maxFrameBytes) return this.refuseFrame(frames, nowMs);
        frames++;
        this.wireBytes += frameSize(this.deflated?.lengthOf(bytes) ?? bytes.length);
        this.payloadBytes += bytes.length;
        this.handlers.onFrame(bytes);
      } else if (output._tag === "Pong") {
        this.wireBytes += frameSize(0);
        this.handlers.onPong();
      } else {
        if (frames > 0) this.handlers.onReadEnd();
        frames = 0;
        this.wireBytes += closeSize(output);
        const { code, reason } = heard(output);
        this.closed(code, reason);
      }
    }
    if (frames > 0 && !this.isClosed) this.handlers.onReadEnd();
  };

  /** A message that is too large ends the connection, as in the live layer. */
  private refuseFrame(framesBefore: number, nowMs: number): void {
    if (framesBefore > 0) this.handlers.onReadEnd();
    this.driven.session.clientGone(nowMs, 1009);
    this.closed(1006, "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH");
  }

  private whileOpen(use: (nowMs: number) => void): Effect.Effect<void, NetworkError> {
    return Effect.flatMap(this.exchange.now, (nowMs) =>
      this.isClosed || this.driven.session.isEnded
        ? Effect.fail(new NetworkError({ phase: "socket", host: this.host, code: null, detail: "the socket is closed" }))
        : Effect.sync(() => use(nowMs)),
    );
  }

  private leave(code: number): Effect.Effect<void> {
    return Effect.map(this.exchange.now, (nowMs) => {
      this.driven.session.clientGone(nowMs, code);
      this.closed(code, "");
    });
  }

  private closed(code: number, reason: string): void {
    if (this.isClosed) return;
    this.isClosed = true;
    if (this.isOpen) this.handlers.onClose({ code, reason });
  }
}

const encoder = new TextEncoder();

/** What a client hears of an end. A code that may not be sent is an error of the protocol, and the connection ends without an answer. */
const heard = (action: SessionAction): { readonly code: number; readonly reason: string } => {
  if (action._tag === "Drop") return { code: 1006, reason: action.reset ? "ECONNRESET" : "" };
  return mayBeSent(action.code) ? action : { code: 1006, reason: "WS_ERR_INVALID_CLOSE_CODE" };
};

/** The bytes of the end itself: a close frame, or none. */
const closeSize = (action: SessionAction): number => {
  if (action._tag === "Drop") return 0;
  return frameSize(action.code === 1005 ? 0 : 2 + encoder.encode(action.reason).length);
};

const requestOf = (
  url: string,
  headers: Readonly<Record<string, string>>,
  ip: string,
): { readonly asked: ExchangeRequest; readonly host: string } => {
  const parsed = new URL(url);
  const lower: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) lower[name.toLowerCase()] = value;
  // The text of the query as it was given: URL would encode parts of it anew.
  const target = url.slice(url.indexOf("/", url.indexOf("://") + 3));
  return { asked: { method: "GET", target: target.startsWith("/") ? target : "/", headers: lower, ip }, host: parsed.host };
};
