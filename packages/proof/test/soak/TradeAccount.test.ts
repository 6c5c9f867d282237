/** The account itself must see what it is there to see: a trade that is lost, comes twice, or is not the exchange's. */
import { assert, describe, it } from "@effect/vitest";
import type { StreamElement } from "@naru/router/domain/StreamElement";
import type { Trade } from "@naru/router/domain/Trade";
import { streamTradesEvents } from "@naru/router/MarketData";
import { Exchange, Sim } from "@naru/sim";
import { Clock, Effect, Stream } from "effect";
import { runVirtual } from "../../src/soak/runVirtual.ts";
import { TradeAccount } from "../../src/soak/TradeAccount.ts";
import { Truth } from "../../src/world/Truth.ts";

const market = "KRW-BTC";

/** What a consumer is given in two minutes without a fault, and the exchange it is owed by. */
const twoMinutes = Effect.gen(function* () {
  const exchange = yield* Exchange;
  const clock = yield* Clock.Clock;
  const elements: Array<StreamElement<Trade>> = [];
  yield* Effect.forkScoped(Stream.runForEach(streamTradesEvents(market), (element) => Effect.sync(() => void elements.push(element))));
  yield* Effect.sleep("2 minutes");
  return { exchange, elements, endMs: exchange.nowOf(clock) - 1_000 };
});
const { value: run } = await runVirtual(1, Effect.scoped(twoMinutes).pipe(Effect.provide(Sim.layerTest({ seed: 1 }))));

const accountOf = (elements: ReadonlyArray<StreamElement<Trade>>) => {
  const account = new TradeAccount(new Truth(run.exchange), [market]);
  for (const element of elements) account.element(element);
  return { problems: account.problems, missing: account.missingUpTo(run.endMs).count, excused: account.excusedUpTo(run.endMs) };
};
const middle = run.elements[5];
assert(middle?._tag === "Live");

describe("the account of a consumer's trades", () => {
  it("finds nothing wrong with a stream without faults", () => {
    assert.isAbove(run.elements.length, 10);
    assert.deepStrictEqual(accountOf(run.elements), { problems: [], missing: 0, excused: 0 });
  });

  it("misses a trade that was not given, unless it lies in a gap or comes later", () => {
    const rest = run.elements.filter((element) => element !== middle);
    const { tradeTimeMs } = middle.value;
    assert.strictEqual(accountOf(rest).missing, 1);
    assert.strictEqual(accountOf([...rest, middle]).missing, 0);
    const gap = { _tag: "Gap", kind: "trades", market: middle.market, fromMs: tradeTimeMs, toMs: tradeTimeMs, reason: "lost" } as const;
    assert.deepStrictEqual(accountOf([...rest, gap]), { problems: [], missing: 0, excused: 1 });
  });

  it("reports a trade that comes twice, and one that never happened", () => {
    assert.deepStrictEqual(accountOf([...run.elements, middle]).problems, [`${market} ${middle.value.id} came twice`]);
    const invented = { ...middle, value: { ...middle.value, id: `${middle.value.id}9` } };
    assert.match(accountOf([...run.elements, invented]).problems.join(), /never happened/);
  });
});
