/**
 * `naru replay`: a tape as an exchange on loopback, for clients in any language; or, with `--print`, its elements as `naru stream` prints them,
 * through the whole router on the tape's own time.
 */
import { InvalidRequest, type MarketDataError, type StorageError } from "@naru/router/errors/MarketDataError";
import { MarketData } from "@naru/router/MarketData";
import { openRecording } from "@naru/sim/tape/foreignRecording";
import { askAgain } from "@naru/sim/tape/askAgain";
import { recordedSubjects } from "@naru/sim/tape/FrameFilter";
import { makeReplay } from "@naru/sim/tape/Replay";
import { isFlight, layerRouterOver, replayOf } from "@naru/sim/tape/RouterReplay";
import { openTape, type Tape } from "@naru/sim/tape/Tape";
import type { TapeError } from "@naru/router/tape/TapeEvent";
import { makeTransportServer } from "@naru/sim/tape/TransportServer";
import * as Console from "effect/Console";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import type * as Scope from "effect/Scope";
import * as Stream from "effect/Stream";
import type { CommandFailed } from "../CommandFailed.ts";
import { reporting } from "../failure.ts";
import { usualPort } from "../portFlag.ts";
import type { ReplayInput } from "../tapeFlags.ts";
import * as output from "../output.ts";
import { elementLine, elementToJson, type KindedElement } from "../render/elements.ts";
import { grouped } from "../render/numbers.ts";
import { printable } from "../render/style.ts";
import type { Printing } from "../settings.ts";
import { reportingTape } from "../tapes.ts";
import { portError } from "./serve.ts";

export const replay = (flags: Printing, input: ReplayInput): Effect.Effect<void, CommandFailed> =>
  reporting(
    flags,
    reportingTape(
      flags,
      Effect.scoped(
        Effect.gen(function* () {
          if (input.print && Option.isSome(input.port))
            return yield* new InvalidRequest({
              field: "--port",
              input: String(input.port.value),
              reason: "is for serving, without --print",
            });
          const tape = yield* openAny(input.file);
          yield* Effect.forEach(described(tape), (line) => Console.error(line), { discard: true });
          return yield* input.print ? printed(flags, input, tape) : served(flags, input, tape);
        }),
      ),
    ),
  );

/** A tape, or what somebody else recorded. */
const openAny = (file: string): Effect.Effect<Tape, TapeError | StorageError, Scope.Scope> =>
  Effect.catchTag(openTape(file), "TapeError", (error) =>
    error.reason === "not_a_tape" && /\.(?:jsonl?|ndjson)$/i.test(file) ? openRecording(file) : Effect.fail(error),
  );

const described = (tape: Tape): ReadonlyArray<string> => {
  const { damagedBytes, droppedEvents, malformedLines, tornBytes } = tape.damage;
  const { header } = tape.parts[0] ?? {};
  const lost = [
    ...(tornBytes > 0 ? [`${grouped(tornBytes)} bytes cut off at the end`] : []),
    ...(damagedBytes > 0 ? [`${grouped(damagedBytes)} bytes that cannot be read`] : []),
    ...(malformedLines > 0 ? [`${grouped(malformedLines)} lines that are no events`] : []),
    ...(droppedEvents > 0 ? [`${grouped(droppedEvents)} events that the recorder could not keep`] : []),
  ];
  return [
    printable(
      `${tape.path}: ${header?.venue ?? "unknown venue"}${header?.simulated === true ? " (made-up prices)" : ""}, recorded ${new Date(tape.startedWall).toISOString()}, ${(tape.durationMs / 1_000).toFixed(1)} s, ${grouped(tape.counts.get("frame") ?? 0)} frames of ${tape.sockets.length} sockets, ${tape.requests.length} requests`,
    ),
    ...(lost.length > 0 ? [`missing: ${lost.join(", ")}`] : []),
  ];
};

