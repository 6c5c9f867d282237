/**
 * The venue's list of markets, read once and refreshed behind the callers' backs when it is older than `marketListTtlMs`. It is what tells a
 * misspelt market from a quiet one: over the socket both are silence. A list that cannot be read makes nobody wait and refuses nobody.
 *
 * A market that the exchange itself called unknown is refused as well, for `unknownMarketMs`, or until a list read later holds it.
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { type Market, type MarketInfo, nearestMarkets } from "../domain/Market.ts";
import { DecodeError, type MarketDataError, MarketUnknown } from "../errors/MarketDataError.ts";
import { RouterConfig } from "../RouterConfig.ts";
import { Rest } from "../transport/RestCall.ts";
import { Venue } from "../transport/Venue.ts";
import { Refusals } from "./Refusals.ts";
import { SingleFlight } from "./SingleFlight.ts";

/** After a reading that failed, calls ask for the next one no sooner than this, in milliseconds. */
const retryAfterMs = 5_000;

type Known = ReadonlyMap<Market, MarketInfo>;

export class MarketList extends Context.Service<
  MarketList,
  {
    /** The list, read now if it never was or is too old. */
    readonly get: Effect.Effect<Known, MarketDataError>;
    /** The list as last read, however old; undefined before the first reading. */
    readonly known: () => Known | undefined;
    /**
     * Fails with `MarketUnknown` and its neighbours when the list is known and does not hold the market, or the exchange has just called it unknown.
     * Never asks the network.
     */
    readonly check: (market: Market) => Effect.Effect<void, MarketUnknown>;
    /** The list is young and holds the market: {@link check} and {@link refresh} have nothing to do. Synchronous. */
    readonly isSettled: (market: Market) => boolean;
    /** The exchange called this market unknown. Synchronous. */
    readonly refused: (market: Market) => void;
    /** Reads the list behind the caller's back if it is missing or too old. Never waits, never fails. */
    readonly refresh: Effect.Effect<void>;
    /** `MarketUnknown` with the nearest known markets, reading the list for them if need be. */
    readonly unknown: (market: string) => Effect.Effect<MarketUnknown>;
    /** The markets with tick sizes and levels. */
    readonly withInstruments: Effect.Effect<ReadonlyArray<MarketInfo>, MarketDataError>;
  }
>()("@naru/router/cache/MarketList") {
  static readonly layer: Layer.Layer<MarketList, never, Rest | Venue> = Layer.effect(
    MarketList,
    Effect.suspend(() => make),
  );
}

const make = Effect.gen(function* () {
  const venue = yield* Venue;
  const rest = yield* Rest;
  const config = yield* RouterConfig;
  const clock = yield* Clock.Clock;
  const scope = yield* Effect.scope;
  const flights = new SingleFlight<Known, MarketDataError>(scope);
  let list: Known | undefined;
  let readNanos = 0n;
  let triedNanos: bigint | undefined;
  /** A list with unreadable records does not know which markets they were. */
  let whole = true;

  const refusals = new Refusals(config.unknownMarketMs);
  /** The exchange called it unknown, and no list read since says otherwise. */
  const isRefused = (market: Market): boolean =>
    refusals.has(market, clock.monotonicTimeNanosUnsafe(), list?.has(market) === true ? readNanos : undefined);

  const deadline = () => clock.monotonicTimeNanosUnsafe() + BigInt(Math.round(config.deadlineMs * 1e6));
  const isYoung = () => list !== undefined && Number(clock.monotonicTimeNanosUnsafe() - readNanos) / 1e6 < config.marketListTtlMs;

  const triedLately = () => triedNanos !== undefined && Number(clock.monotonicTimeNanosUnsafe() - triedNanos) / 1e6 < retryAfterMs;

  const read = Effect.gen(function* () {
    triedNanos = clock.monotonicTimeNanosUnsafe();
    const result = yield* rest.run(venue.markets(), { priority: "high", deadlineNanos: deadline() });
    if (result.rows.length === 0) return yield* new DecodeError({ stage: "answer", path: "", detail: "the list of markets is empty" });
    const markets: Known = new Map(result.rows.map((info) => [info.market, info]));
    list = markets;
    whole = result.rejected.length === 0;
    readNanos = result.receivedNanos;
    return markets;
  });

  const get = Effect.suspend(() => (isYoung() && list !== undefined ? Effect.succeed(list) : flights.run("markets", read)));

  const instruments = Effect.fn("MarketList.instruments")(function* (markets: ReadonlyArray<Market>) {
    const found = new Map<Market, Pick<MarketInfo, "tickSize" | "supportedLevels">>();
    for (const call of venue.instruments(markets)) {
      const result = yield* rest.run(call, { priority: "normal", deadlineNanos: deadline() });
      for (const row of result.rows) found.set(row.market, row);
    }
    return found;
  });

  return MarketList.of({
    get,
    known: () => list,
    check: (market) =>
      Effect.suspend(() => {
        if (!isRefused(market) && (list === undefined || !whole || list.has(market))) return Effect.void;
        return Effect.fail(new MarketUnknown({ market, venue: venue.id, near: nearestMarkets(market, list?.keys() ?? []) }));
      }),
    isSettled: (market) => isYoung() && list?.has(market) === true && !isRefused(market),
    refused: (market) => refusals.add(market, clock.monotonicTimeNanosUnsafe()),
    refresh: Effect.suspend(() =>
      isYoung() || triedLately() || flights.size > 0 ? Effect.void : Effect.asVoid(Effect.forkIn(Effect.ignore(get), scope)),
    ),
    unknown: (market) =>
      Effect.map(
        Effect.orElseSucceed(get, () => list ?? new Map<Market, MarketInfo>()),
        (markets) => new MarketUnknown({ market, venue: venue.id, near: nearestMarkets(market, markets.keys()) }),
      ),
    withInstruments: Effect.gen(function* () {
      const markets = yield* get;
      const found = yield* instruments([...markets.keys()]);
      return [...markets.values()].map((info) => ({ ...info, ...found.get(info.market) }));
    }),
  });
});
