import { mkdtemp, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { assert, describe, it } from "@effect/vitest";
import { StorageError } from "@naru/router/errors/MarketDataError";
import { FlightFolder } from "@naru/router/tape/FlightFolder";
import { ConfigProvider, Effect } from "effect";
import { layer, layerAt } from "../src/FlightFolder.ts";

const fresh = Effect.promise(() => mkdtemp(join(tmpdir(), "naru-flight-")));

const folderAt = (path: string) =>
  Effect.gen(function* () {
    const folder = yield* FlightFolder;
    if (folder === undefined) return yield* Effect.die(new Error("there is no folder"));
    return folder;
  }).pipe(Effect.provide(layerAt(path)));

describe("the folder of flight recordings", () => {
  it.effect("writes whole files that only their owner reads, as members that zcat reads", () =>
    Effect.gen(function* () {
      const path = join(yield* fresh, "deep", "flight");
      const folder = yield* folderAt(path);
      const written = yield* folder.write("flight-1.tape", 3, (put) => Effect.andThen(put('{"a":1}\n'), put('{"b":2}\n')));
      assert.deepStrictEqual(yield* Effect.promise(() => readdir(path)), [`flight-1-${process.pid}.tape`]);
      const bytes = yield* Effect.promise(() => readFile(written.path));
      assert.strictEqual(bytes.length, written.bytes);
      assert.strictEqual(gunzipSync(bytes).toString(), '{"a":1}\n{"b":2}\n');
      assert.strictEqual((yield* Effect.promise(() => stat(written.path))).mode & 0o777, 0o600);
    }),
  );

  it.effect("leaves nothing of one that could not be finished, nor of one that was interrupted", () =>
    Effect.gen(function* () {
      const path = yield* fresh;
      const folder = yield* folderAt(path);
      const full = new StorageError({ operation: "write", path, code: "ENOSPC", detail: null });
      const failed = yield* Effect.flip(folder.write("flight-1.tape", 3, (put) => Effect.andThen(put("a\n"), Effect.fail(full))));
      assert.strictEqual(failed.code, "ENOSPC");
      yield* Effect.raceFirst(
        folder.write("flight-2.tape", 3, () => Effect.never),
        Effect.yieldNow,
      );
      assert.deepStrictEqual(yield* Effect.promise(() => readdir(path)), []);
    }),
  );

  it.effect("keeps the newest, removes what a crash left long ago, and touches nothing else", () =>
    Effect.gen(function* () {
      const path = yield* fresh;
      const folder = yield* folderAt(path);
      const [crashed, present, other] = ["flight-0-1.tape.tmp", "flight-0-2.tape.tmp", "notes.txt"].map((name) => join(path, name)) as [
        string,
        string,
        string,
      ];
      yield* Effect.promise(() => Promise.all([crashed, present, other].map((file) => writeFile(file, "x"))));
      yield* Effect.promise(() => utimes(crashed, new Date(0), new Date(0)));
      for (const nth of [1, 2, 3]) yield* folder.write(`flight-${nth}.tape`, 2, (put) => put("a\n"));
      assert.deepStrictEqual((yield* Effect.promise(() => readdir(path))).toSorted(), [
        "flight-0-2.tape.tmp",
        `flight-2-${process.pid}.tape`,
        `flight-3-${process.pid}.tape`,
        "notes.txt",
      ]);
    }),
  );

  it.effect("fails with what the system said where it cannot be written to", () =>
    Effect.gen(function* () {
      const file = join(yield* fresh, "a-file");
      yield* Effect.promise(() => writeFile(file, ""));
      const folder = yield* folderAt(join(file, "flight"));
      const error = yield* Effect.flip(folder.write("flight-1.tape", 2, () => Effect.void));
      assert.deepInclude({ ...error }, { _tag: "StorageError", code: "ENOTDIR" });
    }),
  );

  it.effect("packs and unpacks, and text becomes small", () =>
    Effect.gen(function* () {
      const folder = yield* folderAt(yield* fresh);
      const plain = new TextEncoder().encode('{"type":"ticker","code":"KRW-BTC","trade_price":1}'.repeat(1_000));
      const packed = yield* folder.pack(plain);
      assert.isBelow(packed.length * 8, plain.length);
      assert.deepStrictEqual(new Uint8Array(yield* folder.unpack(packed)), plain);
    }),
  );

  it.effect("is none where there is no state folder", () =>
    Effect.gen(function* () {
      const file = join(yield* fresh, "a-file");
      yield* Effect.promise(() => writeFile(file, ""));
      const env = ConfigProvider.fromEnvRecord({ NARU_STATE: join(file, "state") });
      assert.isUndefined(yield* FlightFolder.pipe(Effect.provide(layer), Effect.provideService(ConfigProvider.ConfigProvider, env)));
    }),
  );
});
