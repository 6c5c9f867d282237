/** The long form of the strangers' proof: every public stream of ccxt over one emulated exchange in real time, then the judgement of all of it. */
import { Exchange, layerLoopbackServer, LoopbackServer } from "@naru/sim";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Schedule from "effect/Schedule";
import { makeCcxtClient } from "./ccxtClient.ts";
import { CcxtStreams } from "./ccxtStreams.ts";
import { type Judgement, judgeStreams } from "./judgeStreams.ts";

/** Enough entries for every frame of ten minutes and more: nothing that was sent may be forgotten before it is compared. */
export const ledgerCapacity = 200_000;

const progressEvery = Duration.seconds(30);

/** Runs the streams for `duration`; says how it goes; true when nothing differed. */
export const strangers = (duration: Duration.Input, say: (line: string) => void): Effect.Effect<boolean> =>
  Effect.gen(function* () {
    const exchange = yield* Exchange;
    const client = yield* makeCcxtClient(yield* LoopbackServer);
    const streams = new CcxtStreams(client, () => undefined);
    yield* Effect.promise(() => streams.start());
    say(`All streams of ccxt speak. ${Duration.format(Duration.fromInputUnsafe(duration))} to go.`);
    const progress = Effect.sync(() => say(progressLine(streams))).pipe(Effect.delay(progressEvery), Effect.repeat(Schedule.forever));
    yield* Effect.raceFirst(Effect.sleep(duration), progress);
    streams.stop();
    const judgement = judgeStreams(exchange, streams.watched);
    const failures = streams.failures.map((error) => `a call failed: ${String(error)}`);
    for (const line of describeJudgement(judgement)) say(line);
    for (const line of failures) say(line);
    return judgement.problems.length + failures.length === 0;
  }).pipe(Effect.scoped, Effect.provide(layerLoopbackServer().pipe(Layer.provideMerge(Exchange.layer({ seed: 602, ledgerCapacity })))));

/** Most problems have one cause. */
const maxProblemsSaid = 20;

export const describeJudgement = ({ counts, repeatedTrades, problems }: Judgement): ReadonlyArray<string> => [
  ...counts.map(
    ({ name, sent, handedOut, skipped }) =>
      `${name.padEnd(20)} ${String(sent).padStart(6)} sent ${String(handedOut).padStart(6)} handed out ${String(skipped).padStart(5)} skipped by ccxt`,
  ),
  `${repeatedTrades} trades were handed out again, each with a new stream.`,
  ...problems.slice(0, maxProblemsSaid),
  problems.length === 0 ? "Everything handed out is what the exchange sent and what its trades make." : `${problems.length} problems.`,
];

const progressLine = ({ watched: { tickers, trades, books, candles } }: CcxtStreams): string =>
  `${tickers.length} tickers, ${trades.length} trades, ${books.length} books, ${[...candles.values()].flat().length} candles`;
