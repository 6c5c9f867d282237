/** The short form of `pnpm proof load`: some seconds of a load over real sockets, and some simulated seconds of questions, each in a process of its own. */
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { failuresOf } from "../../src/soak/Figures.ts";
import type { Hour } from "../../src/soak/load/hourRun.ts";
import { hour, hourReport, load, loadReport, promised, usualHour, usualLoad } from "../../src/soak/load/load.ts";
import type { Loaded } from "../../src/soak/load/loadRun.ts";

/** Of a machine on which other tests run, whose delays are theirs as well: what is counted is judged, and time is not. In seconds a heap is not yet flat. */
const loose = { delayP99Ms: Infinity, recoveredMs: Infinity, heapGrowthPercent: 30, buffersMiB: 128 };

describe("an even load with a burst in it", { timeout: 90_000 }, () => {
  it("loses no trade, and conflates only what may be, each told (R-16)", async () => {
    const options = {
      ...{ markets: 100, framesPerSecond: 5_000, warmSeconds: 1, soakSeconds: 2, isRecorded: true },
      burst: { framesPerSecond: 20_000, seconds: 1, settleSeconds: 1 },
    };
    assert.deepStrictEqual(failuresOf(await Effect.runPromise(load(options, () => {}, loose))), []);
  });

  it("of which anything is missing, given twice, untold or late does not hold", () => {
    const good: Loaded = {
      ...{ sent: { ticker: 100, trade: 200, orderbook: 100 }, trades: { given: 200, lost: 0, twice: 0 } },
      states: {
        tickers: { unaccounted: 0, conflated: 0 },
        books: { unaccounted: 0, conflated: 0 },
        slow: { unaccounted: 0, conflated: 7 },
      },
      ...{
        troubles: [],
        framesPerSecond: 10_000,
        delayP99Ms: 3,
        delayMaxMs: 30,
        heapGrowthPercent: 1,
        heapMiB: 60,
        rssMiB: 200,
        buffersMiB: 20,
      },
      ...{ coreShare: 40, lagMs: 1, burstLagMs: 90, recoveredMs: 500, mostWaitingMiB: 1 },
    };
    const failures = (change: Partial<Loaded>) => failuresOf(loadReport({ ...good, ...change }, usualLoad(30), promised)).length;
    assert.strictEqual(failures({}), 0);
    for (const change of [
      { trades: { given: 199, lost: 1, twice: 0 } },
      { trades: { given: 200, lost: 0, twice: 1 } },
      { states: { ...good.states, books: { unaccounted: 1, conflated: 0 } } },
      { states: { ...good.states, slow: { unaccounted: 0, conflated: 0 } } },
      { troubles: ["trades: a gap"] },
      { framesPerSecond: 9_700 },
      { delayP99Ms: 21 },
      { heapGrowthPercent: 6 },
      { buffersMiB: 129 },
      { recoveredMs: 5_250 },
    ] satisfies ReadonlyArray<Partial<Loaded>>)
      assert.strictEqual(failures(change), 1, JSON.stringify(change));
  });
});

describe("a hundred times the usual questions on 189 markets", { timeout: 90_000 }, () => {
  it("keep every limit of the exchange, end in time, and leave no memory behind (R004-60)", async () => {
    const options = { markets: 189, questionsPerSecond: 100, minutes: 0.3, lookSeconds: 3 };
    assert.deepStrictEqual(failuresOf(await Effect.runPromise(hour(options, () => {}, loose.heapGrowthPercent))), []);
  });

  it("do not hold where a request is refused, a limit is passed, or anything is left", () => {
    const good: Hour = {
      ...{ asked: 360_000, answered: 300_000, failed: { RateLimited: 60_000 }, longestMs: 5_000, tickers: 1_000, restRequests: 100_000 },
      ...{ refused: 0, connections: 1, mostPerSecond: { ticker: 10 }, heapGrowthPercent: 1, heapMiB: 80 },
      left: { fibers: 0, sleeps: 0, sockets: 0 },
    };
    const failures = (change: Partial<Hour>) => failuresOf(hourReport({ ...good, ...change }, usualHour, 5)).length;
    assert.strictEqual(failures({}), 0);
    for (const change of [
      { asked: 359_999 },
      { refused: 1 },
      { mostPerSecond: { ticker: 11 } },
      { longestMs: 6_000 },
      { restRequests: 1_000 },
      { heapGrowthPercent: 6 },
      { left: { fibers: 1, sleeps: 0, sockets: 0 } },
    ] satisfies ReadonlyArray<Partial<Hour>>)
      assert.strictEqual(failures(change), 1, JSON.stringify(change));
  });
});
