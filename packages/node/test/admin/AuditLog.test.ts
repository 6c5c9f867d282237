import { appendFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import type { AuditEntry } from "../../src/admin/AdminApi.ts";
import * as AuditLog from "../../src/admin/AuditLog.ts";
import { stateFolder, warned } from "./app.ts";

const entry = (atMs: number, why = "a drill"): AuditEntry => ({ atMs, pid: 1, program: "bot", action: "fallback on", by: "jane", why });

describe("the audit", () => {
  it.effect("keeps what was done by hand, in two files of bounded size, and reads the newest back", () =>
    Effect.gen(function* () {
      const folder = yield* stateFolder;
      for (let at = 0; at < 1_000; at++) assert.isTrue(yield* AuditLog.record(folder, entry(at, "x".repeat(200))));
      assert.deepStrictEqual(
        (yield* AuditLog.tail(folder, 3)).map(({ atMs }) => atMs),
        [997, 998, 999],
      );
      assert.deepStrictEqual(readdirSync(folder).toSorted(), ["audit.1.jsonl", "audit.jsonl"]);
      for (const name of readdirSync(folder)) {
        const { size, mode } = statSync(join(folder, name));
        assert.isAtMost(size, 66_000);
        assert.strictEqual(mode & 0o777, 0o600);
      }
      assert.isAbove((yield* AuditLog.tail(folder, 1_000)).length, 200, "what is moved away can still be read");
    }).pipe(Effect.scoped),
  );

  it.effect("loses no line among many writers, and passes over lines that are not its own", () =>
    Effect.gen(function* () {
      const folder = yield* stateFolder;
      const times = Array.from({ length: 60 }, (_, at) => at);
      yield* Effect.forEach(times, (at) => AuditLog.record(folder, entry(at)), { concurrency: "unbounded", discard: true });
      appendFileSync(join(folder, "audit.jsonl"), '{"atMs":1}\nnot json\n{"atMs":61,"pid":1,"prog');
      const kept = yield* AuditLog.tail(folder, 100);
      assert.deepStrictEqual(
        kept.map(({ atMs }) => atMs).toSorted((a, b) => a - b),
        times,
      );
    }).pipe(Effect.scoped),
  );

  it.effect("says when it cannot write, and follows no link to another file", () =>
    Effect.gen(function* () {
      const folder = yield* stateFolder;
      writeFileSync(join(folder, "theirs"), "untouched");
      symlinkSync(join(folder, "theirs"), join(folder, "audit.jsonl"));
      const linked = yield* warned(AuditLog.record(folder, entry(1)));
      assert.deepStrictEqual([linked.value, linked.warnings.length], [false, 1]);
      assert.strictEqual(statSync(join(folder, "theirs")).size, 9);
      const { value } = yield* warned(AuditLog.record(join(folder, "nowhere"), entry(1)));
      assert.isFalse(value);
    }).pipe(Effect.scoped),
  );
});
