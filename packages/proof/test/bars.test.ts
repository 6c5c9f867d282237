/** Bars of many markets over the emulated exchange, in virtual time: told at the boundary, true to the exchange's own trades, whatever happens. */
import { assert, describe, it } from "@effect/vitest";
import type { BarMarkets, BarOptions } from "@naru/router/domain/Bar";
import { streamBars, streamBarsEvents } from "@naru/router/MarketData";
import type { RouterConfigShape } from "@naru/router/RouterConfig";
import { Exchange, Sim } from "@naru/sim";
import { Clock, Effect, Fiber, Layer, Stream } from "effect";
import { TestClock } from "effect/testing";
import { BarCheck } from "../src/bars/BarCheck.ts";
import { Chance } from "../src/world/engine/Chance.ts";
import { Truth } from "../src/world/Truth.ts";
import { BrokenRouter } from "./BrokenRouter.ts";

const markets = ["KRW-BTC", "KRW-ETH", "KRW-XRP", "KRW-ZIL", "KRW-SAND"];
/** Requests are counted here: those that look for silent losses are left out. */
const unaudited = { auditEveryMs: 0, tickerAuditEveryMs: 0, candleAuditEveryMs: 0 };

const follow = (wanted: BarMarkets, interval: string, options: BarOptions = {}) =>
  Effect.gen(function* () {
    const exchange = yield* Exchange;
    const clock = yield* Clock.Clock;
    const aheadMs = (yield* exchange.now) - clock.currentTimeMillisUnsafe();
    const check = new BarCheck(new Truth(exchange), () => clock.currentTimeMillisUnsafe() + aheadMs);
    yield* Effect.forkScoped(
      Stream.runForEach(streamBarsEvents(wanted, interval, options), (element) => Effect.sync(() => check.take(element))),
      { startImmediately: true },
    );
    return check;
  });

const inWorld = (seed: number, config: Partial<RouterConfigShape> = {}) =>
  Layer.fresh(Sim.layerTest({ seed, config, ledger: { frames: "off" } }));

describe("bars of some markets", () => {
  it.effect("come once a minute at its end, each with every market, true to the last digit, and cost no request", () =>
    Effect.gen(function* () {
      const { ledger } = yield* Exchange;
      const check = yield* follow({ markets }, "1m");
      yield* TestClock.adjust("6 minutes");
      assert.isAtLeast(check.bars.length, 4);
      assert.deepStrictEqual([check.faults, check.untrue, check.unsettled(), check.corrections, check.others], [[], [], [], [], []]);
      for (const { candles, empty, unproved } of check.bars) assert.deepStrictEqual([candles.length + empty.length, unproved], [5, []]);
      assert.isTrue(check.bars.some(({ empty }) => empty.length > 0));
      for (const delayMs of check.delaysMs) assert.isTrue(delayMs >= 0 && delayMs <= 100, String(delayMs));
      for (const { proof, state } of check.bars.flatMap(({ candles }) => candles))
        assert.deepStrictEqual([proof, state], ["trades", "closed"]);
      assert.deepStrictEqual(
        ledger.requests().map(({ path }) => path),
        ["/v1/market/all"],
      );
    }).pipe(Effect.scoped, Effect.provide(inWorld(5, unaudited))),
  );

  it.effect("of a market that never trades are proved empty by a sign of life of its link, asked for at the boundary", () =>
    Effect.gen(function* () {
      yield* Sim.halt;
      const check = yield* follow({ markets: ["KRW-BTC", "KRW-ETH"] }, "1m");
      yield* TestClock.adjust("1 second");
      yield* Sim.trade("KRW-BTC", { price: 1_000 });
      yield* TestClock.adjust("3 minutes");
      assert.isAtLeast(check.bars.length, 2);
      for (const { candles, empty } of check.bars) assert.deepStrictEqual([candles, empty], [[], ["KRW-BTC", "KRW-ETH"]]);
      for (const delayMs of check.delaysMs) assert.isAtMost(delayMs, 300);
    }).pipe(Effect.scoped, Effect.provide(inWorld(5, unaudited))),
  );
});

