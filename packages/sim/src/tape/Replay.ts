/**
 * A tape as a transport: recorded sockets and answers for whoever asks, on Effect's clock. Sockets are handed out in the order they were opened,
 * answers by what was asked: the next one recorded for the same target, and after the last of them that one again. What the tape does not hold
 * is a typed failure with code `NOT_ON_TAPE`; nothing is ever made up.
 */
import { MarketDataError, NetworkError, type StorageError } from "@naru/router/errors/MarketDataError";
import {
  type RestFailure,
  type RestRequest,
  type RestResponse,
  type Socket,
  type SocketFailure,
  type SocketHandlers,
  Transport,
  UpgradeRefused,
} from "@naru/router/transport/Transport";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Latch from "effect/Latch";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import * as Schema from "effect/Schema";
import * as Scope from "effect/Scope";
import { addressOf } from "@naru/router/tape/secrets";
import { sleepNanos, SocketPlayback, type Speed } from "./SocketPlayback.ts";
import { openTape, type RecordedRequest, type RecordedSocket, type Tape } from "./Tape.ts";
import { bytesOf, type RecordedError, type TapeError } from "@naru/router/tape/TapeEvent";

export interface ReplayOptions {
  /** Default 1. */
  readonly speed?: Speed | undefined;
  /**
   * What a socket does after its last recorded frame when the tape does not say that the peer closed it: it stays open and says nothing, or it
   * is closed with code 1000. Default `silent`.
   */
  readonly atEnd?: "silent" | "close" | undefined;
  /** After the last recorded socket the tape begins again with the first. Default false: a further socket fails. */
  readonly repeat?: boolean | undefined;
  /** Send only frames of the types and markets that the client's message names. Default false: everything, in order. */
  readonly filter?: boolean | undefined;
  /**
   * Which of several recorded answers to one question: the next one, or the one that was asked for nearest to the tape's present time, as the
   * clock of whoever asks tells it. Default `next`. A recording that begins in the middle has answers that belong to their moment.
   */
  readonly answers?: "next" | "nearest" | undefined;
}

export interface Replay {
  readonly transport: Transport["Service"];
  /** Every recorded socket has been played to its end. */
  readonly ended: Effect.Effect<void>;
}

/** A transport that answers from a tape. */
export const layerReplayTransport = (tape: Tape, options?: ReplayOptions): Layer.Layer<Transport> =>
  Layer.sync(Transport, () => makeReplay(tape, options).transport);

/** The same from a file. */
export const layerReplayFile = (path: string, options?: ReplayOptions): Layer.Layer<Transport, TapeError | StorageError> =>
  Layer.effect(
    Transport,
    Effect.map(openTape(path), (tape) => makeReplay(tape, options).transport),
  );

export const makeReplay = (tape: Tape, options: ReplayOptions = {}): Replay => {
  const player = new Player(tape, {
    speed: options.speed ?? 1,
    atEnd: options.atEnd ?? "silent",
    repeat: options.repeat ?? false,
    filter: options.filter ?? false,
    answers: options.answers ?? "next",
  });
  return {
    transport: {
      rest: Effect.fn("Replay.rest")((request: RestRequest) => rest(player, request)),
      socket: Effect.fn("Replay.socket")((url: string, handlers: SocketHandlers) => socket(player, url, handlers)),
    },
    ended: player.ended.await,
  };
};

type Settings = { readonly [K in keyof ReplayOptions]-?: NonNullable<ReplayOptions[K]> };

const rest = Effect.fnUntraced(function* (player: Player, request: RestRequest): Effect.fn.Return<RestResponse, RestFailure> {
  const { host, target } = addressOf(request.url);
  const clock = yield* Clock.Clock;
  const recorded = player.takeRequest(target, (clock.currentTimeMillisUnsafe() - player.tape.startedWall) * 1e6);
  if (recorded?.outcome === undefined) return yield* notOnTape(host, `${player.tape.path} holds no answer to GET ${target}`);
  // The recorded client gave up waiting; so will this one.
  if (recorded.outcome.isGivenUp) return yield* Effect.never;
  yield* player.pause(recorded.outcome.atNanos - recorded.askedNanos);
  const event = player.tape.at(recorded.outcome.place);
  if (event?.event === "response") return { status: event.status, headers: event.headers, body: bytesOf(event) };
  return yield* Effect.fail(restFailure(event?.event === "failure" ? event.error : {}, host));
});

const socket = Effect.fnUntraced(function* (
  player: Player,
  url: string,
  handlers: SocketHandlers,
): Effect.fn.Return<Socket, SocketFailure, Scope.Scope> {
  const { host, target } = addressOf(url);
  const recorded = player.takeSocket(target);
  if (recorded === undefined) return yield* notOnTape(host, `${player.tape.path} holds no further socket of ${target}`);
  const { speed, atEnd, filter } = player.settings;
  const onEnd = () => player.socketEnded(recorded);
  if (recorded.refused !== undefined) {
    yield* player.pause(recorded.refused.atNanos - recorded.askedNanos);
    onEnd();
    const event = player.tape.at(recorded.refused.place);
    return yield* Effect.fail(socketFailure(event?.event === "refused" ? event.error : {}, host));
  }
  yield* Effect.onInterrupt(player.pause((recorded.openedNanos ?? recorded.askedNanos) - recorded.askedNanos), () => Effect.sync(onEnd));
  const scope = yield* Effect.scope;
  const playback = new SocketPlayback(player.tape, recorded, handlers, { speed, atEnd, filter, host, onEnd });
  return yield* Effect.uninterruptible(
    Effect.gen(function* () {
      yield* Scope.addFinalizer(scope, playback.close);
      yield* Effect.forkIn(playback.play, scope);
      return playback;
    }),
  );
});

