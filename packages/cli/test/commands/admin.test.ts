/** An app in one process, `naru` in another, and the real unix socket between them; and the doctor, who leaves a blocked exchange alone. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assert, describe, it } from "@effect/vitest";
import { AppStatus } from "@naru/node/admin/AdminApi";
import { alive } from "@naru/node/admin/adminFolder";
import { Exchange, layerLoopbackServer, LoopbackServer, Script } from "@naru/sim";
import { ConfigProvider, Effect, Layer, Schedule, Schema } from "effect";
import { type Document, invoke } from "../invoke.ts";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

const stateFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "naru-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true })),
);

/** `naru …` whose environment is this and nothing else. */
const naru = (env: Record<string, string>, ...args: ReadonlyArray<string>) =>
  Effect.provideService(invoke(...args), ConfigProvider.ConfigProvider, ConfigProvider.fromEnvRecord(env));

/** An app of its own process, which ends with the test. */
const appIn = (folder: string, ...args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, [main, ...args, "--admin"], { env: { ...process.env, NARU_STATE: folder }, stdio: "ignore" }),
    ),
    (child) => ended(child, "SIGTERM"),
  );

const ended = (child: ChildProcess, signal: NodeJS.Signals) =>
  Effect.promise(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  });

/** Until so many apps listen. */
const listening = (folder: string, count: number) =>
  alive(folder).pipe(
    Effect.filterOrFail((found) => found.length === count),
    Effect.retry({ schedule: Schedule.spaced("50 millis"), times: 600 }),
  );

const member = (document: Document | undefined, name: string): Document => (document?.[name] ?? {}) as Document;

describe("an app in another process", () => {
  it.live(
    "is asked how it is, in JSON and in words, switched by hand, made to subscribe again and diagnosed, and leaves nothing behind (R004-55)",
    () =>
      Effect.gen(function* () {
        const folder = yield* stateFolder;
        const env = { NARU_STATE: folder };
        const app = yield* appIn(folder, "--venue", "sim", "watch", "KRW-BTC");
        yield* listening(folder, 1);
        // Until the first price has come.
        const status = yield* naru(env, "status", "--json").pipe(
          Effect.filterOrFail(({ documents }) => member(documents()[0], "link")["live"] === 1),
          Effect.retry({ schedule: Schedule.spaced("50 millis"), times: 600 }),
        );
        const [document] = status.documents();
        assert.deepInclude(document, { kind: "status", venue: "sim", simulated: true });
        assert.deepInclude(member(document, "app"), { program: "naru watch", pid: app.pid });
        const { channels, host } = yield* Schema.decodeUnknownEffect(Schema.toCodecJson(AppStatus))(document);
        assert.deepInclude(channels[1], { channel: "websocket", status: "up", lastFailure: null });
        assert.isAbove(host.memory?.residentBytes ?? 0, 1e6);
        const told = (yield* naru(env, "status")).out.join("\n");
        assert.match(told, /^SIM {2}naru watch {2}pid \d+ .*\nmode {6}normal/);
        assert.match(told, /\nREST {6}(?:up|unknown) {2}latency .*\nWebSocket up {2}latency (?:–|[\d.]+ ms) {2}good [\d.]+ m?s ago/);
        assert.match(told, /\nprocess {3}\d+ MB of memory {2}heap \d+ MB of [\d,]+ MB/);

        const on = yield* naru(env, "fallback", "on", "--reason", "a drill");
        assert.match(on.out[0] ?? "", /^mode {6}fallback .*\(.+: a drill\).* held on by hand/);
        assert.match(
          (yield* naru(env, "fallback", "status")).out[1] ?? "",
          /^by hand .* fallback on {2}.+: a drill {2}\(naru watch \d+\)$/,
        );
        const warned = yield* naru(env, "doctor");
        assert.strictEqual(warned.exitCode, 1, warned.out.join("\n"));
        assert.match(warned.out.join("\n"), /WARN {2}mode +naru watch \d+ +fallback, held on by hand/);
        yield* naru(env, "fallback", "off");
        assert.strictEqual((yield* naru(env, "fallback", "auto")).exitCode, 0);

        const again = yield* naru(env, "resubscribe");
        assert.strictEqual(again.exitCode, 0, [...again.out, ...again.err].join());
        assert.deepStrictEqual(again.out, ["1 key sent again on 1 socket; the exchange's own list is the same"]);
        yield* ended(app, "SIGTERM");
        assert.deepStrictEqual(readdirSync(folder), ["audit.jsonl"]);
      }).pipe(Effect.scoped),
    60_000,
  );

  it.live(
    "is told apart from another, and one that was killed is forgotten",
    () =>
      Effect.gen(function* () {
        const folder = yield* stateFolder;
        const env = { NARU_STATE: folder };
        const first = yield* appIn(folder, "--venue", "sim", "stream", "trades", "KRW-BTC");
        const second = yield* appIn(folder, "--venue", "sim", "monitor", "KRW-ETH");
        yield* listening(folder, 2);
        const list = yield* naru(env, "status");
        assert.match(list.out.join("\n"), /naru stream trades +sim SIM/);
        assert.match(list.out.join("\n"), /naru monitor +sim SIM/);
        const refused = yield* naru(env, "fallback", "on", "--json");
        assert.strictEqual(refused.exitCode, 64);
        assert.match(refused.err[0] ?? "", /2 apps run; say which: --pid \d+, --pid \d+/);
        assert.deepInclude(refused.documents()[0], { _tag: "SeveralApps", retryable: false });
        assert.strictEqual((yield* naru(env, "fallback", "on", "--pid", String(second.pid))).exitCode, 0);
        yield* ended(first, "SIGKILL");
        assert.match((yield* naru(env, "status")).out[0] ?? "", new RegExp(`naru monitor {2}pid ${second.pid}`));
        assert.deepStrictEqual(
          (yield* alive(folder)).map(({ pid }) => pid),
          [second.pid],
        );
      }).pipe(Effect.scoped),
    60_000,
  );

  it.live("that is not there is told, with what to do", () =>
    Effect.gen(function* () {
      const folder = yield* stateFolder;
      for (const words of [["status"], ["fallback", "off"], ["resubscribe"]]) {
        const { exitCode, err } = yield* naru({ NARU_STATE: folder }, ...words);
        assert.strictEqual(exitCode, 69);
        assert.match(err[0] ?? "", /^naru: no app listens in .*: start one with naru watch --admin, or add AdminSocket\.layer\(\)/);
      }
      assert.match((yield* naru({ NARU_STATE: folder }, "status", "--pid", "7")).err[0] ?? "", /no app of process 7/);
    }).pipe(Effect.scoped),
  );
});

