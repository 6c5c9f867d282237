/**
 * What a frame costs while there are more and more markets and the feed stays as dense: from its bytes through the venue's decoder, the hub, the hot store and
 * the market's own track to a consumer of everything; beside `JSON.parse` and a `Map` of last values. Network and server are not in it.
 */
import { Market } from "@naru/router/domain/Market";
import { makeVenue } from "@naru/upbit/UpbitVenue";
import { profiles } from "@naru/upbit/profiles";
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import type { Case, Pace, Reading, Side } from "../Case.ts";
import { playFeed } from "../cases/fanoutFeed.ts";
import { FeedFrames } from "../cases/feedFrames.ts";
import { type Curve, figuresOf, readingOf } from "./Curve.ts";
import { median } from "./timed.ts";

export const curve: Curve = {
  name: "scale-markets",
  along: "markets, each with ticker, trades and a book",
  sizes: [1, 10, 100, 1_000],
  lines: [{ name: "frame", unit: "us CPU/frame", whole: "itself" }],
  limit:
    "The processor's caches: the last value, the track and the book of each market are a few kilobytes, and with a thousand markets every frame finds its own gone to main memory.",
};

const framesPerRead = 64;
const stretches = 5;

type Reads = ReadonlyArray<ReadonlyArray<Uint8Array>>;
type Feed = (reads: Reads) => Effect.Effect<void>;

/** Reads of a socket, each so many frames without their headers, every market's snapshots first. */
const readsOf = (codes: ReadonlyArray<string>): ((count: number) => Reads) => {
  const frames = FeedFrames.make(["ticker", "trade", "orderbook"], codes);
  const payload = (): Uint8Array => {
    const { bytes } = frames.take(1, 1);
    return bytes.subarray((bytes[1] ?? 0) === 126 ? 4 : 2);
  };
  return (count) => Array.from({ length: count }, () => Array.from({ length: framesPerRead }, payload));
};

const codesOf = (markets: number): ReadonlyArray<Market> => Array.from({ length: markets }, (_, i) => Market.make(`KRW-M${i}`));

const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)));

/** CPU microseconds of a frame: the median of some stretches, each made before it is timed, and all of whose frames are proved to have come. */
const frameMicros = Effect.fnUntraced(function* (codes: ReadonlyArray<string>, reads: number, feed: Feed, seen: () => number) {
  const next = readsOf(codes);
  const came = Effect.fnUntraced(function* (part: Reads) {
    const saw = seen();
    yield* feed(part);
    yield* Effect.repeat(turn, { times: 10 });
    return seen() - saw === part.length * framesPerRead;
  });
  // Until the socket is there, and two turns of all markets have come.
  const turns = Math.ceil((codes.length * 6) / framesPerRead);
  for (let tries = 0; !(yield* came(next(turns))); tries++) {
    if (tries > 300) return yield* Effect.die(new Error(`${codes.length} markets: not every frame comes`));
    yield* Effect.sleep("20 millis");
  }
  const taken: Array<number> = [];
  for (let stretch = -1; stretch < stretches; stretch++) {
    const part = next(reads);
    const before = process.cpuUsage();
    const isWhole = yield* came(part);
    const { user, system } = process.cpuUsage(before);
    if (!isWhole) return yield* Effect.die(new Error(`${codes.length} markets: not every frame came`));
    if (stretch >= 0) taken.push((user + system) / (reads * framesPerRead));
  }
  return median(taken);
});

const candidate = (markets: number, reads: number): Promise<number> => {
  const codes = codesOf(markets);
  const { socket } = makeVenue(profiles.upbit);
  return playFeed(
    ({ data, frames }) =>
      Effect.gen(function* () {
        let seen = 0;
        const count = <A>(stream: Stream.Stream<{ readonly _tag: string; readonly value?: A }, unknown>) =>
          Effect.forkScoped(
            Stream.runForEachArray(stream, (elements) =>
              Effect.sync(() => {
                for (const { _tag } of elements) if (_tag === "Live") seen++;
              }),
            ),
          );
        yield* count(data.streamTickerEvents(codes));
        yield* count(data.streamTradesEvents(codes));
        yield* count(data.streamOrderbookEvents(codes, { levels: 30 }));
        const feed: Feed = (parts) =>
          Effect.forEach(
            parts,
            (part) => {
              frames(part);
              return turn;
            },
            { discard: true },
          );
        return yield* frameMicros(codes, reads, feed, () => seen);
      }),
    { markets: codes, decode: socket.decode },
  );
};

const base = (markets: number, reads: number): Promise<number> => {
  const last = new Map<string, unknown>();
  let seen = 0;
  const callback = (value: unknown): void => void (seen += value === undefined ? 0 : 1);
  const feed: Feed = (parts) =>
    Effect.forEach(
      parts,
      (part) => {
        for (const bytes of part) {
          const value: { readonly type: string; readonly code: string } = JSON.parse(
            Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(),
          );
          last.set(`${value.type}:${value.code}`, value);
          callback(value);
        }
        return turn;
      },
      { discard: true },
    );
  return Effect.runPromise(frameMicros(codesOf(markets), reads, feed, () => seen));
};

const run = async (side: Side, pace: Pace): Promise<Reading> => {
  const reads = pace === "quick" ? 30 : 100;
  const measure = side === "base" ? base : candidate;
  // The first only has the code compiled.
  await measure(30, 2 * reads);
  const costs: Array<number> = [];
  for (const markets of curve.sizes) costs.push(await measure(markets, reads));
  return { figures: readingOf(curve, { frame: costs }), work: reads * framesPerRead };
};

export const subject: Case = {
  name: curve.name,
  about: "what a frame costs while there are more markets and as many frames",
  base: "JSON.parse and a Map of last values",
  candidate: "decoder, hub, hot store, tracks and three Effect streams of everything",
  figures: figuresOf(curve),
  rounds: 3,
  seconds: 12,
  isolation: "child",
  run,
};
