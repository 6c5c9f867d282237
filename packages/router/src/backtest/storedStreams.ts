/**
 * The streams of a back-test: trades and candles of the history store, given out by the player at their time. What a store does not keep, tickers and
 * order books, is refused at once: a ticker made up from trades would look like the exchange's and be none.
 */
import type * as Arr from "effect/Array";
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import type * as Fiber from "effect/Fiber";
import * as Stream from "effect/Stream";
import type { HistoryStoreShape } from "../cache/HistoryStore.ts";
import type { ElementOf, StreamElement } from "../domain/StreamElement.ts";
import type { Kind } from "../domain/Question.ts";
import { keyId, type StreamKey } from "../domain/StreamKey.ts";
import { InvalidRequest, type MarketDataError } from "../errors/MarketDataError.ts";
import { keysOf, over, type Streaming } from "../streaming.ts";
import type { BacktestClock } from "./BacktestClock.ts";
import type { Feed, Player } from "./Player.ts";
import { type StorableKey, StoredKey } from "./StoredKey.ts";

export interface Stage {
  readonly player: Player;
  readonly clock: BacktestClock;
  readonly store: HistoryStoreShape;
  /** The name under which the store keeps the exchange. */
  readonly venue: string;
  /** The end of the back-test, epoch milliseconds. */
  readonly toMs: number;
}

export const make = (stage: Stage): Streaming =>
  over(
    (kind, markets, options) =>
      Stream.unwrap(
        Effect.map(Effect.flatMap(Effect.fromResult(keysOf(kind, markets, options)), storable), (keys) =>
          eventsOf<typeof kind>(stage, keys),
        ),
      ),
    (kind, markets, shape) => Effect.asVoid(Effect.flatMap(Effect.fromResult(keysOf(kind, markets, shape)), storable)),
  );

/** Why a kind has no past to be played. */
export const notKept = (kind: Kind): InvalidRequest =>
  new InvalidRequest({ field: "kind", input: kind, reason: "is not kept: a back-test has trades and candles" });

const storable = (keys: ReadonlyArray<StreamKey>): Effect.Effect<ReadonlyArray<StorableKey>, InvalidRequest> =>
  Effect.forEach([...new Map(keys.map((key) => [keyId(key), key])).values()], (key) =>
    key.kind === "trades" || key.kind === "candles" ? Effect.succeed(key) : Effect.fail(notKept(key.kind)),
  );

/** Trades come before the candles that end at the same moment: they are in them. */
const rankOf = (key: StorableKey): number => (key.kind === "trades" ? 0 : 1);

const eventsOf = <K extends Kind>(
  stage: Stage,
  keys: ReadonlyArray<StorableKey>,
): Stream.Stream<StreamElement<ElementOf[K]>, MarketDataError> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const { player, clock, store, venue, toMs } = stage;
      const feed = yield* Effect.acquireRelease(
        Effect.sync(() => player.open()),
        (opened) => Effect.sync(() => opened.close()),
      );
      const range = { fromMs: clock.currentTimeMillisUnsafe(), toMs };
      const read = whileStill(player);
      const sources = yield* read(Effect.forEach(keys, (key) => StoredKey.open(store, venue, key, range)));
      // Keys of one kind bring values of that kind only.
      const take = nextOf(stage, feed, sources, rankOf(keys[0] ?? noKey), read) as Effect.Effect<
        Arr.NonEmptyReadonlyArray<StreamElement<ElementOf[K]>>,
        MarketDataError | Cause.Done
      >;
      return Stream.fromPull(Effect.succeed(take));
    }),
  );

const noKey: StorableKey = { kind: "trades", market: "" as StorableKey["market"] };

type Still = <A, E>(reading: Effect.Effect<A, E>) => Effect.Effect<A, E>;

/** While the store is read, time stands still. */
export const whileStill =
  (player: Player): Still =>
  (reading) =>
    Effect.acquireUseRelease(
      Effect.sync(() => player.beginReading()),
      () => reading,
      () => Effect.sync(() => player.endReading()),
    );

/** The next element of all keys, when its time has come; the end at the end. */
const nextOf = ({ clock, toMs }: Stage, feed: Feed, sources: ReadonlyArray<StoredKey>, rank: number, read: Still) =>
  Effect.withFiber((fiber: Fiber.Fiber<unknown, unknown>) =>
    Effect.suspend(() => {
      const isShort = sources.some((source) => source.peek() === undefined && !source.isRead);
      const filled = isShort ? read(Effect.forEach(sources, (source) => source.fill, { discard: true })) : Effect.void;
      return Effect.andThen(
        filled,
        Effect.callback<Arr.NonEmptyReadonlyArray<unknown>, Cause.Done>((resume) => {
          const source = earliest(sources);
          const due = source?.peek();
          const give = () => {
            if (source === undefined || due === undefined) return resume(Cause.done());
            source.take();
            const { element } = due;
            // Who is late sees it when it comes.
            resume(Effect.succeed([element._tag === "Live" ? { ...element, receivedTimeMs: clock.currentTimeMillisUnsafe() } : element]));
          };
          feed.wait({ atMs: due?.atMs ?? toMs, rank, give }, fiber);
          return Effect.sync(() => feed.leave());
        }),
      );
    }),
  );

const earliest = (sources: ReadonlyArray<StoredKey>): StoredKey | undefined => {
  let found: StoredKey | undefined;
  for (const source of sources) {
    const due = source.peek();
    if (due !== undefined && due.atMs < (found?.peek()?.atMs ?? Infinity)) found = source;
  }
  return found;
};
