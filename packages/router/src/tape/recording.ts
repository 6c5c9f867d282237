/**
 * What is written down of a router's use of the network: whatever passes between it and its transport, and what the limiter decided. An event is
 * told to the {@link Recording} before anybody else hears of it, and nothing here can fail or wait. Who keeps it, and how, is the recording's.
 */
import type * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Option from "effect/Option";
import * as Schema from "effect/Schema";
import { MarketDataError } from "../errors/MarketDataError.ts";
import type { RateLimiter } from "../limits/RateLimiter.ts";
import type { RestFailure, RestResponse, Socket, SocketFailure, SocketHandlers, Transport } from "../transport/Transport.ts";
import { addressOf, withoutSecrets } from "./secrets.ts";
import type { Headers, RecordedError, SocketEvent, TapeEvent } from "./TapeEvent.ts";

/** Who keeps what is told. All of it is synchronous, and none of it throws. */
export interface Recording {
  readonly record: (event: TapeEvent, bytes?: number) => void;
  /** A frame, whose bytes are only lent. */
  readonly frame: (socket: number, data: Uint8Array | string) => void;
  /** The frames since the last of these came in one read. */
  readonly readEnd: (socket: number) => void;
  /** An answer with headers that hold no secret. */
  readonly response: (request: number, status: number, headers: Headers, body: Uint8Array) => void;
  readonly nextSocket: () => number;
  readonly nextRequest: () => number;
}

export const recordTransport = (recorder: Recording, inner: Transport["Service"]): Transport["Service"] => ({
  rest: (asked) =>
    Effect.suspend(() => {
      const request = recorder.nextRequest();
      const headers = withoutSecrets(asked.headers);
      recorder.record({ event: "request", request, method: "GET", ...addressOf(asked.url), headers }, asked.url.length);
      return Effect.onExit(inner.rest(asked), (exit) => Effect.sync(() => answered(recorder, request, exit)));
    }),
  socket: (url, handlers, options) =>
    Effect.suspend(() => {
      const life = new SocketLife(recorder, handlers);
      recorder.record({ event: "connect", socket: life.socket, ...addressOf(url) });
      return inner.socket(url, life.handlers, options).pipe(
        Effect.onExit((exit) => Effect.sync(() => recorder.record(openedEvent(life.socket, exit)))),
        // Runs before the transport closes its end.
        Effect.tap(() => Effect.addFinalizer(() => Effect.sync(() => life.leave()))),
        Effect.map((socket) => life.wrap(socket)),
      );
    }),
});

const answered = (recorder: Recording, request: number, exit: Exit.Exit<RestResponse, RestFailure>): void => {
  if (Exit.isSuccess(exit)) {
    const { body, headers, status } = exit.value;
    return recorder.response(request, status, withoutSecrets(headers), body);
  }
  const error = Option.getOrUndefined(Exit.findErrorOption(exit));
  recorder.record(error === undefined ? { event: "given_up", request } : { event: "failure", request, error: errorToJson(error) });
};

const openedEvent = (socket: number, exit: Exit.Exit<Socket, SocketFailure>): SocketEvent => {
  if (Exit.isSuccess(exit)) return { event: "open", socket };
  const error = Option.getOrUndefined(Exit.findErrorOption(exit));
  return error === undefined ? { event: "abandoned", socket } : { event: "refused", socket, error: errorToJson(error) };
};

/** One socket from asking for it to its end. */
class SocketLife {
  readonly socket: number;
  private readonly recorder: Recording;
  private readonly inner: SocketHandlers;
  private isLeaving = false;

  constructor(recorder: Recording, inner: SocketHandlers) {
    this.recorder = recorder;
    this.inner = inner;
    this.socket = recorder.nextSocket();
  }

  /** Whatever closes from here on is the client's doing. */
  leave(): void {
    this.isLeaving = true;
  }

  readonly handlers: SocketHandlers = {
    onFrame: (data) => {
      this.recorder.frame(this.socket, data);
      this.inner.onFrame(data);
    },
    onReadEnd: () => {
      this.recorder.readEnd(this.socket);
      this.inner.onReadEnd();
    },
    onPong: () => {
      this.recorder.record({ event: "pong", socket: this.socket });
      this.inner.onPong();
    },
    onClose: ({ code, reason }) => {
      this.recorder.record({ event: "close", socket: this.socket, code, reason, by: this.isLeaving ? "client" : "peer" });
      this.inner.onClose({ code, reason });
    },
  };

  wrap(open: Socket): Socket {
    const { recorder, socket } = this;
    const first = <A, E>(event: SocketEvent, effect: Effect.Effect<A, E>, bytes = 0): Effect.Effect<A, E> =>
      Effect.suspend(() => {
        recorder.record(event, bytes);
        return effect;
      });
    return {
      send: (text) => first({ event: "send", socket, text }, open.send(text), text.length),
      ping: first({ event: "ping", socket }, open.ping),
      compressed: open.compressed,
      bytes: () => open.bytes(),
      terminate: Effect.suspend(() => {
        this.leave();
        return open.terminate;
      }),
    };
  }
}

export const recordLimiter = (recorder: Recording, inner: RateLimiter["Service"], clock: Clock.Clock): RateLimiter["Service"] => {
  type Acquire = RateLimiter["Service"]["acquire"];
  const told = (group: string, { priority }: Parameters<Acquire>[1], acquiring: ReturnType<Acquire>): ReturnType<Acquire> =>
    Effect.suspend(() => {
      const asked = clock.monotonicTimeNanosUnsafe();
      return Effect.onExit(acquiring, (exit) =>
        Effect.sync(() => {
          const error = Exit.isSuccess(exit) ? undefined : Option.getOrUndefined(Exit.findErrorOption(exit));
          const decision = Exit.isSuccess(exit) ? "granted" : error === undefined ? "left" : "refused";
          const waited = Number(clock.monotonicTimeNanosUnsafe() - asked) / 1e6;
          recorder.record({ event: "limit", group, decision, priority, waited, error: error === undefined ? null : errorToJson(error) });
        }),
      );
    });
  const paused = (group: string | null, forMs: number, pausing: Effect.Effect<void>): Effect.Effect<void> =>
    Effect.suspend(() => {
      recorder.record({ event: "limit_pause", group, for: forMs });
      return pausing;
    });
  return {
    ...inner,
    acquire: (group, options) => told(group, options, inner.acquire(group, options)),
    acquireConnect: (options) => told("socket-connect", options, inner.acquireConnect(options)),
    pauseGroup: (group, forMs, grant) => paused(group, forMs, inner.pauseGroup(group, forMs, grant)),
    block: (forMs, detail) => paused(null, forMs, inner.block(forMs, detail)),
  };
};

const toJson = Schema.encodeUnknownOption(Schema.toCodecJson(MarketDataError));

/** An error of the port in its JSON form; a refused upgrade with what the server said. */
const errorToJson = (error: RestFailure | SocketFailure | MarketDataError): RecordedError => {
  if (error._tag === "UpgradeRefused")
    return { _tag: error._tag, status: error.status, headers: withoutSecrets(error.headers), body: error.body };
  // The JSON form of a tagged error is an object. One with fields its schema refuses is at least named.
  return Option.getOrElse(toJson(error), () => ({ _tag: error._tag, message: error.message })) as RecordedError;
};
