import { execFileSync } from "node:child_process";
import { readdirSync, statSync, writeFileSync } from "node:fs";
import * as http from "node:http";
import { createConnection, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer, Schedule } from "effect";
import { ModeControl } from "@naru/router/fallback/ModeControl";
import * as AdminClient from "../../src/admin/AdminClient.ts";
import { socketName } from "../../src/admin/adminFolder.ts";
import { app, inFolder, rest, script, seenHost, stateFolder, warned } from "./app.ts";

const me = socketName(process.pid, 1);
const word = { by: "jane", why: "a drill" };

/** Runs the body beside an app in a folder of its own. */
const beside = <A, E>(body: (folder: string, apps: ReadonlyArray<AdminClient.App>) => Effect.Effect<A, E, ModeControl>, told = script()) =>
  Effect.gen(function* () {
    const folder = yield* stateFolder;
    const services = yield* Layer.build(app("bot.ts", told)).pipe(inFolder(folder));
    return yield* Effect.provideContext(body(folder, yield* AdminClient.running(folder)), services);
  }).pipe(Effect.scoped);

/** One request by hand: the status, or why there is none. */
const asked = (path: string, request: http.RequestOptions & { readonly body?: string }) =>
  Effect.callback<number | string>((resume) => {
    const { body, ...options } = request;
    const sent = http.request({ socketPath: path, agent: false, ...options }, (response) => {
      response.resume();
      resume(Effect.succeed(response.statusCode ?? 0));
    });
    sent.on("error", (error: NodeJS.ErrnoException) => resume(Effect.succeed(error.code ?? error.message)));
    sent.end(body);
  });

describe("the admin socket", () => {
  it.live("says how the app is, is there for its user alone, and goes with the app", () =>
    Effect.gen(function* () {
      const folder = yield* stateFolder;
      yield* Effect.gen(function* () {
        yield* Layer.build(app("bot.ts"));
        assert.deepStrictEqual(readdirSync(folder), [me]);
        assert.strictEqual(statSync(join(folder, me)).mode & 0o777, 0o600);
        const [running] = yield* AdminClient.running(folder);
        const status = yield* running?.status ?? Effect.die("no app runs");
        assert.deepInclude(status.app, { program: "bot.ts", pid: process.pid, runtime: process.version });
        assert.deepInclude(status, { venue: "stub", simulated: true, blockedMs: 0, hotKeys: 2, alerts: [], audit: [] });
        assert.deepInclude(status.link, { state: "open", wanted: 2, live: 2, silentMs: 12.5 });
        assert.deepStrictEqual([status.mode.mode, status.mode.override], ["normal", "auto"]);
        assert.deepStrictEqual(status.keys, [
          { key: "ticker:KRW-BTC", messages: 1, perSecond: 0.5, silentMs: 1_000, confirmedAgeMs: null },
        ]);
        // The machine is as the router's own report says, which stands for both: a second measure would disturb the first.
        assert.deepStrictEqual(status.host, seenHost);
        assert.deepStrictEqual(status.channels, [rest]);
      }).pipe(inFolder(folder), Effect.scoped);
      assert.deepStrictEqual(readdirSync(folder), []);
      assert.deepStrictEqual(yield* AdminClient.running(folder), []);
    }).pipe(Effect.scoped),
  );

  it.live("switches the fallback by hand: who, when and why are kept in the mode, in the audit and in the next status (R002-32)", () =>
    beside((folder, [running = assert.fail("no app runs")]) =>
      Effect.gen(function* () {
        const { entry, written, mode } = yield* running.fallback("on", word);
        assert.deepStrictEqual([mode.mode, mode.override, written], ["fallback", "on", true]);
        const control = yield* ModeControl;
        assert.deepInclude(control.status().overrides[0], { override: "on", ...word });
        const status = yield* running.status;
        assert.deepStrictEqual(status.audit, [entry]);
        assert.deepInclude(entry, { pid: process.pid, program: "bot.ts", action: "fallback on", ...word });
        assert.strictEqual(statSync(join(folder, "audit.jsonl")).mode & 0o777, 0o600);
        assert.strictEqual(status.alerts.length, 1);
        yield* running.fallback("off", word);
        assert.strictEqual(control.mode(), "degraded", "back with the router, to be watched for a while");
        yield* running.fallback("auto", word);
        assert.deepStrictEqual(
          (yield* running.status).audit.map(({ action }) => action),
          ["fallback on", "fallback off", "fallback auto"],
        );
      }),
    ),
  );

  it.live("sends the subscription again, and says so where there is no router to do it", () => {
    const told = script();
    return beside(
      (_, [running = assert.fail("no app runs")]) =>
        Effect.gen(function* () {
          assert.deepInclude(yield* running.resubscribe(word), { wanted: 2, sockets: 1, isSame: true, written: true });
          told.resubscribe = Effect.die("closed");
          const error = yield* Effect.flip(running.resubscribe(word));
          assert.match(error.message, /^there is no router at present.*\(mode normal\)$/);
          assert.strictEqual((yield* running.status).audit.length, 1, "what was not done is not written down as done");
        }),
      told,
    );
  });

  it.live("refuses what is too large, unknown or not ours, and bounds who may be connected; the app goes on", () =>
    beside((folder, [running = assert.fail("no app runs")]) =>
      Effect.gen(function* () {
        const path = join(folder, me);
        const post = (body: string, type = "application/json") =>
          asked(path, { path: "/fallback", method: "POST", headers: { "content-type": type }, body });
        assert.strictEqual(yield* post(JSON.stringify({ to: "maybe", ...word })), 400);
        assert.strictEqual(yield* post(JSON.stringify({ to: "on", by: "", why: "x" })), 400);
        assert.strictEqual(yield* post("{"), 400);
        assert.include([400, 413], yield* post(JSON.stringify({ to: "on", by: "x", why: "y".repeat(100_000) })));
        assert.strictEqual(yield* asked(path, { path: "/shutdown" }), 404);
        assert.strictEqual(yield* asked(path, { path: "/status", headers: { x: "y".repeat(20_000) } }), 431);
        assert.strictEqual((yield* ModeControl).mode(), "normal");
        // Of those who only sit there, the first few stay.
        const held = Array.from({ length: 20 }, () => createConnection(path));
        yield* closed(held, 12);
        assert.strictEqual(held.filter((socket) => !socket.closed).length, 8);
        for (const socket of held) socket.destroy();
        const status = yield* Effect.retry(running.status, Schedule.spaced("20 millis"));
        assert.strictEqual(status.venue, "stub");
      }),
    ),
  );

  it.live("answers a crash of its own with an error, and then goes on", () => {
    const told = script();
    let crashes = true;
    const health = Effect.suspend(() => (crashes ? Effect.die("a mistake of ours") : told.health));
    return beside(
      (_, [running = assert.fail("no app runs")]) =>
        Effect.gen(function* () {
          assert.strictEqual((yield* Effect.flip(running.status))._tag, "AdminFailed");
          crashes = false;
          assert.strictEqual((yield* running.status).venue, "stub");
        }),
      { ...told, health },
    );
  });

  it.live("costs one warning where it cannot be made, and nothing else", () =>
    Effect.gen(function* () {
      const folder = yield* stateFolder;
      writeFileSync(join(folder, "file"), "");
      for (const path of [join(folder, "file"), join(folder, "x".repeat(120))]) {
        const { warnings } = yield* warned(Effect.scoped(Layer.build(app()))).pipe(inFolder(path));
        assert.strictEqual(warnings.length, 1, warnings.join("\n"));
        assert.match(warnings[0] ?? "", /^There is no admin socket/);
      }
    }).pipe(Effect.scoped),
  );
});

