import { assert, describe, it } from "@effect/vitest";
import { readArguments } from "../src/Arguments.ts";

const names = {
  cases: ["startup-command", "startup-import", "sim-serve", "world", "scale-keys"],
  groups: { startup: ["startup-command", "startup-import"] },
};
const read = (...args: ReadonlyArray<string>) => readArguments(args, names);

describe("the arguments", () => {
  it("mean the cases behind the goals, their own rounds and tables when there are none", () => {
    const none = { all: false, quick: false, json: false, check: false, write: false, list: false, help: false };
    assert.deepStrictEqual(read(), { only: undefined, rounds: undefined, ...none });
  });

  it("name cases and groups in the order given, in one list or several, each case once", () => {
    assert.deepStrictEqual(read("--only", "world,sim-serve").only, ["world", "sim-serve"]);
    assert.deepStrictEqual(read("--only", "world", "--only=startup, startup-import,world").only, [
      "world",
      "startup-command",
      "startup-import",
    ]);
  });

  it("pass a package manager's own double dash over", () => {
    const { json, rounds } = read("--", "--json", "--rounds", "9");
    assert.deepStrictEqual([json, rounds], [true, 9]);
  });

  it("are refused when they could be a mistake", () => {
    assert.throws(() => read("--only", "sim"), /no group or case "sim"; there are the groups startup and the cases startup-command, /);
    assert.throws(() => read("--only", "toString"), /no group or case "toString"/);
    assert.throws(() => read("--only", ""), /no group or case ""/);
    for (const rounds of ["4", "0", "-7", "7.5", "many", "1e3", "1001"])
      assert.throws(() => read(`--rounds=${rounds}`), /--rounds takes 5 to 1000/, rounds);
    assert.throws(() => read("--jsno"), /jsno/);
    assert.throws(() => read("world"), /world/);
  });

  it("are refused when they contradict each other, and nothing partial is written down", () => {
    for (const [args, why] of [
      [["--all", "--only", "world"], /--all and --only/],
      [["--quick", "--rounds", "9"], /--quick and --rounds/],
      [["--write", "--only", "world"], /--write and --only/],
    ] as const)
      assert.throws(() => read(...args), why);
    const { write, all } = read("--write", "--all");
    assert.deepStrictEqual([write, all], [true, true]);
    // A curve has a section of its own, beside those of others that stay.
    assert.isTrue(read("--write", "--only", "scale-keys").write);
    assert.throws(() => read("--write", "--only", "scale-keys,world"), /--write and --only/);
  });
});
