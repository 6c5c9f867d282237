/**
 * The past played again: `MarketData` over what the history store keeps, from one moment to another, at the speed of the program that watches. A program
 * that runs on the live layer runs on this one unchanged: the same streams, the same questions, and a clock that shows the time of the play.
 *
 * What there is: streams of trades, of closed candles and of bars, and questions about the first two, as they were known at the moment. What there is not, because nobody
 * kept it: tickers, order books and candles that are still forming. They are refused with `InvalidRequest`, and so nothing is ever made up.
 */
import * as Clock from "effect/Clock";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Scheduler from "effect/Scheduler";
import * as Stream from "effect/Stream";
import { type Moment, moment } from "../ask.ts";
import { HistoryStore } from "../cache/HistoryStore.ts";
import * as callbacks from "../callbacks.ts";
import { counted } from "../counted.ts";
import { ConfigError, InvalidRequest, type StorageError } from "../errors/MarketDataError.ts";
import * as guard from "../guard.ts";
import { Health } from "../health/HealthLedger.ts";
import { LiveLedger } from "../health/LiveLedger.ts";
import { metricsText } from "../health/metricsText.ts";
import { MarketData } from "../MarketData.ts";
import { questionsTo, streamsOf } from "../named.ts";
import { reportWithoutRouter } from "../reportHealth.ts";
import * as rolling24h from "../rolling24h.ts";
import { RouterConfig } from "../RouterConfig.ts";
import { Venue } from "../transport/Venue.ts";
import { Workers } from "../transport/Workers.ts";
import { BacktestClock } from "./BacktestClock.ts";
import { IdleScheduler } from "./IdleScheduler.ts";
import { Player } from "./Player.ts";
import * as storedAnswers from "./storedAnswers.ts";
import * as storedHistory from "./storedHistory.ts";
import * as storedStreams from "./storedStreams.ts";

export interface BacktestOptions {
  /** Where it begins. */
  readonly from: Moment;
  /** Where its streams end, exclusive. Whoever sleeps may sleep beyond. */
  readonly to: Moment;
}

/** How long a play that stands still is watched before a warning, by the clock of whoever runs it. */
const stillFor = Duration.seconds(5);

/**
 * Needs the venue whose history it is, and a `HistoryStore` that keeps something of it: a `ConfigError` says where it does not, an `InvalidRequest` where
 * the range is none. One layer is one play: build it anew for the next.
 */
export const layer = (options: BacktestOptions): Layer.Layer<MarketData, InvalidRequest | ConfigError | StorageError, Venue> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const fromMs = yield* Effect.fromResult(moment("from", options.from));
      const toMs = yield* Effect.fromResult(moment("to", options.to));
      if (toMs <= fromMs) {
        const reason = "is not after the beginning of the back-test";
        return yield* new InvalidRequest({ field: "to", input: new Date(toMs).toISOString(), reason });
      }
      const scheduler = new IdleScheduler(yield* Scheduler.Scheduler, () => player.step());
      const clock = new BacktestClock(fromMs, () => scheduler.look());
      const player = new Player(clock, () => scheduler.look());
      const outside = yield* Clock.Clock;
      const time = Layer.merge(Layer.succeed(Clock.Clock, clock), Layer.succeed(Scheduler.Scheduler, scheduler));
      return Layer.effect(MarketData, make({ player, clock, toMs }, outside)).pipe(
        Layer.provide(Layer.merge(Health.layer, LiveLedger.layer)),
        Layer.provideMerge(time),
      );
    }),
  );

type Play = Pick<storedStreams.Stage, "player" | "clock" | "toMs">;

const make = Effect.fnUntraced(function* (play: Play, outside: Clock.Clock) {
  const venue = yield* Venue;
  const config = yield* RouterConfig;
  const ledger = yield* Health;
  const live = yield* LiveLedger;
  const { clock } = play;
  const store = yield* HistoryStore;
  const kept = [...(yield* store.series), ...(yield* store.tradeSeries)];
  if (!kept.some((series) => series.venue === venue.id)) {
    const reason = "keeps nothing of this exchange: read it first, for instance with `naru history sync`";
    return yield* new ConfigError({ setting: "history", input: venue.id, reason });
  }
  const stage: storedStreams.Stage = { ...play, store, venue: venue.id };
  const asker = counted(storedAnswers.make(stage, venue), ledger, clock);
  const streams = storedStreams.make(stage);
  const rolling = rolling24h.make(asker, config, clock);
  yield* Effect.forkScoped(warnOfStandstill(play.player, outside));
  return MarketData.of({
    ...questionsTo(asker, rolling, config, clock),
    getMarkets: () =>
      Effect.fail(new InvalidRequest({ field: "markets", input: "", reason: "are not kept: a back-test has trades and candles" })),
    ...streamsOf(streams, rolling, storedHistory.make(stage, asker, config)),
    subscribe: yield* callbacks.make(streams),
    guard: guard.make({ asker, config, clock, mode: () => "normal", told: ledger.guarded }),
    explain: ({ kind }) =>
      Effect.fail(new InvalidRequest({ field: "kind", input: kind, reason: "is not routed: a back-test asks the store" })),
    health: yield* reportWithoutRouter({ venue, clock, limiter: noLimits, ledger, live, workers: yield* Workers }, () => "normal"),
    liveMetrics: Effect.sync(() => live.toMetrics(Number(clock.monotonicTimeNanosUnsafe()) / 1e6)),
    modeChanges: Stream.never,
    alerts: Stream.never,
    metrics: metricsText,
  });
});

/** The exchange is not asked. */
const noLimits = { snapshot: () => [], blockedMs: () => 0 };

/** A consumer that never comes back stops the play; whoever waits for its end should know why. */
const warnOfStandstill = (player: Player, outside: Clock.Clock) =>
  Effect.gen(function* () {
    for (let seen = -1; ;) {
      if (player.busy > 0 && player.steps === seen) {
        return yield* Effect.logWarning(
          `The back-test waits for ${player.busy} of its streams to be read on: what took their last element is still at work outside of it, or holds ` +
            "elements back behind a merge or a buffer while it sleeps. Read every stream in a fiber of its own.",
        );
      }
      seen = player.steps;
      yield* outside.sleep(stillFor);
    }
  });
