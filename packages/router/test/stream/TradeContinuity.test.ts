/** Each state of one market's trades, as a table: what comes in, and what is given out for it. */
import { assert, describe, it } from "@effect/vitest";
import type { Gap, Live, Recovered } from "../../src/domain/StreamElement.ts";
import type { Trade } from "../../src/domain/Trade.ts";
import { TradeContinuity } from "../../src/stream/TradeContinuity.ts";
import { btc, shortId, tradeRow } from "./exchange.ts";

/** A trade by number, one a second unless told otherwise. */
const row = (id: number, ms = id * 1_000): Trade => ({ ...tradeRow(btc, id), tradeTimeMs: ms });
const live = (value: Trade, snapshot = false): Live<Trade> => ({
  _tag: "Live",
  market: btc,
  value,
  snapshot,
  channel: "websocket",
  late: false,
  receivedTimeMs: 0,
});

/** `L3`, `R4`, `L2 late`, `gap 2000-9000`. */
const inShort = (elements: ReadonlyArray<Live<Trade> | Recovered<Trade> | Gap>): ReadonlyArray<string> =>
  elements.map((element) => {
    if (element._tag === "Gap") return `gap ${element.fromMs}-${element.toMs}`;
    return `${element._tag === "Live" ? "L" : "R"}${shortId(element.value)}${element.late ? " late" : ""}`;
  });

const market = (options: Partial<ConstructorParameters<typeof TradeContinuity>[0]> = {}) => {
  const trades = new TradeContinuity({ memory: 1_000, holdLimit: 100, reorderMs: 250, reorder: "adaptive", ...options });
  /** Newest first, as REST gives them. */
  const rows = (...ids: ReadonlyArray<number>) => ids.toSorted((a, b) => b - a).map((id) => row(id));
  const take = (id: number, nowMs = 0, ms?: number) => inShort(trades.accept(live(row(id, ms)), nowMs));
  const snapshot = (id: number, nowMs = 0) => inShort(trades.accept(live(row(id), true), nowMs));
  const finish = (ids: ReadonlyArray<number>, failure: string | null = null) => {
    const { repaired, held } = trades.finish({ rows: rows(...ids), failure }, 90_000);
    return inShort([...repaired, ...held]);
  };
  const breakAndResume = () => {
    trades.interrupt();
    assert.isTrue(trades.resume());
  };
  return { trades, rows, take, snapshot, finish, breakAndResume };
};

describe("trades of a feed in order", () => {
  it("pass at once, each id once", () => {
    const { trades, take } = market();
    assert.deepStrictEqual([take(1), take(2), take(2), take(1), take(3)], [["L1"], ["L2"], [], [], ["L3"]]);
    assert.strictEqual(trades.dueMs(), Number.POSITIVE_INFINITY);
  });

  it("of one millisecond are in order as they come", () => {
    const { take } = market();
    assert.deepStrictEqual([take(2, 0, 5_000), take(1, 0, 5_000), take(3, 0, 5_000)], [["L2"], ["L1"], ["L3"]]);
  });
});

describe("trades of a feed in disorder", () => {
  it("are held for 250 ms and come in order; the first one, and what is later still, says that it is late (B25)", () => {
    const { trades, take } = market();
    take(1);
    take(3);
    assert.deepStrictEqual(take(2, 1_000), ["L2 late"]);
    assert.deepStrictEqual([take(6, 1_010), take(4, 1_100), take(5, 1_200)], [[], [], []]);
    assert.strictEqual(trades.dueMs(), 1_260);
    assert.deepStrictEqual(inShort(trades.release(1_259)), []);
    assert.deepStrictEqual(inShort(trades.release(1_260)), ["L4", "L5", "L6"]);
    assert.strictEqual(trades.dueMs(), Number.POSITIVE_INFINITY);
    assert.deepStrictEqual([take(8, 1_300), take(7, 1_600)], [[], ["L8", "L7 late"]]);
  });

  it("pass at once again a minute after the last disorder, and only then", () => {
    const { take } = market();
    take(1);
    take(3);
    take(2, 1_000);
    assert.deepStrictEqual(take(10, 60_999), []);
    assert.deepStrictEqual(take(9, 61_000), ["L10", "L9 late"]);
    assert.deepStrictEqual(take(11, 120_999), []);
    assert.deepStrictEqual(take(12, 121_000), ["L11", "L12"]);
  });

  it("beyond the limit of held ones leave early, the earliest first", () => {
    const { trades, take } = market({ holdLimit: 2, reorder: "always" });
    assert.deepStrictEqual([take(3), take(2), take(4), take(1)], [[], [], ["L2"], ["L1 late"]]);
    assert.deepStrictEqual(inShort(trades.release(250)), ["L3", "L4"]);
  });

  it("wait from the first one on where they always do, and never where the wait is 0", () => {
    const always = market({ reorder: "always" });
    assert.deepStrictEqual(always.take(1, 5), []);
    assert.strictEqual(always.trades.dueMs(), 255);
    const never = market({ reorder: "always", reorderMs: 0 });
    assert.deepStrictEqual([never.take(2), never.take(1), never.take(3)], [["L2"], ["L1 late"], ["L3"]]);
  });

  it("that are held when the link breaks are given then: they came on an unbroken link", () => {
    const { trades, take, finish } = market({ reorder: "always" });
    take(2);
    take(1);
    assert.deepStrictEqual(inShort(trades.interrupt()), ["L1", "L2"]);
    trades.resume();
    assert.deepStrictEqual(finish([1, 2, 3]), ["R3"]);
  });
});

