/**
 * Examines the exchange's socket on a connection of its own, step by step, with the transport and the dialect that the live side uses and behind
 * the same connect limit: connect, ping, subscribe, ask for the exchange's own list, listen. Never fails: what goes wrong is what it finds.
 */
import type { StreamKey } from "@naru/router/domain/StreamKey";
import { type MarketDataError, type NetworkError, TimeoutError } from "@naru/router/errors/MarketDataError";
import { RateLimiter } from "@naru/router/limits/RateLimiter";
import { RouterConfig } from "@naru/router/RouterConfig";
import { type Socket, type SocketHandlers, Transport } from "@naru/router/transport/Transport";
import { Venue } from "@naru/router/transport/Venue";
import * as Clock from "effect/Clock";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Option from "effect/Option";
import * as Random from "effect/Random";
import * as Result from "effect/Result";
import type * as Scope from "effect/Scope";
import { compareLists, type Findings, type ListFinding, patienceMs } from "./Findings.ts";
import { Listener } from "./Listener.ts";

export const examine = Effect.fn("examine")(function* (keys: ReadonlyArray<StreamKey>, listenMs: number) {
  const venue = yield* Venue;
  const listener = new Listener(yield* Clock.Clock, venue.socket.decode, keys);
  const startedMs = listener.nowMs();
  const socket = yield* Effect.result(open(listener.handlers));
  const url = venue.socket.url;
  if (Result.isFailure(socket)) return { ...nothing(listener), url, lastError: socket.failure };
  const connectedAfterMs = listener.nowMs() - startedMs;
  const pingedMs = listener.nowMs();
  const pong = yield* step(listener, socket.success.ping, listener.pong);
  const pongAfterMs = Option.isSome(pong) ? listener.nowMs() - pingedMs : null;
  const subscribedMs = listener.nowMs();
  const list = yield* subscribe(listener, socket.success, keys);
  // The answers were waited for; listening goes on until the whole time is over, or the link.
  yield* Effect.timeoutOption(Deferred.await(listener.end), Math.max(0, subscribedMs + listenMs - listener.nowMs()));
  return { ...nothing(listener), url, connectedAfterMs, pongAfterMs, list, listenedMs: listener.nowMs() - subscribedMs } satisfies Findings;
}, Effect.scoped);

/** What is known without a socket. */
const nothing = (listener: Listener): Omit<Findings, "url"> => ({
  connectedAfterMs: null,
  pongAfterMs: null,
  list: { _tag: "NotAsked" },
  keys: [...listener.keys.values()].map((key) => key.toMetrics(listener.nowMs())),
  listenedMs: 0,
  undecodable: listener.undecodable,
  ended: listener.ended,
  lastError: listener.lastError,
});

const subscribe = Effect.fnUntraced(function* (listener: Listener, socket: Socket, keys: ReadonlyArray<StreamKey>) {
  const dialect = (yield* Venue).socket;
  const ticket = `naru-${(yield* Random.nextIntBetween(0, 0x7fffffff)).toString(36)}`;
  const request = dialect.subscribe(keys, ticket, dialect.format);
  const question = Effect.andThen(socket.send(request), socket.send(dialect.listSubscriptions(ticket, dialect.format)));
  const told = yield* step(listener, question, listener.told);
  const list: ListFinding = Option.match(told, {
    onNone: () => ({ _tag: "Unanswered" }),
    onSome: (listed) => compareLists(keys, listed),
  });
  return list;
});

/** Says something and waits for the answer: none when it does not come in time, or the link ends, or takes no bytes. */
const step = <A>(
  listener: Listener,
  say: Effect.Effect<void, NetworkError>,
  answer: Deferred.Deferred<A>,
): Effect.Effect<Option.Option<A>> =>
  say.pipe(
    Effect.andThen(Deferred.await(answer)),
    Effect.map(Option.some),
    Effect.raceFirst(Effect.as(Deferred.await(listener.end), Option.none<A>())),
    Effect.timeoutOption(patienceMs),
    Effect.map(Option.flatten),
    Effect.catch((error: NetworkError) =>
      Effect.sync(() => {
        listener.lastError = error;
        listener.finish(error.message);
        return Option.none<A>();
      }),
    ),
  );

const open = Effect.fnUntraced(function* (
  handlers: SocketHandlers,
): Effect.fn.Return<Socket, MarketDataError, Transport | Venue | RateLimiter | Scope.Scope> {
  const transport = yield* Transport;
  const venue = yield* Venue;
  const limiter = yield* RateLimiter;
  const { upgradeTimeoutMs } = yield* RouterConfig;
  const grant = yield* limiter.acquireConnect({ priority: "high", maxWaitMs: upgradeTimeoutMs });
  return yield* transport.socket(venue.socket.url, handlers).pipe(
    Effect.catchTag("UpgradeRefused", ({ status, headers, body }) => Effect.fail(venue.upgradeFailure(status, headers, body))),
    Effect.timeoutOrElse({
      duration: upgradeTimeoutMs,
      orElse: () => Effect.fail(new TimeoutError({ phase: "upgrade", timeoutMs: upgradeTimeoutMs, detail: venue.host })),
    }),
    Effect.onExit((exit) => limiter.ended(grant, Exit.isSuccess(exit))),
  );
});
