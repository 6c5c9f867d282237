import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import { type Linked, Recency } from "../../src/cache/Recency.ts";

interface Named extends Linked<Named> {
  readonly name: number;
}

const namesOf = (recency: Recency<Named>): ReadonlyArray<number> => {
  const names: Array<number> = [];
  for (let one = recency.oldest; one !== undefined; one = one.newer) names.push(one.name);
  return names;
};

describe("the order of use", () => {
  it.prop(
    "is that of a list in which what is used goes to the end, and who left holds nobody",
    {
      steps: Schema.Array(
        Schema.Tuple([Schema.Literals(["touch", "remove", "clear"]), Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 }))]),
      ),
    },
    ({ steps }) => {
      const recency = new Recency<Named>();
      const held = new Map<number, Named>();
      let model: ReadonlyArray<number> = [];
      for (const [step, name] of steps) {
        const one = held.get(name);
        if (step === "touch" && one === undefined) {
          const made: Named = { name, older: undefined, newer: undefined };
          held.set(name, made);
          recency.add(made);
        } else if (step === "touch" && one !== undefined) recency.touch(one);
        else if (step === "remove" && one !== undefined) {
          recency.remove(one);
          held.delete(name);
          assert.deepStrictEqual([one.older, one.newer], [undefined, undefined]);
        } else if (step === "clear" && name === 0) {
          recency.clear();
          held.clear();
        }
        if (step === "clear" && name === 0) model = [];
        if (step === "touch" || step === "remove") model = model.filter((other) => other !== name);
        if (step === "touch") model = [...model, name];
        assert.deepStrictEqual(namesOf(recency), model);
      }
    },
    { arbitrary: { runs: 300 } },
  );
});
