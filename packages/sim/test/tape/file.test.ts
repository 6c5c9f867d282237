import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { TestClock } from "effect/testing";
import { encodeMember } from "@naru/node/GzipMembers";
import { openTape } from "../../src/tape/Tape.ts";
import { openSink } from "../../src/tape/TapeFile.ts";
import { makeRecorder } from "../../src/tape/TapeRecorder.ts";

/** A path in a folder of its own that goes with the scope. */
const place = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "naru-tape-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true })),
  ),
  (folder) => join(folder, "a.tape"),
);

/** Records some frames, a member each. */
const record = (path: string, texts: ReadonlyArray<string>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const sink = yield* openSink(path);
      const recorder = yield* makeRecorder(sink);
      recorder.record({ event: "connect", socket: 1, host: "h", target: "/websocket/v1" });
      recorder.record({ event: "open", socket: 1 });
      yield* recorder.flush;
      for (const text of texts) {
        recorder.record({ event: "frame", socket: 1, binary: true, text });
        yield* recorder.flush;
      }
      yield* recorder.finish;
      return { parts: sink.parts, tornBytes: sink.tornBytes, damagedBytes: sink.damagedBytes };
    }),
  );

const frames = (path: string) =>
  Effect.scoped(
    Effect.map(openTape(path), (tape) => ({
      tape,
      texts: [...tape.events()].flatMap(({ event }) => (event.event === "frame" && "text" in event ? [event.text] : [])),
    })),
  );