describe("a snapshot", () => {
  it("of a known trade, or of one from before the stream, is dropped, however late it comes", () => {
    const { take, snapshot } = market();
    assert.deepStrictEqual([take(5), snapshot(5), snapshot(4), take(6), snapshot(3)], [["L5"], [], [], ["L6"], []]);
  });

  it("newer than all is a trade like others; unknown and in between it is late, and no sign of disorder", () => {
    const { take, snapshot } = market();
    take(1);
    take(3);
    assert.deepStrictEqual([snapshot(2), take(4), snapshot(5)], [["L2 late"], ["L4"], ["L5"]]);
  });

  it("of an unknown newer trade reveals a hole on a link that did not break; of a known or a first one it does not", () => {
    const { trades, take } = market();
    assert.isFalse(trades.revealsHole(live(row(1), true)));
    take(1);
    assert.isFalse(trades.revealsHole(live(row(1), true)));
    assert.isFalse(trades.revealsHole(live(row(2))));
    assert.isTrue(trades.revealsHole(live(row(2), true)));
  });

  it("that repeats the last trade proves that nothing happened: not even a failed reading leaves a gap", () => {
    const { take, snapshot, finish, breakAndResume } = market();
    take(1);
    breakAndResume();
    snapshot(1);
    take(2);
    assert.deepStrictEqual(finish([], "no REST"), ["L2"]);
  });

  it("of a trade before the last one proves nothing: it was on its way since long", () => {
    const { take, snapshot, finish, breakAndResume } = market();
    take(1);
    take(2);
    breakAndResume();
    snapshot(1);
    take(5);
    assert.deepStrictEqual(finish([], "no REST"), ["gap 2000-5000", "L5"]);
  });
});

describe("a hole", () => {
  const cases: ReadonlyArray<
    readonly [
      title: string,
      brought: ReadonlyArray<number>,
      rows: ReadonlyArray<number>,
      failure: string | null,
      told: ReadonlyArray<string>,
    ]
  > = [
    ["with nothing in it gives what was held, and no gap", [6], [4, 5, 6], null, ["L6"]],
    ["on the same link in which nothing was held gives nothing", [], [3, 4, 5], null, []],
    ["that rows fill is given in order before what was held", [8], [5, 6, 7, 8], null, ["R6", "R7", "L8"]],
    ["that rows reach behind gives no row of before the stream", [8], [1, 2, 3, 4, 5, 6, 7, 8], null, ["R6", "R7", "L8"]],
    ["behind which the feed is in disorder is given in order all the same", [9, 8], [5, 6, 7, 8, 9], null, ["R6", "R7", "L8", "L9"]],
    ["that the new link skipped a trade after is filled there too", [7, 9], [5, 6, 7, 8, 9, 10], null, ["R6", "L7", "R8", "L9"]],
    ["that rows do not reach is told before them", [9], [7, 8, 9], null, ["gap 5000-7000", "R7", "R8", "L9"]],
    ["whose reading failed is told up to what was held", [9], [], "no REST", ["gap 5000-9000", "L9"]],
    ["up to which REST does not reach is told behind the rows", [9], [5, 6], null, ["R6", "gap 6000-9000", "L9"]],
    ["that rows reach on neither side is told on both", [9], [7], null, ["gap 5000-7000", "R7", "gap 7000-9000", "L9"]],
    ["after which nothing came ends at the time of reading", [], [], "no REST", ["gap 5000-90000"]],
    ["into which a late trade of before comes ends with the first new one", [3, 9], [5, 6], null, ["R6", "gap 6000-9000", "L3 late", "L9"]],
  ];
  for (const [title, brought, rows, failure, told] of cases) {
    it(title, () => {
      const { take, finish, breakAndResume } = market();
      take(4);
      take(5);
      breakAndResume();
      for (const id of brought) assert.deepStrictEqual(take(id), []);
      const given = finish(rows, failure);
      assert.deepStrictEqual(given, told);
      assert.deepStrictEqual(take(50, 60_000), ["L50"]);
    });
  }

  it("behind a trade that the broken link skipped gives it late", () => {
    const { take, finish, breakAndResume } = market();
    take(1);
    take(3);
    breakAndResume();
    take(5);
    assert.deepStrictEqual(finish([1, 2, 3, 4, 5]), ["R2 late", "R4", "L5"]);
  });

  it("in which more comes than can be held is whole where rows reach what is left, else told", () => {
    for (const [rows, told] of [
      [
        [1, 2, 3, 4, 5, 6],
        ["R2", "R3", "R4", "L5", "L6"],
      ],
      [
        [1, 2],
        ["R2", "gap 2000-5000", "L5", "L6"],
      ],
    ] as const) {
      const { take, finish, breakAndResume } = market({ holdLimit: 2 });
      take(1);
      breakAndResume();
      for (const id of [3, 4, 5, 6]) take(id);
      assert.deepStrictEqual(finish(rows), [...told]);
    }
  });

  it("that was told stays told once a trade has ended it; until then it may still be filled", () => {
    const { take, finish, breakAndResume } = market();
    take(1);
    breakAndResume();
    assert.deepStrictEqual(finish([], "no REST"), ["gap 1000-90000"]);
    breakAndResume();
    assert.deepStrictEqual(finish([1, 2]), ["R2"]);
    breakAndResume();
    finish([], "no REST");
    assert.deepStrictEqual(take(5), ["L5"]);
    breakAndResume();
    assert.deepStrictEqual(finish([1, 2, 3, 4, 5, 6]), ["R6"]);
  });

  it("rows that the memory has forgotten are not owed again", () => {
    const { take, finish, breakAndResume } = market({ memory: 3 });
    for (const id of [1, 2, 3, 4, 5]) take(id);
    breakAndResume();
    assert.deepStrictEqual(finish([1, 2, 3, 4, 5, 6]), ["R6"]);
  });
});

