/**
 * Bodies and frames with one thing changed, on the way they really go: bytes, decoder, and the caches behind it. What a cache holds afterwards is held
 * against the changed text itself, read by another reader.
 */
import { assert, describe, it } from "@effect/vitest";
import { Cache } from "@naru/router/cache/Cache";
import { HotStore } from "@naru/router/cache/HotStore";
import type { Market } from "@naru/router/domain/Market";
import type { Kind, Question } from "@naru/router/domain/Question";
import { keyId, type StreamKey } from "@naru/router/domain/StreamKey";
import { Health } from "@naru/router/health/HealthLedger";
import { LiveNumbers } from "@naru/router/health/LiveNumbers";
import { defaultRouterConfig } from "@naru/router/RouterConfig";
import { FrameHub } from "@naru/router/stream/FrameHub";
import { HistoryKeeper } from "@naru/router/tiers/HistoryKeeper";
import * as RestAnswer from "@naru/router/tiers/restAnswer";
import * as WarmRest from "@naru/router/tiers/WarmRest";
import { readAnswer } from "@naru/router/transport/readAnswer";
import { receiptOf } from "@naru/router/transport/Receipt";
import { Rest } from "@naru/router/transport/RestCall";
import { Venue } from "@naru/router/transport/Venue";
import { Clock, Effect, Exit, Layer } from "effect";
import { TestClock } from "effect/testing";
import { profiles } from "../src/profiles.ts";
import { makeVenue } from "../src/UpbitVenue.ts";
import { Mutations, says, type Told, truthOf } from "./mutations.ts";
import * as wire from "./wire.ts";

const venue = makeVenue(profiles.upbit);
const [btc, eth] = ["KRW-BTC", "KRW-ETH"] as [Market, Market];
const utf8 = new TextEncoder();
const start = Date.UTC(2026, 10, 2, 3);
const [minute, hour] = [60_000, 3_600_000];

const kinds = ["ticker", "orderbook", "trades", "candles"] as const;
const fieldsOf = { ticker: wire.ticker, orderbook: wire.orderbook, trades: wire.trade, candles: wire.minuteCandle } as const;
const typeOf: Readonly<Record<Kind, string>> = { ticker: "ticker", orderbook: "orderbook", trades: "trade", candles: "candle.1m" };
const intent = {
  ...({ priority: "normal", strategy: "auto", context: "monitoring", onStale: "fail" } as const),
  ...{ maxAgeMs: 5_000, deadlineMs: 5_000, realtime: false },
};
const questions: Readonly<Record<Kind, Question>> = {
  ticker: { kind: "ticker", market: btc, intent },
  orderbook: { kind: "orderbook", market: btc, levels: 2, intent },
  trades: { kind: "trades", market: btc, count: 2, intent },
  candles: { kind: "candles", market: btc, interval: "1m", count: 2, fromMs: null, toMs: null, forming: "include", fill: "none", intent },
};

/** A record of this moment, `back` records before the newest. */
const record = (kind: Kind, channel: wire.Channel, nowMs: number, back = 0): string => {
  const fields = fieldsOf[kind];
  let members: ReadonlyMap<string, string> = wire.members(fields, channel);
  const set = (restName: string, token: string) => {
    const name = fields.find(({ names }) => names.rest === restName)?.names[channel];
    if (name !== undefined) members = wire.withField(members, name, token);
  };
  set("timestamp", String(nowMs - 1_000 * back));
  if (kind === "trades") set("sequential_id", String(BigInt(nowMs - 1_000 * back) * 10_000n));
  if (kind === "candles") {
    const openMs = Math.floor(nowMs / minute) * minute - minute * back;
    set("candle_date_time_utc", `"${new Date(openMs).toISOString().slice(0, 19)}"`);
  }
  return wire.write(members);
};

const bodyOf = (kind: Kind, nowMs: number): string => {
  const rows = kind === "trades" || kind === "candles" ? [0, 1] : [0];
  return `[${rows.map((back) => record(kind, "rest", nowMs, back)).join(",")}]`;
};

/** What became of the changed ones: kept with the same meaning, kept with another, or refused. */
class Tally {
  readonly #of = new Map<string, { same: number; other: number; refused: number }>();

  add(name: string, outcome: "same" | "other" | "refused"): void {
    const counts = this.#of.get(name) ?? { same: 0, other: 0, refused: 0 };
    counts[outcome]++;
    this.#of.set(name, counts);
  }

