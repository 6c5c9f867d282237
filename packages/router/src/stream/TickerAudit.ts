/**
 * Looks whether tickers that have fallen silent on a living link still say what the exchange says. A market that trades once in minutes shows no
 * rhythm, so a feed that dies behind a link that answers pings would be believed for as long; one list over REST tells of a hundred of them.
 *
 * A ticker whose market has moved on is not live any more from that moment: its consumers are given what REST said, and the watch over the feed
 * begins to ask (`transport/FeedWatch.ts`). One request of the lowest priority each time; one that does not get its turn is left out.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { keyId } from "../domain/StreamKey.ts";
import type { Ticker } from "../domain/Ticker.ts";
import { RouterConfig } from "../RouterConfig.ts";
import { receiptOf } from "../transport/Receipt.ts";
import { Rest } from "../transport/RestCall.ts";
import { monotonicMs } from "../transport/Session.ts";
import { Venue } from "../transport/Venue.ts";
import type { FrameHub } from "./FrameHub.ts";
import type { Track } from "./Track.ts";

export interface TickerAudit {
  /** Works for ever. */
  readonly run: (hub: FrameHub) => Effect.Effect<never>;
}

/** Markets asked about at once, at most. Halved when a list is refused, because of one market in it; doubled again when one is answered. */
const mostMarkets = 100;
/** REST and the socket may be so far apart at one moment, in milliseconds. */
const marginMs = 2_000;

export const makeTickerAudit: Effect.Effect<TickerAudit, never, Rest | Venue> = Effect.gen(function* () {
  const rest = yield* Rest;
  const venue = yield* Venue;
  const clock = yield* Clock.Clock;
  const { deadlineMs, keySilenceFloorMs, tickerAuditEveryMs } = yield* RouterConfig;
  let size = mostMarkets;
  let previous = "";

  const audit = Effect.fnUntraced(function* (hub: FrameHub) {
    const silent = silentTickers(hub, monotonicMs(clock) - keySilenceFloorMs);
    const asked = around(silent, previous).slice(0, size);
    if (asked.length === 0) return;
    const call = venue.tickers(asked.map(({ key }) => key.market))[0];
    previous = asked.at(-1)?.id ?? previous;
    if (call === undefined) return;
    const deadlineNanos = clock.monotonicTimeNanosUnsafe() + BigInt(Math.round(deadlineMs * 1e6));
    const { rows, receivedNanos, receivedMs } = yield* rest
      .run(call, { priority: "low", deadlineNanos, attempts: 1, expects: () => true })
      .pipe(Effect.tapErrorTag("MarketUnknown", () => Effect.sync(() => (size = Math.max(1, size >> 1)))));
    size = Math.min(mostMarkets, size * 2);
    for (const row of rows) {
      const track = hub.tracks.get(keyId({ kind: "ticker", market: row.market }));
      if (track !== undefined && hasMoved(track, row)) hub.outdated(track, row, receiptOf(receivedNanos, receivedMs));
    }
  });

  return {
    run: (hub) =>
      tickerAuditEveryMs > 0
        ? audit(hub).pipe(
            // The next audit makes up for it. Our own interruption passes this by.
            Effect.catchCause((cause) => Effect.logDebug("An audit of tickers could not be read", cause)),
            Effect.delay(tickerAuditEveryMs),
            Effect.forever,
          )
        : Effect.never,
  };
});

/** Live tickers that were heard last before `sinceMs`, by name. */
const silentTickers = (hub: FrameHub, sinceMs: number): ReadonlyArray<Track> =>
  [...hub.tracks.all()]
    .filter((track) => {
      if (track.key.kind !== "ticker" || !track.isLive(track.key)) return false;
      return [...track.carriers.values()].every(({ heardNanos }) => Number(heardNanos) / 1e6 < sinceMs);
    })
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));

/** Those after the previous one by name, then the others: all have their turn, whoever comes and goes. */
const around = (tracks: ReadonlyArray<Track>, previous: string): ReadonlyArray<Track> => {
  const from = tracks.findIndex(({ id }) => id > previous);
  return from === -1 ? tracks : [...tracks.slice(from), ...tracks.slice(0, from)];
};

/** The market has traded since the socket last told of it. */
const hasMoved = ({ told }: Track, row: Ticker): boolean =>
  told !== undefined && "price" in told && "change" in told && row.tradeTimeMs > told.tradeTimeMs + marginMs;
