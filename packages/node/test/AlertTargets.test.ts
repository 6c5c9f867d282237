import { assert, describe, it } from "@effect/vitest";
import type { Alert } from "@naru/router/alerts/Alert";
import { AlertSinks } from "@naru/router/alerts/AlertSink";
import { Effect, Layer } from "effect";
import { mkdtemp, readFile, rm, stat, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as AlertTargets from "../src/AlertTargets.ts";

const alert: Alert = {
  rule: "disk",
  about: "",
  state: "raised",
  severity: "warning",
  what: "full",
  sinceMs: 0,
  atMs: 0,
  did: "",
  youCan: "make room",
  venue: "upbit",
  simulated: false,
};

const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "naru-alerts-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true })),
);

const sinksOf = (targets: ReadonlyArray<AlertTargets.AlertTarget>) => Effect.provide(AlertSinks, AlertTargets.layer(targets));

describe("the targets of alerts", () => {
  it.live("a file gets a line of JSON for each, is its owner's alone, and is begun anew when it is long", () =>
    Effect.gen(function* () {
      const path = join(yield* folder, "deeper", "alerts.jsonl");
      const [sink] = yield* sinksOf([{ to: "file", path }]);
      assert(sink !== undefined);
      yield* Effect.andThen(sink.send(alert), sink.send({ ...alert, state: "over" }));
      const lines = (yield* Effect.promise(() => readFile(path, "utf8"))).trim().split("\n");
      assert.deepStrictEqual(
        lines.map((line): unknown => JSON.parse(line)),
        [alert, { ...alert, state: "over" }],
      );
      assert.strictEqual((yield* Effect.promise(() => stat(path))).mode & 0o777, 0o600);
      yield* Effect.promise(() => truncate(path, 10_000_001));
      yield* sink.send(alert);
      assert.isBelow((yield* Effect.promise(() => stat(path))).size, 1_000);
      assert.isAbove((yield* Effect.promise(() => stat(`${path}.1`))).size, 10_000_000);
    }),
  );

  it.effect("that cannot be used are refused when the layer is built, without their secrets", () =>
    Effect.gen(function* () {
      const wrong: ReadonlyArray<AlertTargets.AlertTarget> = [
        { to: "file", path: "relative.jsonl" },
        { to: "slack", url: "http://hooks.slack.com/hunter2" },
        { to: "discord", url: "hunter2" },
        { to: "telegram", token: "hunter2/../../x", chatId: "1" },
        { to: "webhook", url: "ftp://example.test/hunter2" },
      ];
      for (const target of wrong) {
        const error = yield* Effect.flip(Effect.scoped(Layer.build(AlertTargets.layer([target]))));
        assert.strictEqual(error.setting, `alerts.${target.to}`);
        assert.notInclude(`${error.message} ${JSON.stringify(error)}`, "hunter2");
      }
      const good = yield* sinksOf([{ to: "log" }, { to: "console" }, { to: "webhook", url: "http://127.0.0.1:1/x" }]);
      assert.deepStrictEqual(
        good.map(({ name }) => name),
        ["log", "console", "webhook"],
      );
    }),
  );
});
