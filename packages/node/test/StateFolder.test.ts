import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { assert, it } from "@effect/vitest";
import { ConfigProvider, Effect, Logger, Option } from "effect";
import * as StateFolder from "../src/StateFolder.ts";

const withEnv = (env: Record<string, string>) => Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnvRecord(env));

const temporary = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "naru-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true })),
);

it.effect("NARU_STATE wins, then an absolute XDG_STATE_HOME, then the home folder", () =>
  Effect.gen(function* () {
    const at = (env: Record<string, string>) => StateFolder.locate.pipe(withEnv(env));
    assert.strictEqual(yield* at({ NARU_STATE: "/a/b", XDG_STATE_HOME: "/x" }), "/a/b");
    assert.strictEqual(yield* at({ NARU_STATE: "", XDG_STATE_HOME: "/x" }), "/x/naru");
    assert.strictEqual(yield* at({ XDG_STATE_HOME: "relative" }), join(homedir(), ".local/state/naru"));
    assert.strictEqual(yield* at({}), join(homedir(), ".local/state/naru"));
  }),
);

it.effect("the folder is made for its owner alone", () =>
  Effect.gen(function* () {
    const path = join(yield* temporary, "deep", "state");
    assert.deepStrictEqual(yield* StateFolder.open.pipe(withEnv({ NARU_STATE: path })), Option.some(path));
    assert.strictEqual(statSync(path).mode & 0o777, 0o700);
  }).pipe(Effect.scoped),
);

it.effect("a folder that cannot be made costs one warning and is None", () =>
  Effect.gen(function* () {
    const file = join(yield* temporary, "file");
    writeFileSync(file, "");
    const warnings: Array<string> = [];
    const logger = Logger.make<unknown, void>(({ logLevel, message }) => void warnings.push(`${logLevel} ${String(message)}`));
    const opened = yield* StateFolder.open.pipe(withEnv({ NARU_STATE: join(file, "state") }), Effect.provide(Logger.layer([logger])));
    assert.deepStrictEqual(opened, Option.none());
    assert.strictEqual(warnings.length, 1);
    assert.match(warnings[0] ?? "", /^Warn .*ENOTDIR/);
  }).pipe(Effect.scoped),
);