describe("a tape's file", () => {
  it.effect("cut at every byte of its last members opens with every whole member, is continued behind them, and says what was lost", () =>
    Effect.gen(function* () {
      const path = yield* place;
      yield* record(path, ["one", "two", "three"]);
      const whole = readFileSync(path);
      const { tape } = yield* frames(path);
      assert.isTrue(tape.parts[0]?.isEnded);
      for (let cut = whole.length - 1; cut > 0; cut -= 1) {
        writeFileSync(path, whole.subarray(0, cut));
        const before = yield* Effect.exit(frames(path));
        const kept = before._tag === "Success" ? before.value.texts : [];
        const torn = before._tag === "Success" ? before.value.tape.damage.tornBytes : cut;
        const appended = yield* record(path, ["more"]);
        assert.strictEqual(appended.tornBytes, torn, `cut at ${cut}`);
        const after = yield* frames(path);
        assert.deepStrictEqual(after.texts, [...kept, "more"]);
        assert.deepStrictEqual(after.tape.damage, { tornBytes: 0, damagedBytes: 0, malformedLines: 0, droppedEvents: 0 });
        // What every other program sees is whole as well.
        assert.strictEqual(gunzipSync(readFileSync(path)).toString("utf8").trimEnd().split("\n").at(-1)?.includes('"end"'), true);
      }
    }),
  );

  it.effect("is continued as a part of its own, at the distance of the wall clock", () =>
    Effect.gen(function* () {
      const path = yield* place;
      assert.deepStrictEqual(yield* record(path, ["a"]), { parts: 0, tornBytes: 0, damagedBytes: 0 });
      yield* TestClock.adjust("5 seconds");
      assert.deepStrictEqual(yield* record(path, ["b"]), { parts: 1, tornBytes: 0, damagedBytes: 0 });
      const { tape, texts } = yield* frames(path);
      assert.deepStrictEqual(texts, ["a", "b"]);
      assert.deepStrictEqual(
        tape.parts.map(({ isEnded, startNanos }) => [isEnded, startNanos]),
        [
          [true, 0],
          [true, 5_000_000_000],
        ],
      );
      assert.strictEqual(tape.durationMs, 5_000);
      assert.deepStrictEqual(
        tape.sockets.map(({ part, id }) => [part, id]),
        [
          [0, 1],
          [1, 1],
        ],
      );
    }),
  );

  it.effect("that is something else is refused and stays as it was", () =>
    Effect.gen(function* () {
      const path = yield* place;
      for (const [bytes, reason] of [
        [Buffer.from("a diary\n"), "not_appendable"],
        [gzipSync("a diary, packed\n"), "not_appendable"],
        [Buffer.alloc(4_096), "not_appendable"],
        [encodeMember('{"event":"frame"}\n'), "not_a_tape"],
        [encodeMember('{"event":"tape","format":"naru-tape","version":2,"startedWall":0}\n'), "version"],
      ] as const) {
        writeFileSync(path, bytes);
        const error = yield* Effect.flip(record(path, ["x"]));
        assert.deepInclude(error, { _tag: "TapeError", reason });
        assert.deepStrictEqual(readFileSync(path), Buffer.from(bytes));
      }
    }),
  );

  it.effect("of another version, of another kind, empty or missing cannot be opened for reading, and the error says which", () =>
    Effect.gen(function* () {
      const path = yield* place;
      const opened = (bytes: Uint8Array | string) =>
        Effect.gen(function* () {
          writeFileSync(path, bytes);
          const error = yield* Effect.flip(frames(path));
          return error._tag === "TapeError" ? error.reason : error._tag;
        });
      assert.strictEqual(yield* opened(encodeMember('{"event":"tape","format":"naru-tape","version":99,"startedWall":0}\n')), "version");
      assert.strictEqual(yield* opened('{"event":"tape","format":"naru-tape","version":99,"startedWall":0}\n'), "version");
      assert.strictEqual(yield* opened('{"recv":1,"raw":"{}"}\n'), "not_a_tape");
      assert.strictEqual(yield* opened("a diary\n"), "not_a_tape");
      assert.strictEqual(yield* opened(""), "not_a_tape");
      assert.strictEqual(yield* opened(gzipSync("a diary\n")), "not_a_tape");
      assert.strictEqual(yield* opened(gzipSync("a diary\n").subarray(0, 20)), "damaged");
      rmSync(path);
      assert.deepInclude(yield* Effect.flip(frames(path)), { _tag: "StorageError", code: "ENOENT" });
      assert.deepInclude(yield* Effect.flip(Effect.scoped(openSink(join(path, "..")))), { _tag: "StorageError", code: "EISDIR" });
    }),
  );

  it.effect("unpacked, or packed again by another program, reads the same; a last line without its end is torn", () =>
    Effect.gen(function* () {
      const path = yield* place;
      yield* record(path, ["one", "비트"]);
      const plain = gunzipSync(readFileSync(path));
      for (const bytes of [plain, gzipSync(plain)]) {
        writeFileSync(path, bytes);
        assert.deepStrictEqual((yield* frames(path)).texts, ["one", "비트"]);
      }
      writeFileSync(path, plain.subarray(0, -3));
      const { tape } = yield* frames(path);
      assert.isAbove(tape.damage.tornBytes, 0);
      assert.isFalse(tape.parts[0]?.isEnded);
    }),
  );

  it.effect("damaged in its first member still tells the rest, without a header", () =>
    Effect.gen(function* () {
      const path = yield* place;
      yield* record(path, ["one", "two"]);
      const bytes = readFileSync(path);
      bytes[40] = (bytes[40] ?? 0) ^ 1;
      writeFileSync(path, bytes);
      const { tape, texts } = yield* frames(path);
      assert.deepStrictEqual(texts, ["one", "two"]);
      assert.isAbove(tape.damage.damagedBytes, 0);
      assert.isNull(tape.parts[0]?.header.venue);
    }),
  );

  it.effect("keeps events that a later program may add out of the way, and counts lines that are none", () =>
    Effect.gen(function* () {
      const path = yield* place;
      yield* record(path, ["one"]);
      const odd = [
        '{"event":"moon_phase","wall":0,"mono":0}',
        '{"event":"frame","wall":0,"mono":0,"socket":"x","binary":true,"text":""}',
        "nonsense",
      ];
      appendFileSync(path, encodeMember(`${odd.join("\n")}\n`));
      const { tape, texts } = yield* frames(path);
      assert.deepStrictEqual(texts, ["one"]);
      assert.strictEqual(tape.counts.get("moon_phase"), 1);
      assert.strictEqual(tape.damage.malformedLines, 2);
    }),
  );

  it.effect("must be a file: a device or a folder is refused before anything is written", () =>
    Effect.gen(function* () {
      assert.deepInclude(yield* Effect.flip(Effect.scoped(openSink("/dev/full"))), { _tag: "StorageError" });
      assert.deepInclude(yield* Effect.flip(Effect.scoped(openTape("/"))), { _tag: "StorageError", code: "EISDIR" });
    }),
  );
});
