import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { assert, describe, it } from "@effect/vitest";
import { getTicker, streamTickerEvents } from "@naru/router/MarketData";
import { FlightFolder, makeMemoryFolder } from "@naru/router/tape/FlightFolder";
import { FlightRecorder } from "@naru/router/tape/FlightRecorder";
import { Sim } from "@naru/sim";
import { Effect, Fiber, Layer, Logger, Stream } from "effect";
import { TestClock } from "effect/testing";
import { invoke } from "../invoke.ts";

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/** A file name in a folder that goes with the scope. */
const place = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "naru-cli-tape-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true })),
  ),
  (folder) => join(folder, "a.tape"),
);

const record = (file: string, ...args: ReadonlyArray<string>) =>
  invoke("record", file, "--venue", "sim", "--markets", "KRW-BTC,KRW-ETH", "--for", "1500ms", ...args);

/** Runs until the process is told to stop, or a line fits. */
const lineOf = async (child: ChildProcess, stream: "stdout" | "stderr", pattern: RegExp): Promise<string> => {
  const source = child[stream];
  if (source === null) throw new Error("not piped");
  for await (const line of createInterface(source)) if (pattern.test(line)) return line;
  throw new Error(`no line fits ${String(pattern)}`);
};

describe("naru record and naru replay", () => {
  it.live("keep a session and print it again, with its label, as naru stream does", () =>
    Effect.gen(function* () {
      const file = yield* place;
      const recorded = yield* record(file, "--json", "--kinds", "ticker,trade");
      assert.strictEqual(recorded.exitCode, 0, recorded.err.join("\n"));
      const [document] = recorded.documents();
      assert.deepInclude(document, {
        kind: "recording",
        file,
        venue: "sim",
        kinds: ["ticker", "trades"],
        dropped: 0,
        unwritten: 0,
        part: 1,
      });
      const lines = gunzipSync(readFileSync(file)).toString("utf8").trimEnd().split("\n");
      assert.strictEqual(lines.filter((line) => line.startsWith('{"event":"frame"')).length, document?.["frames"]);
      assert.isTrue(lines.at(-1)?.startsWith('{"event":"end"'));

      const printed = yield* invoke("replay", file, "--print", "--speed", "asap", "--json");
      assert.strictEqual(printed.exitCode, 0, printed.err.join("\n"));
      const values = printed.documents().filter(({ type }) => type === "Live");
      assert.isAbove(values.length, 3);
      assert.isTrue(values.every(({ simulated, venue }) => simulated === true && venue === "sim"));
      assert.sameMembers(
        [...new Set(values.map(({ kind, market }) => `${String(kind)} ${String(market)}`))],
        ["ticker KRW-BTC", "ticker KRW-ETH", "trades KRW-BTC", "trades KRW-ETH"],
      );
      const people = yield* invoke("replay", file, "--print", "--speed", "asap");
      assert.match(people.out[0] ?? "", /^SIM {2}\d{4}-\d\d-\d\d .* KRW-(?:BTC|ETH) /);
      assert.match(people.err[0] ?? "", /sim \(made-up prices\), recorded .* frames of 1 sockets/);
    }),
  );

  it.live("continue a tape that a crash cut off, and say what was lost", () =>
    Effect.gen(function* () {
      const file = yield* place;
      yield* record(file);
      truncateSync(file, statSync(file).size - 5);
      const cut = yield* invoke("replay", file, "--print", "--speed", "asap");
      assert.match(cut.err.join("\n"), /missing: [\d,]+ bytes cut off at the end/);
      const again = yield* record(file);
      assert.match(again.err.join("\n"), /has 1 part already[^]*bytes at its end had been cut off and are removed/);
      assert.match(again.out.join("\n"), /^recorded 1\.\d s: [\d,]+ frames of 1 socket/);
      const whole = yield* invoke("replay", file, "--print", "--speed", "asap");
      assert.notInclude(whole.err.join("\n"), "missing");
      assert.match(whole.err[0] ?? "", /2 sockets/);
    }),
  );

  it.live("print recordings of others, with the real exchange's label", () =>
    Effect.gen(function* () {
      const file = (yield* place).replace(".tape", ".jsonl");
      const raw = (id: number) =>
        `{"type":"trade","code":"KRW-BTC","timestamp":${id},"trade_date":"2026-01-05","trade_time":"00:00:00","trade_timestamp":${id},"trade_price":1.5,"trade_volume":2.0,"ask_bid":"BID","prev_closing_price":1.0,"change":"RISE","change_price":0.5,"sequential_id":${id}0000,"stream_type":"REALTIME"}`;
      const lines = [1_767_571_200_000, 1_767_571_200_500].map((ms) => JSON.stringify({ recv: ms / 1_000, raw: raw(ms) }));
      writeFileSync(file, `${lines.join("\n")}\n`);
      const { documents, exitCode } = yield* invoke("replay", file, "--print", "--json");
      assert.strictEqual(exitCode, 0);
      const live = documents().filter(({ type }) => type === "Live");
      assert.deepStrictEqual(
        live.map(({ simulated, value }) => [simulated, (value as { readonly id: string }).id]),
        [
          [false, "17675712000000000"],
          [false, "17675712005000000"],
        ],
      );
      // It reads the tape's time, not today's.
      assert.isTrue(live.every(({ receivedTime }) => String(receivedTime).startsWith("2026-01-05T00:00:0")));
    }),
  );

  it.live("refuse what is no tape, another version, and flags that cannot go together", () =>
    Effect.gen(function* () {
      const file = yield* place;
      writeFileSync(file, "a diary\n");
      for (const refused of [yield* record(file, "--json"), yield* invoke("replay", file, "--print", "--json")]) {
        assert.strictEqual(refused.exitCode, 65);
        assert.deepInclude(refused.documents()[0], { _tag: "TapeError", path: file, retryable: false });
      }
      assert.strictEqual(readFileSync(file, "utf8"), "a diary\n");
      writeFileSync(file, '{"event":"tape","format":"naru-tape","version":7,"startedWall":0}\n');
      assert.match(
        (yield* invoke("replay", file, "--print")).err.join("\n"),
        /was written by another version \(version 7; this program knows 1\)/,
      );
      const missing = yield* invoke("replay", join(file, "none"), "--print", "--json");
      assert.strictEqual(missing.exitCode, 74);
      assert.deepInclude(missing.documents()[0], { _tag: "StorageError" });
      yield* record(yield* place);
      for (const args of [
        ["replay", file, "--speed", "0"],
        ["replay", file, "--speed", "fast"],
        ["record", file, "--markets", ","],
        ["record", file, "--markets", "KRW-BTC", "--kinds", "ticker,candles"],
        ["record", file, "--markets", "KRW-BTC", "--for", "60"],
        ["record", file],
      ])
        assert.strictEqual((yield* invoke(...args)).exitCode, 64, args.join(" "));
      assert.strictEqual((yield* invoke("replay", file, "--print", "--port", "0")).exitCode, 64);
    }),
  );

  it("end cleanly with Ctrl-C, everything written, and serve the tape to clients of any kind", async () => {
    const folder = mkdtempSync(join(tmpdir(), "naru-cli-tape-"));
    const file = join(folder, "a.tape");
    const started: Array<ChildProcess> = [];
    const start = (...args: ReadonlyArray<string>) => {
      const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
      started.push(child);
      return child;
    };
    try {
      const recording = start("record", file, "--venue", "sim", "--markets", "KRW-BTC", "--json");
      await lineOf(recording, "stderr", /Ctrl-C ends it/);
      // A frame is on the disk: the session is under way.
      while (!hasFrame(file)) await new Promise((again) => setImmediate(again));
      recording.kill("SIGINT");
      const document: unknown = JSON.parse(await lineOf(recording, "stdout", /^\{/));
      const [exitCode] = recording.exitCode === null ? ((await once(recording, "exit")) as [number | null]) : [recording.exitCode];
      assert.strictEqual(exitCode, 130);
      const lines = gunzipSync(readFileSync(file)).toString("utf8").trimEnd().split("\n");
      assert.isTrue(lines.at(-1)?.startsWith('{"event":"end"'));
      assert.deepInclude(document as object, {
        kind: "recording",
        unwritten: 0,
        frames: lines.filter((line) => line.includes('"event":"frame"')).length,
      });

      const server = start("replay", file, "--port", "0", "--speed", "asap", "--json");
      const { socketUrl, url } = JSON.parse(await lineOf(server, "stdout", /^\{/)) as { readonly url: string; readonly socketUrl: string };
      const markets: unknown = await (await fetch(`${url}/v1/market/all?is_details=true`)).json();
      assert.isTrue(Array.isArray(markets) && markets.length > 3);
      const client = new WebSocket(socketUrl);
      const first = await new Promise<Blob>((resolve) => {
        client.addEventListener("open", () => client.send('[{"ticket":"t"},{"type":"ticker","codes":["KRW-BTC"]}]'));
        client.addEventListener("message", ({ data }) => resolve(data));
      });
      assert.include(await first.text(), '"code":"KRW-BTC"');
      client.close();
      const taken = start("replay", file, "--port", new URL(url).port);
      assert.match(await lineOf(taken, "stderr", /naru:/), /is already in use; --port 0 takes a free one/);
    } finally {
      for (const child of started) child.kill("SIGKILL");
      rmSync(folder, { recursive: true });
    }
  });
});

const hasFrame = (file: string): boolean => {
  try {
    return gunzipSync(readFileSync(file)).includes('"event":"frame"');
  } catch {
    return false;
  }
};

/** What the recorder that is always on writes of an outage of some seconds, in the file where it would be. */
const flightOf = Effect.fnUntraced(function* (file: string) {
  const folder = makeMemoryFolder();
  yield* Effect.gen(function* () {
    const flight = yield* FlightRecorder;
    yield* Effect.forkScoped(Effect.ignore(Stream.runDrain(streamTickerEvents(["KRW-BTC"]))));
    const ask = Effect.exit(getTicker("KRW-ETH", { strategy: "rest_only", deadline: 1_000 }));
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(ask, Effect.sleep("2 seconds"))));
    yield* TestClock.adjust("20 seconds");
    yield* Sim.fault({ verb: "server-error", status: 503 });
    yield* TestClock.adjust("20 seconds");
    yield* Sim.endFault("server-error");
    yield* TestClock.adjust("10 seconds");
    const dumping = yield* Effect.forkScoped(flight.dump("a drill"));
    yield* TestClock.adjust("1 second");
    return yield* Fiber.join(dumping);
  }).pipe(
    Effect.scoped,
    Effect.provide(
      Layer.provide(Sim.layerTest({ seed: 3 }), Layer.succeed(FlightFolder, folder)).pipe(Layer.provideMerge(TestClock.layer())),
    ),
  );
  const [, text] = [...folder.written].at(-1) ?? [];
  writeFileSync(file, gzipSync(text ?? ""));
});

describe("naru replay of a flight recording", () => {
  it.live("prints what the sockets brought, with its label, and how the mode changed", () =>
    Effect.gen(function* () {
      const file = yield* place;
      yield* flightOf(file);
      const printed = yield* invoke("replay", file, "--print", "--speed", "30", "--json");
      assert.strictEqual(printed.exitCode, 0, printed.err.join("\n"));
      assert.match(
        printed.err[0] ?? "",
        /a\.tape: sim \(made-up prices\), recorded 2026-01-05T03:00:00.000Z, 5\d\.\d s, \d+ frames of 2 sockets, \d+ requests$/,
      );
      const modes = printed.err.slice(1).join("\n");
      assert.match(modes, /^mode: normal → degraded \(/);
      assert.match(modes, /\nmode: .* → (?:emergency|fallback) \(/);
      const values = printed.documents().filter(({ type }) => type === "Live");
      assert.isAbove(values.length, 3);
      for (const value of values) assert.deepInclude(value, { venue: "sim", simulated: true });
      assert.isTrue(values.some(({ kind, market }) => kind === "ticker" && market === "KRW-BTC"));
      // An outage is told in the log, which the command itself sends elsewhere.
    }).pipe(Effect.provide(Logger.layer([]))),
  );
});
