/** One client of a {@link ServerKind} process: takes every frame, looks into some, and counts what came within a measured time. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { subscription } from "./modelFrames.ts";
import { type ServerKind, type ServerMessage, type ServerPlan, wideTypes } from "./wideMarket.ts";

export interface Taken {
  readonly frames: number;
  readonly bytes: number;
  /** Real time. */
  readonly seconds: number;
  /** CPU seconds of the server process in that time. */
  readonly serverCpuSeconds: number;
  /** Different markets among the frames looked into. */
  readonly markets: number;
}

/** Starts the server, subscribes to everything, lets `settleMs` pass after the first frame, then measures for `measureMs`. */
export const takeFrames = async (kind: ServerKind, plan: ServerPlan, settleMs: number, measureMs: number): Promise<Taken> => {
  const server = fork(fileURLToPath(new URL("./frameServer.ts", import.meta.url)), [kind, JSON.stringify(plan)]);
  try {
    const ready = await next(server, "Ready");
    const client = new WebSocket(ready.url, { perMessageDeflate: false });
    const counter = new Counter();
    const broken = new Promise<never>((_, reject) => {
      client.on("error", reject);
      client.on("close", (code) => reject(new Error(`the server closed with ${code} after ${counter.frames} frames`)));
      server.on("exit", (code) => reject(new Error(`the server ended with ${code}`)));
    });
    client.on("message", (data: Buffer) => counter.take(data));
    const measured = measure(server, client, counter, ready.codes, settleMs, measureMs);
    return await Promise.race([measured, broken]);
  } finally {
    server.kill("SIGKILL");
  }
};

const measure = async (
  server: ChildProcess,
  client: WebSocket,
  counter: Counter,
  codes: ReadonlyArray<string>,
  settleMs: number,
  measureMs: number,
): Promise<Taken> => {
  await once(client, "open");
  client.send(subscription(wideTypes, codes, "DEFAULT"));
  await once(client, "message");
  await pass(settleMs);
  const before = { ...counter.reading(), micros: (await cpuOf(server)).micros };
  await pass(measureMs);
  const after = { ...counter.reading(), micros: (await cpuOf(server)).micros };
  const taken = {
    frames: after.frames - before.frames,
    bytes: after.bytes - before.bytes,
    seconds: (after.atMs - before.atMs) / 1_000,
    serverCpuSeconds: (after.micros - before.micros) / 1e6,
    markets: counter.markets.size,
  };
  client.removeAllListeners("close");
  client.terminate();
  return taken;
};

/** Counts frames; looks into every hundredth. */
class Counter {
  frames = 0;
  bytes = 0;
  readonly markets = new Set<string>();

  take(data: Buffer): void {
    this.bytes += data.length;
    if (this.frames++ % 97 !== 0) return;
    const { code, timestamp }: { readonly code?: unknown; readonly timestamp?: unknown } = JSON.parse(data.toString("utf8"));
    if (typeof code !== "string" || typeof timestamp !== "number") throw new Error(`not a frame: ${data.toString("utf8").slice(0, 200)}`);
    this.markets.add(code);
  }

  reading() {
    return { frames: this.frames, bytes: this.bytes, atMs: performance.now() };
  }
}

const cpuOf = (server: ChildProcess): Promise<Extract<ServerMessage, { _tag: "Cpu" }>> => {
  server.send("cpu");
  return next(server, "Cpu");
};

/** The server's next message of a kind. */
const next = <Tag extends ServerMessage["_tag"]>(server: ChildProcess, tag: Tag): Promise<Extract<ServerMessage, { _tag: Tag }>> =>
  new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`the server ended with ${code}`));
    const onMessage = (message: ServerMessage) => {
      if (message._tag !== tag) return;
      server.off("message", onMessage).off("exit", onExit);
      resolve(message as Extract<ServerMessage, { _tag: Tag }>); // the tag was compared
    };
    server.on("message", onMessage).on("exit", onExit);
  });

/** Lets real time pass with the event loop free. */
const pass = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
