/** The queue against a model that looks at everybody at every step, and the promises that follow from its order. */
import { assert, describe, it } from "@effect/vitest";
import { placesPerTurn, type Rank, WaitQueue } from "../../src/limits/WaitQueue.ts";
import { generator } from "./generator.ts";

interface Waiter {
  readonly name: number;
  readonly rank: Rank;
}

const ranks: ReadonlyArray<Rank> = [0, 1, 2, 3];

/** The same rule in the plainest words: a list in order of arrival. */
class Model {
  waiting: Array<Waiter> = [];
  passed = 0;

  take(): Waiter | undefined {
    const urgent = ranks.map((rank) => this.waiting.find((waiter) => waiter.rank === rank)).find((waiter) => waiter !== undefined);
    const oldest = this.waiting[0];
    if (oldest === undefined) return undefined;
    const next = this.passed === 9 ? oldest : urgent;
    this.passed = next === oldest ? 0 : this.passed + 1;
    this.waiting = this.waiting.filter((waiter) => waiter !== next);
    return next;
  }
}

/** All the rest of a model's queue, with newcomers, in order. */
const drained = (model: Model, ...newcomers: ReadonlyArray<Waiter>): ReadonlyArray<Waiter> => {
  const copy = new Model();
  copy.waiting = [...model.waiting, ...newcomers];
  copy.passed = model.passed;
  return Array.from({ length: copy.waiting.length }, () => copy.take()).filter((waiter) => waiter !== undefined);
};

describe("WaitQueue", () => {
  it("does what the model does, in five hundred series of commands (R-29)", () => {
    for (let seed = 1; seed <= 500; seed++) {
      const random = generator(seed);
      const queue = new WaitQueue<Waiter>();
      const model = new Model();
      for (let step = 0; step < 60; step++) {
        const kind = random();
        if (kind < 0.5) {
          const waiter = { name: step, rank: ranks[Math.floor(random() * 4)] ?? 0 };
          if (step % 5 === 0) {
            const before = drained(model, waiter).indexOf(waiter);
            const ahead = queue.ahead(waiter.rank);
            assert.isAtLeast(ahead, before);
            assert.isAtMost(ahead, Math.ceil((before + 1) * (placesPerTurn / (placesPerTurn - 1))) + 1, `seed ${seed}`);
          }
          queue.join(waiter);
          model.waiting.push(waiter);
        } else if (kind < 0.85) {
          const next = queue.first();
          assert.strictEqual(queue.take(), next);
          assert.strictEqual(next, model.take(), `seed ${seed}`);
        } else {
          const gone = model.waiting[Math.floor(random() * model.waiting.length)];
          if (gone === undefined) continue;
          model.waiting = model.waiting.filter((waiter) => waiter !== gone);
          assert.isTrue(queue.leave(gone));
          assert.isFalse(queue.leave(gone));
        }
        assert.strictEqual(queue.size, model.waiting.length);
        if (step % 20 === 0) assert.deepStrictEqual(queue.inOrder(), drained(model));
      }
    }
  });

  it("serves everybody within ten places for each older one, however many urgent callers come", () => {
    const queue = new WaitQueue<Waiter>();
    for (let name = 0; name < 20; name++) queue.join({ name, rank: 3 });
    const servedAt = new Map<number, number>();
    for (let place = 1; place <= 250; place++) {
      queue.join({ name: 1_000 + place, rank: 0 });
      queue.join({ name: 2_000 + place, rank: 0 });
      const next = queue.take();
      if (next !== undefined && next.name < 20) servedAt.set(next.name, place);
    }
    for (let name = 0; name < 20; name++) assert.strictEqual(servedAt.get(name), 10 * (name + 1));
  });
});
