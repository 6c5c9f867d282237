/** What is learned from questions: rhythms and followers, bounded, the same for the same questions, and forgotten when they end. */
import { assert, describe, it } from "@effect/vitest";
import { defaultHabitOptions, Habits } from "../../src/select/Habits.ts";
import { OnlineLogistic } from "../../src/select/OnlineLogistic.ts";

const lifeMs = 5_000;

/** Keys asked at these times, with what was told of each question. */
const after = (questions: ReadonlyArray<readonly [atMs: number, id: string]>, capacity = 100) => {
  const habits = new Habits<string>({ ...defaultHabitOptions, capacity });
  const told = questions.map(([atMs, id]) => habits.asked(id, "ticker", id, atMs, lifeMs, 0).map((one) => one.id));
  return { habits, told };
};

describe("followers", () => {
  const chain = (times: number) =>
    Array.from({ length: times }, (_, nth) => ["a", "b", "c"].map((id, step) => [nth * 60_000 + step * 1_000, id] as const)).flat();

  it("are told after they have followed a few times, with all that comes after them, and not before", () => {
    const { told } = after(chain(5));
    assert.deepStrictEqual(told.slice(0, 3), [[], [], []]);
    assert.deepStrictEqual(told.at(-3), ["b", "c"]);
    // What is under way needs no telling: c alone is left after b.
    assert.deepStrictEqual(told.at(-2), ["c"]);
    assert.deepStrictEqual(told.at(-1), []);
  });

  it("are forgotten when the habit ends", () => {
    const { habits } = after(chain(10));
    for (let nth = 10; nth < 20; nth++) habits.asked("a", "ticker", "a", nth * 60_000, lifeMs, 0);
    assert.deepStrictEqual(habits.asked("a", "ticker", "a", 20 * 60_000, lifeMs, 0), []);
  });

  it("are few for each key, and a passer-by pushes out no habit", () => {
    const { habits } = after(chain(10));
    for (let nth = 10; nth < 40; nth++) {
      habits.asked("a", "ticker", "a", nth * 60_000, lifeMs, 0);
      habits.asked("b", "ticker", "b", nth * 60_000 + 500, lifeMs, 0);
      habits.asked(`once-${nth}`, "ticker", "", nth * 60_000 + 900, lifeMs, 0);
    }
    const told = habits.asked("a", "ticker", "a", 40 * 60_000, lifeMs, 0);
    assert.deepStrictEqual(
      told.map(({ id }) => id),
      ["b"],
    );
    assert.isAtMost(habits.get("a")?.followers.length ?? 99, 12);
  });
});

describe("a rhythm", () => {
  it("has a moment half a life before the next question, once per pause, and a burst is one question", () => {
    const times = [0, 60_000, 120_000, 180_000].flatMap((at) => [at, at + 400, at + 800].map((atMs) => [atMs, "a"] as const));
    const { habits } = after(times);
    assert.isTrue(habits.hasMoments);
    assert.deepStrictEqual(habits.due(180_800 + 55_000), []);
    const [due] = habits.due(180_800 + 57_500);
    assert.strictEqual(due?.id, "a");
    assert.isFalse(habits.hasMoments);
    assert.isAbove(habits.chance(due!, 180_800 + 57_500, 0), 0.5);
    assert.isBelow(habits.chance(due!, 180_800 + 90_000, 0), 0.5);
  });

  it("learns from how its guesses came out", () => {
    const { habits } = after(Array.from({ length: 5 }, (_, nth) => [nth * 60_000, "a"] as const));
    const first = habits.get("a");
    assert(first !== undefined);
    const before = habits.chance(first, 297_500, 0);
    // Guessed again and again, and never asked within the life.
    for (let nth = 0; nth < 50; nth++) habits.chance(first, 297_500 + nth * 10_000, 0);
    habits.asked("b", "ticker", "b", 900_000, lifeMs, 0);
    assert.isBelow(habits.chance(first, 297_500, 0), before);
  });
});

describe("what is remembered", () => {
  it("holds no key by those that followed it long ago", () => {
    const asked = Array.from({ length: 400 }, (_, nth) => [nth * 1_500, `once-${nth}`] as const);
    const { habits } = after([[0, "always"], ...asked.flatMap((one) => [one, [one[0] + 500, "always"] as const])], 20);
    const held = new Set<unknown>();
    const hold = (all: ReadonlyArray<{ readonly key: { readonly followers: typeof all } }>) => {
      for (const { key } of all) {
        if (held.has(key)) continue;
        held.add(key);
        hold(key.followers);
      }
    };
    hold(habits.get("always")?.followers ?? []);
    assert.isAtMost(held.size, 20 + 12);
  });

  it("is bounded: the key asked longest ago is forgotten, with its moment", () => {
    const { habits } = after(
      Array.from({ length: 5_000 }, (_, nth) => [nth * 1_000, `key-${Math.floor(nth / 3) % 700}`] as const),
      50,
    );
    assert.strictEqual(habits.size, 50);
    assert.isAtMost(habits.due(1e9).length, 50);
  });

  it("is the same for the same questions", () => {
    const questions = Array.from({ length: 2_000 }, (_, nth) => [nth * 700, `key-${(nth * 7) % 23}`] as const);
    assert.deepStrictEqual(after(questions).told, after(questions).told);
  });
});

describe("OnlineLogistic", () => {
  it("finds what decides, and stays between 0 and 1 under the oddest examples", () => {
    const model = new OnlineLogistic([0, 0, 0]);
    for (let nth = 0; nth < 2_000; nth++) model.learn(Float64Array.of(1, nth % 2, (nth * 7) % 5), nth % 2 === 1);
    assert.isAbove(model.chance(Float64Array.of(1, 1, 2)), 0.9);
    assert.isBelow(model.chance(Float64Array.of(1, 0, 2)), 0.1);
    for (let nth = 0; nth < 1_000; nth++) model.learn(Float64Array.of(1e9, -1e9, 1e9), nth % 3 === 0);
    const chance = model.chance(Float64Array.of(1, 1, 1));
    assert.isTrue(chance >= 0 && chance <= 1);
  });
});