describe("a market whose feed was interrupted in a window", () => {
  it.effect("is unproved at the boundary and never shown as closed, until its trades are read back", () =>
    Effect.forEach(
      [1, 2],
      (seed) => {
        const chance = new Chance(seed);
        return Effect.gen(function* () {
          const check = yield* follow({ markets: markets.slice(0, 3) }, "1s");
          yield* TestClock.adjust(10_000 + chance.int(0, 10_000));
          for (let cut = 0; cut < 2; cut++) {
            if (chance.flip(0.5)) yield* Sim.refuseUpgrades(chance.int(1, 8_000));
            // Silence is worse than an end: nobody knows of it for a while.
            if (chance.flip(0.5)) yield* Sim.silenceSockets(chance.int(500, 9_000));
            else yield* Sim.cutSockets;
            yield* TestClock.adjust(chance.int(3_000, 15_000));
          }
          yield* TestClock.adjust("30 seconds");
          const where = `seed ${seed}`;
          assert.deepStrictEqual([check.faults, check.untrue, check.unsettled()], [[], [], []], where);
          const tags = check.others.map(({ _tag }) => _tag);
          assert.include(tags, "Reconnecting", where);
          assert.strictEqual(tags.at(-1), "Resumed", where);
          assert.isAbove(check.corrections.length, 0, where);
          assert.isTrue(
            check.bars.some(({ unproved }) => unproved.length > 0),
            where,
          );
        }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(inWorld(seed), Layer.fresh(TestClock.layer()))));
      },
      { discard: true },
    ),
  );

  it.effect("and whose trades cannot be read back any more is read as a candle, one market at a time", () =>
    Effect.gen(function* () {
      const check = yield* follow({ markets }, "1m");
      yield* TestClock.adjust("90 seconds");
      yield* Sim.failRest("/v1/trades", { status: 500, body: "{}" }, 1_000);
      yield* Sim.refuseUpgrades("20 seconds");
      yield* Sim.cutSockets;
      yield* TestClock.adjust("6 minutes");
      assert.include(
        check.others.map(({ _tag }) => _tag),
        "Gap",
      );
      assert.deepStrictEqual([check.faults, check.untrue, check.unsettled()], [[], [], []]);
      const proofs = check.corrections.flatMap(({ candles }) => candles.map(({ proof }) => proof));
      assert.include(proofs, "rest");
    }).pipe(Effect.scoped, Effect.provide(inWorld(7))),
  );
});

describe("bars of a feed that is late or loses frames", () => {
  it.effect("are not called closed before its frames are here, and are corrected when one comes behind all others", () =>
    Effect.gen(function* () {
      const check = yield* follow({ markets: markets.slice(0, 3) }, "1s");
      yield* TestClock.adjust("20 seconds");
      yield* Sim.fault({ verb: "late-frames", delayMs: 700, forMs: 30_000 });
      yield* TestClock.adjust("50 seconds");
      assert.deepStrictEqual([check.faults, check.unsettled()], [[], []]);
      // What begins to be late shows with its first late frame: one boundary may be over by then.
      assert.isAtMost(new Set(check.untrue.map((text) => / of (\d{13}) /.exec(text)?.[1])).size, 1, check.untrue.join("\n"));
      assert.isAbove(check.corrections.length, 0);
    }).pipe(Effect.scoped, Effect.provide(inWorld(11))),
  );

  it.effect("are corrected, and name the window, where an audit finds a trade that was never sent", () =>
    Effect.gen(function* () {
      const check = yield* follow({ markets: ["KRW-BTC", "KRW-XRP"] }, "1m");
      yield* TestClock.adjust("30 seconds");
      yield* Sim.fault({ verb: "drop-frames", probability: 0.5, forMs: 90_000 });
      yield* TestClock.adjust("4 minutes");
      assert.isAbove(check.untrue.length, 0);
      assert.deepStrictEqual([check.faults, check.unsettled()], [[], []]);
      assert.isTrue(check.corrections.some(({ candles }) => candles.some(({ state }) => state === "corrected")));
    }).pipe(Effect.scoped, Effect.provide(inWorld(13, { auditEveryMs: 5_000 }))),
  );
});