  /** Both halves of the claim were put to the test. */
  assertBoth(names: number, atLeast: number): void {
    assert.strictEqual(this.#of.size, names);
    for (const [name, counts] of this.#of)
      assert.isTrue(counts.other >= atLeast && counts.refused >= atLeast, `${name}: ${JSON.stringify(counts)}`);
  }
}

/** The tier that remembers REST answers, over an exchange whose next body is told. */
const warmScene = Effect.gen(function* () {
  const clock = yield* Clock.Clock;
  const cache = yield* Cache;
  let body = "";
  const rest = Rest.of({
    breakerOpenMs: () => 0,
    road: () => ({ attemptTimeoutMs: 10_000, batchWindowMs: 0, batchMarkets: 300 }),
    run: (call, { expects }) =>
      Effect.suspend(() => {
        const receivedMs = clock.currentTimeMillisUnsafe();
        const response = { status: 200, headers: { "content-type": "application/json" }, body: utf8.encode(body) };
        const read = readAnswer(call, response, { failure: venue.failure, exchangeNowMs: receivedMs, expects });
        const times = { exchangeNowMs: receivedMs, receivedNanos: clock.monotonicTimeNanosUnsafe(), receivedMs };
        return Effect.map(Effect.fromResult(read), (decoded) => ({ ...decoded, ...times }));
      }),
  });
  const layer = Layer.merge(Layer.succeed(Rest, rest), Layer.succeed(Venue, venue));
  const tier = yield* WarmRest.make(yield* Effect.provide(RestAnswer.make, layer));
  const ask = (question: Question, next: string) =>
    Effect.suspend(() => {
      body = next;
      const deadlineNanos = clock.monotonicTimeNanosUnsafe() + 5_000_000_000n;
      return Effect.exit(tier.ask(question, { deadlineNanos }));
    });
  const held = () => kinds.map((kind) => cache.peekWarm(WarmRest.warmKeyOf(questions[kind])));
  return { ask, held };
});

/** The live side's way into the hot store: one link that carries every kind of two markets. */
const hotScene = () => {
  const hot = new HotStore(100);
  const nothing = () => {};
  const hub = new FrameHub({
    ...{ ...defaultRouterConfig, hot, numbers: new LiveNumbers(0), holdLimit: 10, requestRepair: nothing, onJoined: nothing },
    ...{ onConfirmed: nothing, onHeld: nothing, onBroken: nothing, onDoubt: nothing, onDistrust: nothing, onUnserved: nothing },
  });
  const keys = [btc, eth].flatMap((market): ReadonlyArray<StreamKey> => [
    { kind: "ticker", market },
    { kind: "orderbook", market, levels: 30 },
    { kind: "trades", market },
    { kind: "candles", market, interval: "1m" },
  ]);
  hub.sent(0, keys, 0);
  const say = (text: string, nowMs: number) => {
    for (const message of venue.socket.decode(utf8.encode(text))) {
      if ("value" in message) hub.accept(0, message, receiptOf(BigInt(nowMs - start) * 1_000_000n, nowMs));
    }
  };
  return { keys, say, held: () => keys.map((key) => hot.get(keyId(key))) };
};

/** Whether some record of the text says the value. */
const isSaid = (text: string, kind: Kind, channel: wire.Channel, value: unknown, market: Market): boolean =>
  truthOf(text).some((record) => {
    const type = record[channel === "full" ? "type" : "ty"];
    // The value is one that a cache gave out, and so an object.
    return (channel === "rest" || type === typeOf[kind]) && says(fieldsOf[kind], channel, record, value as Told, market);
  });

describe("bodies and frames of which one thing was changed", () => {
  it.effect("leave the caches as they were, or with what the changed text says, each market under its own key: 2,000 of them (E06)", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(start);
      const warm = yield* warmScene;
      const mutations = new Mutations(20_261_128);
      const tally = new Tally();
      for (let nth = 1; nth <= 1_000; nth++) {
        // What is held is so old by then that the exchange is asked. All windows begin with an hour.
        yield* TestClock.adjust("1 hour");
        const kind = kinds[nth % kinds.length]!;
        const good = bodyOf(kind, start + nth * hour);
        const changed = mutations.of(good);
        const before = warm.held();
        const exit = yield* warm.ask(questions[kind], changed);
        for (const [i, entry] of warm.held().entries()) {
          const isNew = Exit.isSuccess(exit) && kinds[i] === kind;
          assert.strictEqual(isNew ? entry?.value : entry, isNew ? exit.value : before[i], changed);
        }
        if (Exit.isFailure(exit)) tally.add(kind, "refused");
        else {
          const rows = [exit.value.value].flat();
          assert.strictEqual(rows.length, truthOf(changed).length, changed);
          for (const row of rows) assert.isTrue(isSaid(changed, kind, "rest", row, btc), changed);
          tally.add(kind, rows.every((row) => isSaid(good, kind, "rest", row, btc)) ? "same" : "other");
        }
      }
      tally.assertBoth(kinds.length, 20);
      overTheSocket(mutations);
    }).pipe(Effect.scoped, Effect.provide(Layer.fresh(Layer.merge(Cache.layerTest, Layer.provide(HistoryKeeper.layer, Health.layer))))),
  );

  const overTheSocket = (mutations: Mutations) => {
    const { keys, say, held } = hotScene();
    const tally = new Tally();
    for (let nth = 1; nth <= 1_000; nth++) {
      const nowMs = start + nth * hour;
      const kind = kinds[nth % kinds.length]!;
      const channel = nth % 3 === 0 ? "simple" : "full";
      const good = record(kind, channel, nowMs);
      const changed = mutations.of(good);
      const before = held();
      say(changed, nowMs);
      let outcome: "same" | "other" | "refused" = "refused";
      for (const [i, entry] of held().entries()) {
        if (entry === before[i]) continue;
        const key = keys[i]!;
        assert.isTrue(isSaid(changed, key.kind, channel, entry?.value, key.market), changed);
        outcome = key.market === btc && isSaid(good, kind, channel, entry?.value, btc) ? "same" : "other";
      }
      tally.add(`${kind} ${channel}`, outcome);
      if (outcome === "refused") continue;
      // However far in the future it says it was made, it does not outlast three good ones.
      for (const later of [3_000, 6_000, 9_000]) say(record(kind, channel, nowMs + later), nowMs + later);
      const last = held()[keys.findIndex((key) => key.kind === kind && key.market === btc)];
      assert.isTrue(isSaid(record(kind, channel, nowMs + 9_000), kind, channel, last?.value, btc), changed);
    }
    tally.assertBoth(2 * kinds.length, 10);
  };
});
