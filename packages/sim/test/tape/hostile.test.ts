import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { Sequence } from "../../src/market/Hash.ts";
import { encodeMember, memorySource } from "@naru/node/GzipMembers";
import { linesOf, pagesOf } from "../../src/tape/lines.ts";
import { readTape } from "../../src/tape/Tape.ts";
import { maxEntries } from "../../src/tape/TapeIndex.ts";

const header = '{"event":"tape","format":"naru-tape","version":1,"startedWall":0}\n';

describe("a hostile tape", () => {
  it("is read line by line as if it had been split", () => {
    const chance = new Sequence(1);
    for (let run = 0; run < 300; run++) {
      const text = Array.from({ length: Math.floor(chance.next() * 40) }, () => (chance.next() < 0.4 ? "\n" : "x")).join("");
      assert.deepStrictEqual([...linesOf(text)], text.split("\n"));
      const size = 1 + Math.floor(chance.next() * 4);
      const pages = [...pagesOf(text, size)];
      assert.strictEqual(pages.join("\n"), text);
      for (const [i, page] of pages.entries()) assert.strictEqual(page.split("\n").length === size || i === pages.length - 1, true);
    }
  });

  it.effect("of line ends alone opens in little memory", () =>
    Effect.gen(function* () {
      // An array of these lines would take half a gigabyte.
      const bomb = Buffer.concat([encodeMember(header), encodeMember("\n".repeat(30_000_000))]);
      assert.isBelow(bomb.length, 200_000);
      const before = process.memoryUsage().heapTotal;
      const tape = yield* readTape(memorySource(bomb), "bomb");
      assert.deepStrictEqual([tape.parts.length, tape.sockets.length, tape.damage.malformedLines], [1, 0, 0]);
      assert.isBelow(process.memoryUsage().heapTotal - before, 200_000_000);
    }),
  );

  it.effect("with more sockets and requests than anybody records is refused", () =>
    Effect.gen(function* () {
      const line = '{"event":"connect","wall":1,"mono":1,"socket":1,"host":"h","target":"/"}\n';
      const members = [header, ...Array.from({ length: 11 }, () => line.repeat(maxEntries / 10))].map(encodeMember);
      const error = yield* Effect.flip(readTape(memorySource(Buffer.concat(members)), "bomb"));
      assert.deepInclude({ ...error }, { reason: "damaged", detail: "more than 1000000 sockets and requests" });
    }),
  );

  it.effect("with times that no clock shows has lines that are no events, or no header", () =>
    Effect.gen(function* () {
      const line = '{"event":"connect","wall":1,"mono":1e999,"socket":1,"host":"h","target":"/"}\n';
      const tape = yield* readTape(memorySource(encodeMember(header + line)), "endless");
      assert.deepStrictEqual([tape.damage.malformedLines, tape.sockets.length], [1, 0]);
      const error = yield* Effect.flip(readTape(memorySource(encodeMember(header.replace(":0}", ":1e300}"))), "never"));
      assert.strictEqual(error.reason, "not_a_tape");
    }),
  );
});
