/** Half an hour of all that a client does, in virtual time and without a fault: nothing fails, nothing is old, nothing is told of trouble. */
import { assert, describe, it } from "@effect/vitest";
import type { Answer } from "@naru/router/domain/Answer";
import type { MarketDataError } from "@naru/router/errors/MarketDataError";
import {
  getCandles,
  getOrderbook,
  getTicker,
  getTrades,
  health,
  type MarketData,
  streamCandlesEvents,
  streamOrderbookEvents,
  streamTickerEvents,
  streamTradesEvents,
} from "@naru/router/MarketData";
import { Exchange, Sim } from "@naru/sim";
import { Effect, Exit, Stream } from "effect";
import { runVirtual } from "../../src/soak/runVirtual.ts";
import { Chance } from "../../src/world/engine/Chance.ts";

const halfHourMs = 30 * 60_000;
const askEveryMs = 6_000;
const markets = ["KRW-TRX", "KRW-AVAX", "USDT-BTC", "BTC-ETH", "BTC-XRP"] as const;

const program = Effect.gen(function* () {
  const { ledger } = yield* Exchange;
  const chance = new Chance(28);
  const told = new Map<string, number>();
  const failures: Array<string> = [];
  const look = ({ _tag }: { readonly _tag: string }) => Effect.sync(() => void told.set(_tag, (told.get(_tag) ?? 0) + 1));
  const [ticker, orderbook, trades, candles] = markets;
  yield* Effect.forkScoped(Stream.runForEach(streamTickerEvents([ticker, orderbook]), look));
  yield* Effect.forkScoped(Stream.runForEach(streamOrderbookEvents(orderbook), look));
  yield* Effect.forkScoped(Stream.runForEach(streamTradesEvents([trades, candles]), look));
  yield* Effect.forkScoped(Stream.runForEach(streamCandlesEvents(candles, "1m"), look));
  let asked = 0;
  for (; asked < halfHourMs / askEveryMs; asked++) {
    const market = chance.pick(markets);
    const intent = { realtime: chance.flip(0.3) };
    const call = chance.pick<() => Effect.Effect<Answer<unknown>, MarketDataError, MarketData>>([
      () => getTicker(market, intent),
      () => getOrderbook(market, intent),
      () => getTrades(market, { ...intent, count: chance.int(1, 30) }),
      () => getCandles(market, chance.pick(["1m", "5m"]), { ...intent, count: chance.int(1, 30) }),
    ]);
    const exit = yield* Effect.exit(call());
    if (Exit.isFailure(exit)) failures.push(String(exit.cause));
    else if (exit.value.provenance.stale) failures.push(`${market}: ${exit.value.provenance.staleReason}`);
    yield* Effect.sleep(askEveryMs);
  }
  return { asked, failures, told: [...told.keys()].sort(), mode: (yield* health).mode, rejected: ledger.rejected };
});

describe("half an hour without a fault", () => {
  it("has not one failure: every question is answered, fresh, and no stream is told of anything but its elements (R001-28)", async () => {
    const { value } = await runVirtual(
      28,
      Effect.scoped(program).pipe(Effect.provide(Sim.layerTest({ seed: 28, ledger: { frames: "off" } }))),
    );
    assert.deepStrictEqual(value, { asked: 300, failures: [], told: ["Live"], mode: "normal", rejected: 0 });
  });
});
