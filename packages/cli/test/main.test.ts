import { assert, describe, it } from "@effect/vitest";
import { type ChildProcessByStdio, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const run = (command: string, args: ReadonlyArray<string>, env: NodeJS.ProcessEnv = {}): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(command, args, { env: { ...process.env, ...env } }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });

const naru = (...args: ReadonlyArray<string>) => run(process.execPath, [main, ...args]);

describe("naru as a process", () => {
  it("shows the whole demonstration over real sockets and ends by itself with 0", async () => {
    const { code, out } = await naru("demo");
    assert.strictEqual(code, 0, out);
    assert.match(out, /7 of 7 steps hold/);
    assert.isFalse(out.includes("✗"));
    assert.isFalse(out.includes("\u001b"), "no colour in a pipe");
  });

  it("exits with 64 on bad usage and with 0 on help", async () => {
    const [bad, help] = await Promise.all([naru("ticker"), naru("ticker", "--help")]);
    assert.strictEqual(bad.code, 64);
    assert.match(bad.err, /market/);
    assert.strictEqual(help.code, 0);
    assert.match(help.out, /--venue/);
  });

  it("takes the venue from the environment, and the flag before it", async () => {
    const [fromEnv, fromFlag] = await Promise.all([
      run(process.execPath, [main, "ticker", "KRW-BTC"], { NARU_VENUE: "sim" }),
      run(process.execPath, [main, "ticker", "KRW-BTC", "--venue", "ftp://x"], { NARU_VENUE: "sim" }),
    ]);
    assert.strictEqual(fromEnv.code, 0, fromEnv.err);
    assert.match(fromEnv.out, /SIM {2}KRW-BTC/);
    assert.strictEqual(fromFlag.code, 78);
  });

  it("colours when it is told to, and never with NO_COLOR", async () => {
    const args = [main, "ticker", "KRW-BTC", "--venue", "sim"];
    const [forced, refused] = await Promise.all([
      run(process.execPath, args, { FORCE_COLOR: "1", NO_COLOR: "", TERM: "xterm" }),
      run(process.execPath, args, { FORCE_COLOR: "1", NO_COLOR: "1", TERM: "xterm" }),
    ]);
    assert.include(forced.out, "\u001b[33mSIM\u001b[39m");
    assert.isFalse(refused.out.includes("\u001b"));
  });

  it("ends quietly when the reader of a pipe has seen enough", async () => {
    const script = `set -o pipefail; "${process.execPath}" "${main}" watch KRW-BTC --venue sim | head -1`;
    // `bash` knows pipefail; the exit code is then that of the command, not of `head`.
    const { code, err, out } = await run("bash", ["-c", `${script.replace("watch KRW-BTC", "stream orderbook KRW-BTC")}`]);
    assert.strictEqual(code, 0, err);
    assert.match(out, /^SIM .* KRW-BTC {2}bid /);
  });

  it("says that what it printed was not taken, and fails", async () => {
    const full = async (...args: ReadonlyArray<string>) =>
      run("bash", ["-c", `"${process.execPath}" "${main}" ${args.join(" ")} > /dev/full`]);
    const [rows, help] = await Promise.all([full("candles", "KRW-BTC", "--count", "1000", "--venue", "sim"), full("--help")]);
    for (const { code, err } of [rows, help]) {
      assert.strictEqual(code, 74);
      assert.match(err, /^naru: standard output cannot be written: ENOSPC/);
    }
  });

  it("goes on trying a stream without a network, and says once what to do", async () => {
    const args = [main, "stream", "ticker", "KRW-BTC", "--venue", "http://127.0.0.1:9"];
    const streaming = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    try {
      const printed: Array<string> = [];
      const said: Array<string> = [];
      createInterface(streaming.stderr).on("line", (line) => said.push(line));
      for await (const line of createInterface(streaming.stdout)) if (printed.push(line) === 3) break;
      assert.isTrue(
        printed.every((line) => /RECONNECTING {2}attempt \d: NetworkError/.test(line)),
        printed.join("\n"),
      );
      streaming.kill("SIGTERM");
      const [exitCode] = (await once(streaming, "close")) as [number | null];
      assert.strictEqual(exitCode, 143);
      assert.deepStrictEqual(said, ["hint: try --venue sim, the emulated exchange, which needs no network"]);
    } finally {
      streaming.kill("SIGKILL");
    }
  });

  it("serves the emulated exchange to any client until interrupted", async () => {
    const server: ChildProcessByStdio<null, Readable, null> = spawn(process.execPath, [main, "sim", "serve", "--port", "0", "--json"], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    try {
      const [line] = (await once(createInterface(server.stdout), "line")) as [string];
      const { url }: { readonly url: string } = JSON.parse(line);
      const rows: unknown = await (await fetch(`${url}/v1/ticker?markets=KRW-BTC`)).json();
      assert.isTrue(Array.isArray(rows) && rows[0].market === "KRW-BTC");
      const { code, out } = await naru("--venue", url, "ticker", "KRW-BTC");
      assert.strictEqual(code, 0);
      assert.match(out, /SIM {2}KRW-BTC/);
      const taken = await naru("sim", "serve", "--port", new URL(url).port);
      assert.strictEqual(taken.code, 78);
      assert.match(taken.err, /is already in use; --port 0 takes a free one/);
      server.kill("SIGINT");
      const [exitCode] = (await once(server, "exit")) as [number | null];
      assert.strictEqual(exitCode, 130);
    } finally {
      server.kill("SIGKILL");
    }
  });
});
