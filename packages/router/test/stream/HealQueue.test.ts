import { assert, describe, it } from "@effect/vitest";
import type { Priority } from "../../src/domain/Question.ts";
import type { KeyId } from "../../src/domain/StreamKey.ts";
import { HealQueue } from "../../src/stream/HealQueue.ts";

const line = (name: string, pages = 0, priority: Priority = "normal", readyMs = 0) => ({
  id: name as KeyId,
  priority,
  pages,
  readyMs,
  job: name,
});

const drain = (queue: HealQueue<string>, nowMs = 0): ReadonlyArray<string> => {
  const order: Array<string> = [];
  for (let next = queue.take(nowMs); next !== undefined; next = queue.take(nowMs)) order.push(next.job);
  return order;
};

describe("the line of holes", () => {
  it("goes by priority, then by pages read, then by who came first", () => {
    const queue = new HealQueue<string>();
    for (const one of [
      line("old", 2),
      line("a"),
      line("low", 0, "low"),
      line("b"),
      line("once", 1),
      line("high", 5, "high"),
      line("now", 9, "critical"),
    ])
      queue.join(one);
    assert.deepStrictEqual(drain(queue), ["now", "high", "a", "b", "once", "old", "low"]);
  });

  it("lets a market with a huge hole hold up nobody: after each page it stands behind those with fewer", () => {
    const queue = new HealQueue<string>();
    for (const name of ["huge", "b", "c"]) queue.join(line(name));
    const order: Array<string> = [];
    for (let next = queue.take(0); next !== undefined; next = queue.take(0)) {
      order.push(next.job);
      if (next.pages + 1 < (next.job === "huge" ? 4 : 1)) queue.join({ ...next, pages: next.pages + 1 });
    }
    assert.deepStrictEqual(order, ["huge", "b", "c", "huge", "huge", "huge"]);
  });

  it("passes those by that may not go on yet, and says when they may", () => {
    const queue = new HealQueue<string>();
    assert.strictEqual(queue.nextReadyMs(), Number.POSITIVE_INFINITY);
    queue.join(line("later", 0, "critical", 500));
    queue.join(line("now", 3, "low"));
    assert.deepStrictEqual([drain(queue, 499), queue.nextReadyMs()], [["now"], 500]);
    queue.ready("later" as KeyId, 100);
    queue.ready("nobody" as KeyId, 100);
    assert.deepStrictEqual([queue.nextReadyMs(), drain(queue, 100)], [100, ["later"]]);
  });

  it("holds a key once: the newer job counts", () => {
    const queue = new HealQueue<string>();
    queue.join(line("a"));
    queue.join({ ...line("a"), job: "newer" });
    assert.deepStrictEqual(drain(queue), ["newer"]);
  });
});