/** What of a tape has been handed out. */
class Player {
  readonly tape: Tape;
  readonly settings: Settings;
  /** Open once every socket has ended. */
  readonly ended = Latch.makeUnsafe(false);
  private readonly sockets: ReadonlyArray<RecordedSocket>;
  private readonly requests = new Map<string, Array<RecordedRequest>>();
  private readonly answered = new Map<string, number>();
  private taken = new Set<RecordedSocket>();
  private readonly playing = new Set<RecordedSocket>();

  constructor(tape: Tape, settings: Settings) {
    this.tape = tape;
    this.settings = settings;
    // One that the client gave up, or whose fate the tape does not tell, is nothing to show.
    this.sockets = tape.sockets.filter(({ openedNanos, refused }) => openedNanos !== undefined || refused !== undefined);
    for (const request of tape.requests) {
      if (request.outcome === undefined) continue;
      const key = questionOf(request.target);
      const known = this.requests.get(key);
      if (known === undefined) this.requests.set(key, [request]);
      else known.push(request);
    }
    if (this.sockets.length === 0) this.ended.openUnsafe();
  }

  pause(recordedNanos: number): Effect.Effect<void> {
    const { speed } = this.settings;
    return speed === "asap" || recordedNanos <= 0 ? Effect.yieldNow : sleepNanos(recordedNanos / speed);
  }

  /** `nowNanos`: the tape's time, since its start. */
  takeRequest(target: string, nowNanos: number): RecordedRequest | undefined {
    const key = questionOf(target);
    const known = this.requests.get(key);
    if (known === undefined) return undefined;
    if (this.settings.answers === "nearest") return nearest(known, nowNanos);
    const turn = this.answered.get(key) ?? 0;
    this.answered.set(key, turn + 1);
    return known[turn] ?? known.findLast(({ outcome }) => outcome?.isGivenUp === false);
  }

  takeSocket(target: string): RecordedSocket | undefined {
    const next = () => this.sockets.find((socket) => !this.taken.has(socket) && (socket.target === "" || socket.target === target));
    let socket = next();
    if (socket === undefined && this.settings.repeat) {
      this.taken = new Set();
      this.answered.clear();
      socket = next();
    }
    if (socket === undefined) return undefined;
    this.taken.add(socket);
    this.playing.add(socket);
    return socket;
  }

  socketEnded(socket: RecordedSocket): void {
    this.playing.delete(socket);
    if (this.taken.size === this.sockets.length && this.playing.size === 0) this.ended.openUnsafe();
  }
}

const nearest = (known: ReadonlyArray<RecordedRequest>, nowNanos: number): RecordedRequest | undefined => {
  const distance = ({ askedNanos }: RecordedRequest): number => Math.abs(askedNanos - nowNanos);
  let found = known[0];
  for (const request of known) if (found === undefined || distance(request) < distance(found)) found = request;
  return found;
};

/** A target with its parameters in one order and one spelling: what makes two requests the same question. */
const questionOf = (target: string): string => {
  const mark = target.indexOf("?");
  if (mark < 0) return target;
  const query = new URLSearchParams(target.slice(mark + 1));
  query.sort();
  return `${target.slice(0, mark)}?${query.toString()}`;
};

const notOnTape = (host: string, detail: string): NetworkError => new NetworkError({ phase: "connect", host, code: "NOT_ON_TAPE", detail });

const fromJson = Schema.decodeUnknownOption(Schema.toCodecJson(MarketDataError));

const restFailure = (recorded: RecordedError, host: string): RestFailure => {
  const error = Option.getOrUndefined(fromJson(recorded));
  switch (error?._tag) {
    case "NetworkError":
    case "TimeoutError":
    case "UpstreamError":
    case "DecodeError":
      return error;
    default:
      return notOnTape(host, `the recorded failure cannot be read: ${JSON.stringify(recorded).slice(0, 200)}`);
  }
};

const socketFailure = (recorded: RecordedError, host: string): SocketFailure => {
  const { body, headers, status } = recorded;
  if (recorded["_tag"] === "UpgradeRefused" && typeof status === "number") {
    const known =
      typeof headers === "object" && headers !== null ? Object.entries(headers).filter(([, value]) => typeof value === "string") : [];
    return new UpgradeRefused({ status, headers: Object.fromEntries(known), body: typeof body === "string" ? body : "" });
  }
  const error = restFailure(recorded, host);
  return error._tag === "NetworkError" || error._tag === "TimeoutError" ? error : notOnTape(host, error.message);
};
