import { gunzipSync } from "node:zlib";
import { assert, describe, it } from "@effect/vitest";
import { couldBeTorn, decodeMember, encodeMember, memorySource, scanMembers } from "../src/GzipMembers.ts";

const texts = ['{"event":"tape"}\n', '{"event":"frame","text":"비트코인 \\u0000"}\n'.repeat(50), '{"event":"end"}\n'];
const members = texts.map(encodeMember);
const whole = Buffer.concat(members);

const scan = (bytes: Uint8Array) => {
  const seen: Array<string> = [];
  return { ...scanMembers(memorySource(bytes), (text) => void seen.push(text)), seen };
};

describe("members of a tape", () => {
  it("are read by every program that reads gzip", () => {
    assert.strictEqual(gunzipSync(whole).toString("utf8"), texts.join(""));
  });

  it("cut at any byte, lose only the one that was cut, and say how many bytes that is", () => {
    const ends = members.map((_, i) => members.slice(0, i + 1).reduce((sum, member) => sum + member.length, 0));
    for (let cut = 0; cut <= whole.length; cut++) {
      const { end, members: found, seen, tornBytes, damagedBytes } = scan(whole.subarray(0, cut));
      const kept = ends.filter((at) => at <= cut).length;
      assert.strictEqual(found.length, kept, `cut at ${cut}`);
      assert.deepStrictEqual(seen, texts.slice(0, kept));
      assert.strictEqual(end, kept === 0 ? 0 : ends[kept - 1]);
      assert.strictEqual(tornBytes, cut - end);
      assert.strictEqual(damagedBytes, 0);
    }
  });

  it("with any one byte changed, lose only the one it is in", () => {
    const start = members[0]?.length ?? 0;
    const end = start + (members[1]?.length ?? 0);
    for (let at = start; at < end; at++) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ 0x41;
      const { seen, damagedBytes, tornBytes } = scan(bytes);
      assert.deepStrictEqual(seen, [texts[0], texts[2]], `byte ${at}`);
      assert.strictEqual(damagedBytes, end - start);
      assert.strictEqual(tornBytes, 0);
    }
  });

  it("after zeros that a crash left are found again, across the borders of what is read at once", () => {
    for (const gap of [1, 65_519, 65_520, 65_535, 65_536, 200_000]) {
      const { seen, damagedBytes } = scan(Buffer.concat([...members.slice(0, 2), Buffer.alloc(gap), members[2] ?? new Uint8Array()]));
      assert.deepStrictEqual(seen, texts);
      assert.strictEqual(damagedBytes, gap);
    }
  });

  it("are told from gzip of somebody else's and from anything else", () => {
    assert.isUndefined(decodeMember(Buffer.from("not gzip at all, but long enough to be")));
    assert.isFalse(couldBeTorn(Buffer.from("{")));
    assert.isFalse(couldBeTorn(new Uint8Array()));
    assert.isFalse(couldBeTorn(Uint8Array.of(0x1f, 0x8b, 8, 0)));
    assert.isTrue(couldBeTorn(whole.subarray(0, 3)));
  });
});
