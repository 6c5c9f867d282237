import { assert, describe, it } from "@effect/vitest";
import { readArguments } from "../src/Arguments.ts";

const known = ["startup", "sim-serve", "world"];
const read = (...args: ReadonlyArray<string>) => readArguments(args, known);

describe("the arguments", () => {
  it("mean all cases, their own rounds and a table when there are none", () => {
    assert.deepStrictEqual(read(), { only: undefined, rounds: undefined, json: false, check: false, list: false, help: false });
  });

  it("name cases in the order given, in one list or several, once each", () => {
    assert.deepStrictEqual(read("--only", "world,startup").only, ["world", "startup"]);
    assert.deepStrictEqual(read("--only", "world", "--only=startup, world").only, ["world", "startup"]);
  });

  it("pass a package manager's own double dash over", () => {
    const { json, rounds } = read("--", "--json", "--rounds", "9");
    assert.deepStrictEqual([json, rounds], [true, 9]);
  });

  it("are refused when they could be a mistake", () => {
    assert.throws(() => read("--only", "sim"), /no case "sim"; there are startup, sim-serve, world/);
    assert.throws(() => read("--only", ""), /no case ""/);
    for (const rounds of ["4", "0", "-7", "7.5", "many", "1e3", "1001"])
      assert.throws(() => read(`--rounds=${rounds}`), /--rounds takes 5 to 1000/, rounds);
    assert.throws(() => read("--jsno"), /jsno/);
    assert.throws(() => read("world"), /world/);
  });
});