describe("while the link is down", () => {
  it("rows that reach move the stream on, and healing joins without a gap or a second time", () => {
    const { trades, rows, take, finish } = market();
    take(1);
    trades.interrupt();
    assert.isTrue(trades.down);
    assert.deepStrictEqual(inShort(trades.catchUp(rows(1, 2, 3), 0)), ["R2", "R3"]);
    assert.deepStrictEqual(inShort(trades.catchUp(rows(2, 3), 0)), []);
    assert.deepStrictEqual(inShort(trades.catchUp(rows(3, 4), 0)), ["R4"]);
    trades.resume();
    take(6);
    assert.deepStrictEqual(finish([3, 4, 5, 6]), ["R5", "L6"]);
  });

  it("rows that do not reach give nothing, and rows for a link that is up neither", () => {
    const { trades, rows, take } = market();
    take(1);
    trades.interrupt();
    assert.deepStrictEqual(trades.catchUp(rows(5, 6), 0), []);
    trades.resume();
    assert.deepStrictEqual(trades.catchUp(rows(1, 2), 0), []);
  });

  it("trades of a short link in between stand in their place, and wait where rows do not reach up to them", () => {
    const { trades, rows, take, breakAndResume } = market();
    take(1);
    breakAndResume();
    take(3);
    take(7);
    trades.interrupt();
    assert.deepStrictEqual(inShort(trades.catchUp(rows(1, 2, 4, 5), 0)), ["R2", "R3", "R4", "R5"]);
    assert.deepStrictEqual(inShort(trades.catchUp(rows(5, 6, 7, 8), 0)), ["R6", "R7", "R8"]);
  });
});

describe("an audit", () => {
  it("gives late what the exchange never sent on a living link, once, and judges no row twice (C03)", () => {
    const { trades, rows, take } = market();
    for (const id of [2, 3, 5, 6, 10]) take(id);
    const found = trades.audit(rows(1, 2, 3, 4, 5, 6, 7, 10), 0, 0);
    assert.deepStrictEqual([found.judged, inShort(found.missing)], [6, ["R4 late", "R7 late"]]);
    const again = trades.audit(rows(1, 2, 3, 4, 5, 6, 7, 10), 0, 0);
    assert.deepStrictEqual([again.judged, inShort(again.missing)], [0, []]);
    assert.deepStrictEqual(take(4), []);
  });

  it("leaves the last seconds, the time before the stream and told gaps alone, and a hole that is being read back", () => {
    const { trades, rows, take, finish, breakAndResume } = market();
    take(5);
    take(6);
    breakAndResume();
    assert.deepStrictEqual(trades.audit(rows(5, 6, 7), 0, 0), { judged: 0, missing: [] });
    take(9);
    assert.deepStrictEqual(finish([], "no REST"), ["gap 6000-9000", "L9"]);
    take(20);
    const found = trades.audit(rows(1, 2, 5, 6, 7, 8, 9, 12, 18, 20), 0, 0);
    assert.deepStrictEqual([found.judged, inShort(found.missing)], [4, ["R12 late"]]);
  });
});
