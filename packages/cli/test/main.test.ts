import { assert, describe, it } from "@effect/vitest";
import { type ChildProcessByStdio, execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
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

  it("ends in good order within two seconds of a signal, whatever the exchange does, and at once at a second one (I07)", async () => {
    // It upgrades and never answers a close frame: a socket that would be waited for.
    const stuck = createServer((socket) => {
      socket.on("error", () => {});
      socket.on("data", (head) => {
        const key = /sec-websocket-key: (.+)\r\n/i.exec(head.toString("latin1"))?.[1];
        if (key === undefined) return;
        const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
        const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", `Sec-WebSocket-Accept: ${accept}`];
        socket.write(`${lines.join("\r\n")}\r\n\r\n`, () => stuck.emit("upgraded"));
      });
    }).listen(0, "127.0.0.1");
    await once(stuck, "listening");
    const { port } = stuck.address() as AddressInfo; // never a pipe: it listens on a port
    const ended = async (signals: ReadonlyArray<NodeJS.Signals>) => {
      const upgraded = once(stuck, "upgraded");
      const streaming = spawn(process.execPath, [main, "stream", "ticker", "KRW-BTC", "--venue", `http://127.0.0.1:${port}`], {
        stdio: "ignore",
      });
      try {
        await upgraded;
        const started = performance.now();
        const exit = once(streaming, "exit");
        for (const signal of signals) {
          streaming.kill(signal);
          // Two of one kind that are not yet taken are one.
          await new Promise((resume) => setTimeout(resume, 50));
        }
        return { exit: (await exit)[0] as number | null, tookMs: performance.now() - started };
      } finally {
        streaming.kill("SIGKILL");
      }
    };
    try {
      const once = await ended(["SIGINT"]);
      assert.strictEqual(once.exit, 130);
      assert.isBelow(once.tookMs, 2_500);
      const twice = await ended(["SIGINT", "SIGINT"]);
      assert.strictEqual(twice.exit, 130);
      assert.isBelow(twice.tookMs, once.tookMs - 300);
    } finally {
      stuck.close();
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
