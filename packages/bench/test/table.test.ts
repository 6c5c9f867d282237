import { assert, describe, it } from "@effect/vitest";
import { parseReading } from "../src/Child.ts";
import { watchMachine } from "../src/Machine.ts";
import type { CaseResult } from "../src/Rounds.ts";
import { caseTable, machineLine } from "../src/Table.ts";
import { spell } from "../src/Text.ts";
import { figureOf, resultOf } from "./results.ts";

const summary = (median: number, min: number, max: number) => ({ median, min, max });

const result: CaseResult = {
  ...resultOf("serve", [
    { ...figureOf("frames", { base: 150_000, candidate: 24_017.4 }, "frames/s"), better: "higher", ratio: summary(0.16, 0.1507, 0.2) },
    { ...figureOf("CPU", { base: 4.4, candidate: 44.47 }, "us/frame"), ratio: summary(10.1, 2, 30) },
  ]),
  ...{ about: "frames to one client", base: "bare", candidate: "emulator" },
};

describe("the table", () => {
  it("shows the ratio with its range before any absolute figure, in columns, and names the noisy figures", () => {
    assert.deepStrictEqual(caseTable(result).split("\n"), [
      "serve: frames to one client",
      "  candidate: emulator",
      "  base:      bare",
      "  figure  candidate / base    min … max  candidate     base  unit",
      "  frames              0.16  0.151 … 0.2     24,017  150,000  frames/s, higher is better",
      "  CPU                 10.1       2 … 30       44.5      4.4  us/frame, lower is better",
      "  medians of 0 rounds; NOISY (range wider than the median): CPU",
    ]);
  });

  it("shows the candidate beside each peer, and what the peer is", () => {
    const beside = resultOf("read", [figureOf("small", { base: 4, candidate: 2, ccxt: 20 })]);
    assert.deepStrictEqual(
      caseTable({ ...beside, peers: { ccxt: "its parser" } })
        .split("\n")
        .slice(5),
      [
        "  ccxt: its parser",
        "  figure  candidate / peer  min … max  peer's  peer",
        "  small                0.1  0.1 … 0.1      20  ccxt",
        "  medians of 0 rounds",
      ],
    );
  });

  it("spells numbers with the digits that matter", () => {
    assert.deepStrictEqual([0.001234, 0.5, 12.345, 999.4, 1_000, 1_234_567.8].map(spell), [
      "0.00123",
      "0.5",
      "12.3",
      "999",
      "1,000",
      "1,234,568",
    ]);
  });
});

describe("the machine", () => {
  it("is described with its processor, its load and the versions of what is compared", () => {
    const machine = watchMachine()();
    assert.isAbove(machine.cores, 0);
    assert.strictEqual(machine.node, process.version);
    assert.deepStrictEqual(Object.keys(machine.versions), ["bottleneck", "ccxt", "effect", "tardis-dev", "typebox", "undici", "ws", "zod"]);
    for (const version of Object.values(machine.versions)) assert.match(version, /^\d+\.\d+\.\d+/);
    assert.lengthOf(machine.loadAfter, 3);
    assert.include(machineLine(machine), process.version);
  });
});

describe("a child's reading", () => {
  it("is the last line of what it printed", () => {
    assert.deepStrictEqual(parseReading('(a warning)\n{"figures":{"time":1},"work":2}\n'), { figures: { time: 1 }, work: 2 });
  });

  it("is refused when it is none", () => {
    for (const output of ["", "done", "7", "null", '{"figures":3,"work":1}', '{"figures":{}}']) assert.throws(() => parseReading(output));
  });
});