describe("bars of every market of a currency", () => {
  it.effect("follow the list: a new market is in the next ones, and one that is gone ends nothing", () =>
    Effect.gen(function* () {
      const { ledger } = yield* Exchange;
      const check = yield* follow({ quote: "krw" }, "1m");
      yield* TestClock.adjust("130 seconds");
      const count = (at: number) => {
        const bar = check.bars.at(at);
        return bar === undefined ? 0 : bar.candles.length + bar.empty.length + bar.unproved.length;
      };
      const before = count(-1);
      assert.isAbove(before, 15);
      yield* Sim.list("KRW-NEWCOIN");
      yield* Sim.fault({ verb: "delisted", market: "KRW-XRP" });
      yield* TestClock.adjust("4 minutes");
      assert.strictEqual(count(-1), before);
      const last = check.bars.at(-1);
      const named = [...(last?.candles.map(({ market }) => String(market)) ?? []), ...(last?.empty ?? [])];
      assert.include(named, "KRW-NEWCOIN");
      assert.notInclude(named, "KRW-XRP");
      assert.deepStrictEqual([check.faults, check.untrue], [[], []]);
      assert.strictEqual(ledger.connections().length, 1);
    }).pipe(Effect.scoped, Effect.provide(inWorld(17))),
  );
});

describe("bars of a router that dies", () => {
  it.effect("go on with the next one, and those that nobody made are told as gaps of every market", () => {
    const broken = new BrokenRouter();
    return Effect.gen(function* () {
      const check = yield* follow({ markets }, "1m");
      yield* TestClock.adjust("130 seconds");
      const before = check.bars.length;
      assert.isAbove(before, 0);
      yield* broken.kill;
      yield* TestClock.adjust("5 minutes");
      assert.isAtLeast(broken.built.length, 2);
      assert.isAbove(check.bars.length, before);
      assert.deepStrictEqual([check.faults, check.untrue, check.unsettled()], [[], [], []]);
      const tags = check.others.map(({ _tag }) => _tag);
      assert.deepStrictEqual(tags, ["Reconnecting", "Resumed", ...markets.map(() => "Gap" as const)]);
    }).pipe(Effect.scoped, Effect.provide(Layer.fresh(Sim.layerTest({ seed: 29, decorate: { router: broken.decorate } }))));
  });
});

describe("a consumer of bars", () => {
  it.effect("that does not keep up is given what is held and then fails, and nobody else is touched", () =>
    Effect.gen(function* () {
      const other = yield* follow({ markets }, "1s");
      let taken = 0;
      const slow = yield* Effect.forkScoped(
        Stream.runForEach(streamBars({ markets }, "1s", { bufferSize: 5 }), () =>
          Effect.andThen(
            Effect.sync(() => taken++),
            Effect.sleep("4 seconds"),
          ),
        ),
        { startImmediately: true },
      );
      yield* TestClock.adjust("2 minutes");
      const error = yield* Effect.flip(Fiber.join(slow));
      assert.deepInclude(error, { _tag: "SlowConsumer", capacity: 5 });
      assert.isAtLeast(taken, 5);
      assert.isAbove(other.bars.length, 100);
      assert.deepStrictEqual([other.faults, other.untrue], [[], []]);
    }).pipe(Effect.scoped, Effect.provide(inWorld(19))),
  );

  it.effect("gets windows by the exchange's clock, whatever ours says", () =>
    Effect.gen(function* () {
      const { now } = yield* Exchange;
      yield* Sim.fault({ verb: "clock-skew", aheadMs: 10 * 60_000 + 20_000 });
      const check = yield* follow({ markets }, "1m");
      yield* TestClock.adjust("3 minutes");
      // Told just after the end of its window on the skewed clock.
      const bar = check.bars.at(-1);
      const sinceMs = (yield* now) + 10 * 60_000 + 20_000 - (bar?.closeTimeMs ?? 0);
      assert.isTrue(sinceMs >= 0 && sinceMs < 60_000, String(sinceMs));
      for (const delayMs of check.delaysMs) assert.isTrue(delayMs + 10 * 60_000 + 20_000 <= 300, String(delayMs));
      assert.isAtLeast(check.bars.length, 1);
    }).pipe(Effect.scoped, Effect.provide(inWorld(23))),
  );
});
