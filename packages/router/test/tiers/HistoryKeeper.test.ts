/** A store that cannot write for two minutes: what waits, what is tried and when, and what is there afterwards. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer, Logger } from "effect";
import { TestClock } from "effect/testing";
import { HistoryStore, layerMemory } from "../../src/cache/HistoryStore.ts";
import { StorageError } from "../../src/errors/MarketDataError.ts";
import { Health } from "../../src/health/HealthLedger.ts";
import { HistoryKeeper, mostWaitingRows } from "../../src/tiers/HistoryKeeper.ts";
import { candleAt, minutes, seriesOf } from "../cache/historyContract.ts";

const btc = seriesOf("KRW-BTC");
const perPut = 100;
const pages = mostWaitingRows / perPut;

const scene = (code: string) => {
  const disk = { isFull: false, tried: 0 };
  const lines: Array<string> = [];
  const full = new StorageError({ operation: "history put", path: "/full", code, detail: null });
  const store = Layer.effect(
    HistoryStore,
    Effect.map(HistoryStore, (memory) => ({
      ...memory,
      putCandles: (...put: Parameters<typeof memory.putCandles>) =>
        Effect.suspend(() => {
          disk.tried++;
          return disk.isFull ? Effect.fail(full) : memory.putCandles(...put);
        }),
    })),
  ).pipe(Layer.provide(layerMemory()));
  const logger = Logger.layer([Logger.make<unknown, void>(({ message }) => void lines.push(String(message)))]);
  const keeping = HistoryKeeper.layer.pipe(Layer.provideMerge(Health.layer), Layer.provide(store), Layer.provideMerge(logger));
  return { disk, lines, layer: Layer.fresh(keeping) };
};

const keepPage = Effect.fnUntraced(function* (page: number) {
  const { keep, store } = yield* HistoryKeeper;
  const range = minutes(page * perPut, (page + 1) * perPut);
  const rows = Array.from({ length: perPut }, (_, at) => candleAt(btc, page * perPut + at, String(at)));
  yield* keep({ series: "sim KRW-BTC 1m", rows: rows.length, range, write: store.putCandles(btc, rows, range) });
});

const history = Effect.map(Health, (health) => health.history());
const coverage = Effect.flatMap(HistoryKeeper, ({ store }) => Effect.orDie(store.coverage(btc)));

describe("what is to be kept while the disk is full", () => {
  const { disk, lines, layer } = scene("ENOSPC");
  it.effect("waits in memory, is tried every thirty seconds and kept when there is room again, the oldest dropped and counted", () =>
    Effect.gen(function* () {
      yield* keepPage(0);
      assert.deepStrictEqual([yield* coverage, (yield* history).isWaiting], [[minutes(0, perPut)], false]);
      disk.isFull = true;
      disk.tried = 0;
      for (let page = 1; page <= 3; page++) yield* keepPage(page);
      assert.strictEqual(disk.tried, 1, "one failed attempt is enough for all that follow");
      assert.deepInclude(yield* history, { isWaiting: true, waitingRows: 300, droppedRows: 0 });
      assert.include((yield* history).lastError, "ENOSPC");
      yield* TestClock.adjust("29999 millis");
      assert.strictEqual(disk.tried, 1);
      yield* TestClock.adjust("90001 millis");
      assert.strictEqual(disk.tried, 5, "four times in two minutes");
      for (let page = 4; page < 4 + pages; page++) yield* keepPage(page);
      assert.deepInclude(yield* history, { isWaiting: true, waitingRows: mostWaitingRows, droppedRows: 300 });
      disk.isFull = false;
      yield* TestClock.adjust("29 seconds");
      assert.deepStrictEqual(yield* coverage, [minutes(0, perPut)]);
      yield* TestClock.adjust("1 second");
      assert.deepStrictEqual(
        yield* coverage,
        [minutes(0, perPut), minutes(4 * perPut, (4 + pages) * perPut)],
        "what was dropped is missing",
      );
      assert.deepInclude(yield* history, { isWaiting: false, waitingRows: 0, droppedRows: 300 });
      yield* keepPage(2);
      assert.deepInclude(yield* coverage, minutes(2 * perPut, 3 * perPut), "and at once again");
      assert.deepStrictEqual(
        lines.map((line) => line.split(",")[0]),
        ["Nothing can be kept for now", "What waited in memory is kept now"],
      );
    }).pipe(Effect.provide(layer)),
  );
});

describe("what will never be kept", () => {
  const { disk, lines, layer } = scene("READONLY");
  it.effect("does not wait: it is warned of once, and asked for again by whoever needs it", () =>
    Effect.gen(function* () {
      disk.isFull = true;
      for (let page = 0; page < 3; page++) yield* keepPage(page);
      yield* TestClock.adjust("2 minutes");
      assert.deepStrictEqual([disk.tried, (yield* history).isWaiting, lines.length], [3, false, 1]);
      assert.include(lines[0], "READONLY");
    }).pipe(Effect.provide(layer)),
  );
});
