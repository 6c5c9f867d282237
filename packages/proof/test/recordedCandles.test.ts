/**
 * The real exchange's candles, as others recorded them, through the whole router over a transport that plays them: the same minutes read twice, seven
 * seconds apart, and the socket's frames over the ends of minutes and a reconnect.
 */
import { assert, describe, it } from "@effect/vitest";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { HistoryStore, layerMemory } from "@naru/router/cache/HistoryStore";
import type { Candle } from "@naru/router/domain/Candle";
import type { Market } from "@naru/router/domain/Market";
import type { StreamElement } from "@naru/router/domain/StreamElement";
import { getCandles, streamCandlesEvents } from "@naru/router/MarketData";
import * as RouterConfig from "@naru/router/RouterConfig";
import * as Supervisor from "@naru/router/Supervisor";
import { type SocketHandlers, Transport } from "@naru/router/transport/Transport";
import { layerOf } from "@naru/upbit/UpbitVenue";
import { profiles } from "@naru/upbit/profiles";
import { Effect, Equal, Fiber, Layer, Stream } from "effect";
import { TestClock } from "effect/testing";

const folder = process.env["NARU_RECORDINGS"];
const needs = "(skipped without NARU_RECORDINGS, the folder of recordings)";
const recorded = (path: string): string => readFileSync(join(folder ?? "", "upbit", path), "utf8");

const encoder = new TextEncoder();
const marketList = '[{"market":"KRW-BTC","korean_name":"비트코인","english_name":"Bitcoin"}]';
const btc = "KRW-BTC" as Market;

/** The router over these answers and sockets. */
const over = (transport: Parameters<typeof Transport.layerTest>[0]) =>
  Layer.fresh(Supervisor.layer).pipe(
    Layer.provideMerge(Layer.fresh(layerMemory())),
    Layer.provide(Layer.merge(layerOf(profiles.upbit), Transport.layerTest(transport))),
    Layer.provide(RouterConfig.layer({ auditEveryMs: 0, tickerAuditEveryMs: 0, candleAuditEveryMs: 0 })),
  );

/** What came is waited for in virtual time. */
const waited = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true });
    while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust("20 millis");
    return yield* Fiber.join(fiber);
  });

describe("the recorded minutes that were read twice, seven seconds apart", () => {
  it.effect.skipIf(folder === undefined)(`differ in the forming candle alone, and only closed ones are kept ${needs}`, () => {
    interface Row {
      readonly candle_date_time_utc: string;
    }
    let body: ReadonlyArray<Row> = JSON.parse(recorded("rest/candles-1m-50-2021-01-30-seven-seconds-earlier.json"));
    let nowMs = 1_612_014_445_000;
    const answered = (text: string) => ({ status: 200, headers: { date: new Date(nowMs).toUTCString() }, body: encoder.encode(text) });
    const rest: Transport["Service"]["rest"] = ({ url }) =>
      Effect.sync(() => {
        const { pathname, searchParams } = new URL(url);
        if (!pathname.startsWith("/v1/candles/minutes/1")) return answered(marketList);
        const to = Date.parse(searchParams.get("to") ?? "2022-01-01T00:00:00Z");
        const rows = body.filter((row) => Date.parse(`${row.candle_date_time_utc}Z`) < to);
        return answered(JSON.stringify(rows.slice(0, Number(searchParams.get("count")))));
      });
    const reading = Effect.gen(function* () {
      const first = (yield* waited(getCandles("KRW-BTC", "1m", { count: 50 }))).value;
      body = JSON.parse(recorded("rest/candles-1m-200-2021-01-30.json"));
      nowMs += 7_000;
      yield* TestClock.setTime(nowMs);
      const second = (yield* waited(getCandles("KRW-BTC", "1m", { count: 50 }))).value;
      assert.deepStrictEqual(
        second.map(({ openTimeMs }) => openTimeMs),
        first.map(({ openTimeMs }) => openTimeMs),
      );
      const changed = second.filter((row, at) => !Equal.equals(row, first[at]));
      assert.deepStrictEqual([changed.map(({ state }) => state), changed[0] === second.at(-1)], [["forming"], true]);
      const store = yield* HistoryStore;
      const kept = yield* store.candles({ venue: "upbit", market: btc, interval: "1m" }, { fromMs: 0, toMs: nowMs });
      assert.isAtLeast(kept.rows.length, 45);
      const closed = second.filter(({ state }) => state === "closed");
      for (const row of kept.rows) assert.isTrue(closed.some((other) => Equal.equals(other, row)));
      assert.isAtMost(kept.coverage.at(-1)?.toMs ?? nowMs, second.at(-1)?.openTimeMs ?? 0);
    });
    // The router is built in that time: what it does every second would be done for fifty years first.
    return Effect.andThen(TestClock.setTime(nowMs), Effect.provide(reading, over({ rest })));
  });
});

describe("the recorded frames over the ends of minutes and a reconnect", () => {
  it.effect.skipIf(folder === undefined)(`give each minute closed once, with its last state, and ask REST for none ${needs}`, () => {
    const sockets: Array<SocketHandlers> = [];
    const asked: Array<string> = [];
    const answer = { status: 200, headers: {}, body: encoder.encode(marketList) };
    const transport: Parameters<typeof Transport.layerTest>[0] = {
      rest: ({ url }) =>
        Effect.sync(() => {
          asked.push(new URL(url).pathname);
          return answer;
        }),
      socket: (_url, handlers) =>
        Effect.sync(() => {
          sockets.push(handlers);
          const ping = Effect.sync(() => handlers.onPong());
          return { send: () => Effect.void, ping, compressed: false, bytes: () => ({ wire: 0, payload: 0 }), terminate: Effect.void };
        }),
    };
    const say = (name: string) =>
      Effect.suspend(() => {
        const socket = sockets.at(-1);
        socket?.onFrame(encoder.encode(recorded(`ws/candle-1m-${name}-2026-07-30.json`)));
        socket?.onReadEnd();
        return TestClock.adjust("50 millis");
      });
    return Effect.gen(function* () {
      const seen: Array<StreamElement<Candle>> = [];
      yield* Effect.forkScoped(
        Stream.runForEach(streamCandlesEvents("KRW-BTC", "1m"), (element) => Effect.sync(() => void seen.push(element))),
        { startImmediately: true },
      );
      yield* TestClock.adjust("1 second");
      for (const name of ["snapshot", "last_of_its_minute", "next_minute"]) yield* say(name);
      sockets.at(-1)?.onClose({ code: 1006, reason: "" });
      yield* TestClock.adjust("5 seconds");
      assert.strictEqual(sockets.length, 2);
      for (const name of ["snapshot_after_reconnect", "minute_after_next"]) yield* say(name);
      const closed = seen.flatMap((element) => ("value" in element && element.value.state === "closed" ? [element.value] : []));
      assert.deepStrictEqual(
        closed.map(({ openTimeMs, low, close, volume, proof }) =>
          [new Date(openTimeMs).toISOString().slice(11, 16), low, close, volume, proof].join(" "),
        ),
        [
          "07:45 91142000 91157000 0.15511395 stream",
          "07:46 91133000 91157000 0.8004467 stream",
          // The last state of the minute is the one that the new connection began with.
          "07:47 91133000 91133000 0.01011827 stream",
        ],
      );
      assert.notInclude(asked.join(), "candles");
      assert.notInclude(
        seen.map(({ _tag }) => _tag),
        "Gap",
      );
    }).pipe(Effect.scoped, Effect.provide(over(transport)));
  });
});
