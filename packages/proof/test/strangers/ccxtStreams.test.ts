/** Every public stream of ccxt at once over one emulated exchange, until each has spoken often enough and ccxt, which pings
 * every half minute, has kept the connection alive once. */
import { assert, describe, it } from "@effect/vitest";
import { Exchange, layerLoopbackServer, LoopbackServer } from "@naru/sim";
import { Effect, Layer } from "effect";
import { makeCcxtClient } from "../../src/strangers/ccxtClient.ts";
import { CcxtStreams } from "../../src/strangers/ccxtStreams.ts";
import { describeJudgement, ledgerCapacity } from "../../src/strangers/fullRun.ts";
import { judgeStreams } from "../../src/strangers/judgeStreams.ts";

const server = layerLoopbackServer().pipe(Layer.provideMerge(Exchange.layer({ seed: 603, ledgerCapacity })));

/** The exchange's markets trade some 20 times a minute, in real time. */
const enough = ({ watched: { tickers, trades, books, candles } }: CcxtStreams): boolean =>
  tickers.length >= 24 && trades.length >= 24 && books.length >= 300 && [...candles.values()].every((rows) => rows.length >= 4);

describe("ccxt's streams", () => {
  it.live(
    "hand out what the exchange sent, in order, with the numbers its trades make, and every trade",
    () =>
      Effect.gen(function* () {
        const exchange = yield* Exchange;
        const client = yield* makeCcxtClient(yield* LoopbackServer);
        const streams = yield* Effect.callback<CcxtStreams>((resume) => {
          const isKeptAlive = () => exchange.ledger.frames({ direction: "in", kind: "ping" }).length >= 1;
          const made: CcxtStreams = new CcxtStreams(client, () => {
            if (made.failures.length > 0 || (enough(made) && isKeptAlive())) resume(Effect.succeed(made));
          });
          void made.start();
        });
        streams.stop();
        assert.deepStrictEqual(streams.failures, []);
        const judgement = judgeStreams(exchange, streams.watched);
        assert.deepStrictEqual(judgement.problems, [], describeJudgement(judgement).join("\n"));
        assert.isAbove(judgement.repeatedTrades, 0);
      }).pipe(Effect.provide(server), Effect.scoped),
    240_000,
  );
});