/** Waits until so many of them have been closed by the other side. */
const closed = (sockets: ReadonlyArray<Socket>, count: number) =>
  Effect.callback<void>((resume) => {
    let ended = 0;
    for (const socket of sockets) {
      socket.on("error", () => {});
      socket.on("close", () => {
        if (++ended === count) resume(Effect.void);
      });
      socket.resume();
    }
  });

describe("the sockets of a folder", () => {
  it.live("are those that somebody listens on: what a dead process left is removed, and what is no socket stays", () =>
    Effect.gen(function* () {
      const folder = yield* stateFolder;
      yield* leftBehind(join(folder, socketName(4_000_001, 1)));
      // As a process before us with our number may have.
      yield* leftBehind(join(folder, me));
      writeFileSync(join(folder, socketName(4_000_002, 1)), "a file");
      writeFileSync(join(folder, "audit.jsonl"), "");
      yield* Effect.gen(function* () {
        const apps = yield* AdminClient.running(folder);
        const names = yield* Effect.forEach(apps, ({ status }) => Effect.map(status, (answer) => answer.app.program));
        assert.deepStrictEqual(names.toSorted(), ["one", "two"]);
        assert.deepStrictEqual(
          readdirSync(folder).toSorted(),
          [socketName(process.pid, 2), me, socketName(4_000_002, 1), "audit.jsonl"].toSorted(),
        );
      }).pipe(Effect.scoped, Effect.provide(Layer.merge(app("one"), app("two"))), inFolder(folder));
    }).pipe(Effect.scoped),
  );

  it.live("are asked with patience: one that listens and never answers is told as that", () =>
    Effect.gen(function* () {
      const folder = yield* stateFolder;
      const server = createServer((socket) => socket.on("error", () => {}).end("no HTTP\r\n\r\n"));
      yield* Effect.callback<void>((resume) => void server.listen(join(folder, socketName(7, 1)), () => resume(Effect.void)));
      const [running = assert.fail("nobody listens")] = yield* AdminClient.running(folder);
      const error = yield* Effect.flip(running.status);
      assert.deepInclude(error, { _tag: "AdminFailed", path: join(folder, socketName(7, 1)) });
      server.close();
    }).pipe(Effect.scoped),
  );
});

/** The socket file of a process that ended without a word: its name stays when the listener is gone. */
const leftBehind = (path: string) =>
  Effect.sync(() => {
    const code = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
    try {
      execFileSync(process.execPath, ["-e", code], { stdio: "ignore" });
    } catch {
      // It killed itself.
    }
    assert.isTrue(statSync(path).isSocket());
  });