const served = (flags: Printing, { filter, port, speed }: ReplayInput, tape: Tape): Effect.Effect<never, MarketDataError, Scope.Scope> =>
  Effect.gen(function* () {
    const { transport } = makeReplay(tape, { speed, filter, repeat: true, atEnd: "close" });
    const wanted = Option.getOrElse(port, () => usualPort);
    const { url, socketUrl, ...at } = yield* Effect.mapError(makeTransportServer(transport, { port: wanted }), ({ code }) =>
      portError("port", wanted, code),
    );
    const { requests, sockets } = tape;
    yield* flags.json
      ? output.json({ kind: "replay", url, socketUrl, ...at, file: tape.path, speed, sockets: sockets.length, requests: requests.length })
      : output.lines([
          `replaying at ${url} and ${socketUrl} — these prices are of the past; Ctrl-C ends it`,
          ...[...new Set(requests.map(({ target }) => target))].slice(0, 2).map((target) => printable(`  curl '${url}${target}'`)),
          `  npx --yes pnpm@12 --silent naru --venue ${url} stream ticker KRW-BTC`,
        ]);
    return yield* Effect.never;
  });

/** A flight recording is over when its time is; any other tape when its sockets are. */
const lasting = (tape: Tape, speed: ReplayInput["speed"]): Effect.Effect<void> =>
  isFlight(tape) && speed !== "asap" ? Effect.sleep(tape.durationMs / speed) : Effect.never;

/** What has been read when the tape is over gets printed. */
const lastWords = "100 millis";

const printed = (flags: Printing, { speed }: ReplayInput, tape: Tape): Effect.Effect<void, MarketDataError> =>
  Effect.gen(function* () {
    // A socket that fell silent for good would hide the ones recorded after it.
    const played = replayOf(tape, { speed, atEnd: "close" });
    const over = Effect.andThen(Effect.raceFirst(played.ended, lasting(tape, speed)), Effect.sleep(lastWords));
    yield* Effect.provide(
      Effect.gen(function* () {
        const data = yield* MarketData;
        const origin = yield* data.health;
        const style = yield* output.style;
        const changes = Stream.runForEach(data.modeChanges, ({ from, reason, to }) =>
          Console.error(printable(`mode: ${from} → ${to} (${reason})`)),
        );
        yield* Effect.forkScoped(changes);
        yield* Effect.forkScoped(askAgain(tape, speed));
        const elements = Stream.mergeAll(streamsOf(data, tape), { concurrency: "unbounded" });
        const printing = Stream.runForEachArray(elements, (arrived) =>
          flags.json
            ? Effect.forEach(arrived, (element) => output.json(elementToJson(element, origin)), { discard: true })
            : output.lines(arrived.map((element) => elementLine(element, origin, style))),
        );
        yield* Effect.raceFirst(printing, over);
      }).pipe(Effect.scoped),
      layerRouterOver(tape, played, { speed }),
    );
  });

/** One stream for each type that was recorded, over all its markets. */
const streamsOf = (data: MarketData["Service"], tape: Tape): ReadonlyArray<Stream.Stream<KindedElement, MarketDataError>> => {
  const byType = new Map<string, Array<string>>();
  for (const { code, type } of recordedSubjects(tape)) {
    const known = byType.get(type);
    if (known === undefined) byType.set(type, [code]);
    else known.push(code);
  }
  return [...byType].flatMap(([type, codes]): ReadonlyArray<Stream.Stream<KindedElement, MarketDataError>> => {
    const markets = [...new Set(codes.map((code) => code.replace(/\.\d+$/, "")))];
    if (type === "ticker") return [Stream.map(data.streamTickerEvents(markets), (element) => ({ kind: "ticker", element }))];
    if (type === "trade") return [Stream.map(data.streamTradesEvents(markets), (element) => ({ kind: "trades", element }))];
    if (type === "orderbook") return [Stream.map(data.streamOrderbookEvents(markets), (element) => ({ kind: "orderbook", element }))];
    const interval = /^candle\.(.+)$/.exec(type)?.[1];
    return interval === undefined
      ? []
      : [Stream.map(data.streamCandlesEvents(markets, interval), (element) => ({ kind: "candles", element }))];
  });
};
