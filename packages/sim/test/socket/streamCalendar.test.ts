import { assert, describe, it } from "@effect/vitest";
import { Sequence } from "../../src/market/Hash.ts";
import { StreamCalendar } from "../../src/socket/StreamCalendar.ts";

class Fake {
  readonly name: string;
  dueMs: number;
  planned: number;
  constructor(name: string, dueMs: number) {
    this.name = name;
    this.dueMs = dueMs;
    this.planned = dueMs;
  }
  plan(): void {
    this.dueMs = this.planned;
  }
}

/** What the calendar promises, written as a search through all of them. */
const firstOf = (streams: ReadonlyArray<Fake>): Fake | undefined =>
  streams.reduce<Fake | undefined>((first, stream) => (first === undefined || stream.dueMs < first.dueMs ? stream : first), undefined);

describe("the calendar of a connection's streams", () => {
  it("gives what a search through all streams gives, ties in the order they were added", () => {
    for (let seed = 1; seed <= 50; seed++) {
      const random = new Sequence(seed);
      // Few distinct times, so that most are ties.
      const time = () => (random.next() < 0.1 ? Infinity : Math.floor(random.next() * 20));
      const streams = Array.from({ length: 1 + Math.floor(random.next() * 40) }, (_, i) => new Fake(String(i), time()));
      const calendar = new StreamCalendar<Fake>();
      for (const stream of streams) calendar.set(stream.name, stream);
      for (let step = 0; step < 200; step++) {
        const expected = firstOf(streams);
        assert.strictEqual(calendar.first, expected, `seed ${seed}, step ${step}`);
        assert.strictEqual(calendar.dueMs, expected?.dueMs);
        if (expected !== undefined) expected.dueMs = expected.dueMs === Infinity ? time() : expected.dueMs + Math.floor(random.next() * 9);
        calendar.settle();
        if (step % 50 !== 49) continue;
        for (const stream of streams) stream.planned = time();
        calendar.replan();
      }
    }
  });

  it("finds streams by key, lists them as they were added, and is never due when empty", () => {
    const calendar = new StreamCalendar<Fake>();
    assert.strictEqual(calendar.dueMs, Infinity);
    assert.isUndefined(calendar.first);
    calendar.settle();
    calendar.replan();
    const stream = new Fake("a", 7);
    calendar.set("a", stream);
    assert.strictEqual(calendar.get("a"), stream);
    assert.deepStrictEqual([calendar.has("a"), calendar.has("b"), calendar.dueMs], [true, false, 7]);
    const earlier = new Fake("b", 3);
    calendar.set("b", earlier);
    assert.strictEqual(calendar.first, earlier);
    assert.deepStrictEqual(
      [...calendar],
      [
        ["a", stream],
        ["b", earlier],
      ],
    );
  });
});
