import { assert, describe, it } from "@effect/vitest";
import { type Put, WaitingPuts } from "../../src/cache/WaitingPuts.ts";

const put = (series: string, fromMs: number, toMs: number, rows: number): Put => ({ series, rows, range: { fromMs, toMs } });

const all = (waiting: WaitingPuts<Put>): ReadonlyArray<string> => {
  const found: Array<string> = [];
  for (let one = waiting.take(); one !== undefined; one = waiting.take()) found.push(`${one.series} ${one.range.fromMs}`);
  return found;
};

describe("puts that wait", () => {
  it("leave in the order in which they came; one that was taken and given back is the first again", () => {
    const waiting = new WaitingPuts<Put>(100);
    for (const at of [0, 10, 20]) waiting.add(put("btc", at, at + 10, 5));
    const first = waiting.take();
    assert.deepStrictEqual([first?.range.fromMs, waiting.size, waiting.rows], [0, 2, 10]);
    if (first !== undefined) waiting.giveBack(first);
    assert.deepStrictEqual([waiting.rows, all(waiting)], [15, ["btc 0", "btc 10", "btc 20"]]);
    assert.deepStrictEqual([waiting.rows, waiting.size, waiting.take(), waiting.dropped], [0, 0, undefined, 0]);
  });

  it("are dropped and counted beyond their rows, the oldest first, and a put that is too large for all of it with them", () => {
    const waiting = new WaitingPuts<Put>(100);
    for (let at = 0; at < 12; at++) waiting.add(put("btc", at, at + 1, 10));
    assert.deepStrictEqual([waiting.rows, waiting.dropped, waiting.size], [100, 20, 10]);
    const second = waiting.take();
    waiting.add(put("btc", 12, 13, 10));
    if (second !== undefined) waiting.giveBack(second);
    assert.deepStrictEqual([waiting.rows, waiting.dropped, waiting.take()?.range.fromMs], [100, 30, 3]);
    waiting.add(put("eth", 0, 9, 101));
    assert.deepStrictEqual([waiting.rows, waiting.size, waiting.dropped], [0, 0, 30 + 90 + 101]);
  });

  it("of no rows have an end too", () => {
    const waiting = new WaitingPuts<Put>(100);
    for (let at = 0; at < 150; at++) waiting.add(put("btc", at, at + 1, 0));
    assert.deepStrictEqual([waiting.size, waiting.dropped, all(waiting)[0]], [100, 0, "btc 50"]);
  });

  it("make way for what says the same anew, of the same series alone, and nothing of that is lost", () => {
    const waiting = new WaitingPuts<Put>(100);
    waiting.add(put("btc", 0, 10, 5));
    waiting.add(put("eth", 0, 10, 5));
    waiting.add(put("btc", 5, 15, 5));
    const taken = waiting.take();
    waiting.add(put("btc", 0, 20, 8));
    if (taken !== undefined) waiting.giveBack(taken);
    assert.deepStrictEqual([waiting.rows, waiting.dropped], [13, 0]);
    assert.deepStrictEqual(all(waiting), ["eth 0", "btc 0"]);
  });
});
