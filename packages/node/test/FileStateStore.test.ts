/** The store over files: what is written is read again by the next, and nothing that is wrong with a file or a folder is a failure. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StateStore } from "@naru/router/state/StateStore";
import { assert, describe, it } from "@effect/vitest";
import { ConfigProvider, Effect, Logger } from "effect";
import * as FileStateStore from "../src/FileStateStore.ts";

const temporary = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "naru-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true })),
);

const read = (name: string) => Effect.flatMap(StateStore, (store) => store.read(name));
const write = (name: string, value: { readonly [key: string]: number }) => Effect.flatMap(StateStore, (store) => store.write(name, value));

/** The result, and what was warned of meanwhile. */
const warned = <A, E, R>(effect: Effect.Effect<A, E, R>) => {
  const warnings: Array<string> = [];
  const logger = Logger.make<unknown, void>(({ message }) => void warnings.push(String(message)));
  return Effect.map(Effect.provide(effect, Logger.layer([logger])), (value) => ({ value, warnings }));
};

describe("the store over files", () => {
  it.effect("gives a document back to the next layer, and keeps it from others", () =>
    Effect.gen(function* () {
      const folder = join(yield* temporary, "state");
      yield* Effect.provide(Effect.andThen(write("blocks", { a: 1 }), write("blocks", { b: 2 })), FileStateStore.layerAt(folder));
      assert.deepStrictEqual(yield* Effect.provide(read("blocks"), FileStateStore.layerAt(folder)), { b: 2 });
      assert.strictEqual(yield* Effect.provide(read("nothing"), FileStateStore.layerAt(folder)), undefined);
      assert.deepStrictEqual(readdirSync(folder), ["blocks.json"], "nothing half written is left");
      assert.strictEqual(statSync(join(folder, "blocks.json")).mode & 0o777, 0o600);
    }).pipe(Effect.scoped),
  );

  it.effect("many writers at once leave one whole document", () =>
    Effect.gen(function* () {
      const folder = yield* temporary;
      const writers = Array.from({ length: 4 }, (_, layer) =>
        Effect.provide(
          Effect.forEach(
            Array.from({ length: 50 }, (_, i) => i),
            (i) => write("use", { layer, i }),
            { concurrency: "unbounded" },
          ),
          FileStateStore.layerAt(folder),
        ),
      );
      yield* Effect.all(writers, { concurrency: "unbounded" });
      assert.deepInclude(yield* Effect.provide(read("use"), FileStateStore.layerAt(folder)), { i: 49 });
      assert.deepStrictEqual(readdirSync(folder), ["use.json"]);
    }).pipe(Effect.scoped),
  );

  const strange: ReadonlyArray<readonly [string, string]> = [
    ["cut in the middle", '{"naru":"blocks","val'],
    ["empty", ""],
    ["of another program", '{"blocks":[]}'],
    ["of another document", '{"naru":"use","value":{}}'],
    ["too large", JSON.stringify({ naru: "blocks", value: "x".repeat(70_000) })],
  ];
  for (const [what, text] of strange) {
    it.effect(`a file that is ${what} costs one warning, stays as it is, and the document lives in memory`, () =>
      Effect.gen(function* () {
        const folder = yield* temporary;
        writeFileSync(join(folder, "blocks.json"), text);
        const program = Effect.gen(function* () {
          const before = yield* read("blocks");
          yield* write("blocks", { a: 1 });
          return [before, yield* read("blocks")];
        });
        const { value, warnings } = yield* warned(Effect.provide(program, FileStateStore.layerAt(folder)));
        assert.deepStrictEqual(value, [undefined, { a: 1 }]);
        assert.strictEqual(warnings.length, 1);
        assert.strictEqual(readFileSync(join(folder, "blocks.json"), "utf8"), text);
      }).pipe(Effect.scoped),
    );
  }

  it.effect("a folder that cannot be written to costs one warning, and the document lives in memory", () =>
    Effect.gen(function* () {
      const folder = yield* temporary;
      const file = join(folder, "file");
      writeFileSync(file, "");
      const program = Effect.gen(function* () {
        yield* write("blocks", { a: 1 });
        yield* write("blocks", { a: 2 });
        return yield* read("blocks");
      });
      const { value, warnings } = yield* warned(Effect.provide(program, FileStateStore.layerAt(join(file, "state"))));
      assert.deepStrictEqual(value, { a: 2 });
      assert.strictEqual(warnings.length, 1);
    }).pipe(Effect.scoped),
  );

  it.effect("without a state folder everything lives in memory and nothing is kept for the next process", () =>
    Effect.gen(function* () {
      const file = join(yield* temporary, "file");
      writeFileSync(file, "");
      const env = Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnvRecord({ NARU_STATE: join(file, "state") }));
      const durable = Effect.provide(
        Effect.map(StateStore, (store) => store.durable),
        FileStateStore.layer,
      );
      const { value, warnings } = yield* warned(env(durable));
      assert.deepStrictEqual([value, warnings.length], [false, 1]);
    }).pipe(Effect.scoped),
  );
});