describe("naru doctor", () => {
  const served = layerLoopbackServer().pipe(Layer.provideMerge(Exchange.layer({ seed: 5 })));

  it.live(
    "asks the exchange with --probe alone, and finds it well",
    () =>
      Effect.gen(function* () {
        const folder = yield* stateFolder;
        const { url } = yield* LoopbackServer;
        const { ledger } = yield* Exchange;
        const lone = yield* naru({ NARU_STATE: folder }, "--venue", url, "doctor");
        assert.strictEqual(lone.exitCode, 1, "nothing is known of anything");
        assert.deepStrictEqual([ledger.restCount(), ledger.connections().length], [0, 0]);
        const probed = yield* naru({ NARU_STATE: folder }, "--venue", url, "doctor", "--probe", "--json");
        assert.strictEqual(probed.exitCode, 0, probed.out.join());
        const checks = probed.documents()[0]?.["checks"] as ReadonlyArray<Document>;
        const verdicts = checks.map(({ name, of, verdict }) => `${String(name)} ${String(of)} ${String(verdict)}`.replace("  ", " "));
        for (const expected of ["network rest pass", "network websocket pass", "price rest pass", "clock pass", "socket websocket pass"])
          assert.include(verdicts, expected);
        assert.isAtMost(ledger.restCount(), 2);
        assert.strictEqual(ledger.connections().length, 1);
      }).pipe(Effect.scoped, Effect.provide(served)),
    30_000,
  );

  it.live(
    "says what of the exchange is broken, with exit code 2",
    () =>
      Effect.gen(function* () {
        const folder = yield* stateFolder;
        const { url } = yield* LoopbackServer;
        yield* Script.fault({ verb: "server-error", path: "/v1/ticker", status: 500, times: 10 });
        const { exitCode, out } = yield* naru({ NARU_STATE: folder }, "--venue", url, "doctor", "--probe");
        assert.strictEqual(exitCode, 2);
        assert.match(out.join("\n"), /\nFAIL {2}price +rest +KRW-BTC: UpstreamError: .*\n {6}→ look at the network/);
        assert.match(out.join("\n"), /\npass {2}socket /);
      }).pipe(Effect.scoped, Effect.provide(served)),
    30_000,
  );

  it.live("never asks while a block is remembered, whoever met it", () =>
    Effect.gen(function* () {
      const folder = yield* stateFolder;
      const { url } = yield* LoopbackServer;
      const { ledger } = yield* Exchange;
      const block = { untilMs: Date.now() + 60_000, lengthMs: 60_000, round: 1 };
      writeFileSync(join(folder, "blocks.json"), JSON.stringify({ naru: "blocks", value: { [new URL(url).host]: block } }));
      const { exitCode, out } = yield* naru({ NARU_STATE: folder }, "--venue", url, "doctor", "--probe");
      assert.strictEqual(exitCode, 2);
      assert.match(out.join("\n"), /FAIL {2}block .* blocks this address for 59\.\d s more/);
      assert.match(out.join("\n"), /\n– {5}exchange +not asked, though --probe was given/);
      assert.deepStrictEqual([ledger.restCount(), ledger.connections().length], [0, 0]);
    }).pipe(Effect.scoped, Effect.provide(served)),
  );

  it.live("sends a key to no address of a command line, and prints nothing of it", () =>
    Effect.gen(function* () {
      const folder = yield* stateFolder;
      const { url } = yield* LoopbackServer;
      const { ledger } = yield* Exchange;
      const canary = "Canary0Canary1Canary2Canary3Canary4";
      const env = { NARU_STATE: folder, UPBIT_ACCESS_KEY: canary, UPBIT_SECRET_KEY: canary };
      const { out, err } = yield* naru(env, "--venue", url, "doctor", "--probe");
      assert.match(out.join("\n"), /\npass {2}key .* not asked of the exchange: a key is sent to the exchange's own hosts only/);
      assert.notInclude([...out, ...err].join("\n"), "Canary");
      assert.notInclude(JSON.stringify(ledger.requests()), "Canary");
    }).pipe(Effect.scoped, Effect.provide(served)),
  );
});
