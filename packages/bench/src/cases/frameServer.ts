/**
 * A process that serves frames over loopback, for the cases that count them from outside: `emulator`, the exchange behind its own server, or
 * `bare`, a `ws` server that sends frames made before, as bytes. It tells its parent the address, and its CPU time whenever asked.
 *
 * `flood`: as fast as it can. The emulator's clock does not wait: every turn of the event loop is so much of the market's time that
 * about `framesPerWake` frames are due. `paced`: in real time, or in time as much faster as the market is less busy than it has to be.
 */
import type { AddressInfo } from "node:net";
import { layerLoopbackServer, LoopbackServer } from "@naru/sim";
import { Exchange } from "@naru/sim/Exchange";
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { type WebSocket, WebSocketServer } from "ws";
import { codesOf, framesPerMarketSecond, modelFrames } from "./modelFrames.ts";
import { type ServerKind, type ServerMessage, type ServerPlan, wideMarket, wideTypes } from "./wideMarket.ts";

const startMs = Date.UTC(2026, 0, 5, 3);

/** A clock on which nobody waits: a sleep ends after as many turns of the event loop as it has steps. */
const jumpingClock = (stepMs: number): Clock.Clock => {
  let nowMs = startMs;
  return clockOf(
    () => nowMs,
    (ms) =>
      Effect.callback((resume) => {
        const untilMs = nowMs + ms;
        const turn = () => {
          nowMs += stepMs;
          if (nowMs >= untilMs) resume(Effect.void);
          else pending = setImmediate(turn);
        };
        let pending = setImmediate(turn);
        return Effect.sync(() => clearImmediate(pending));
      }),
  );
};

/** The real clock, sped up until the market is as busy as it has to be; one that nearly is runs in real time. */
const pacedClock = (real: Clock.Clock, wanted: number): Clock.Clock => {
  const speed = Math.abs(wanted - 1) < 0.2 ? 1 : wanted;
  const beganMs = performance.now();
  return clockOf(
    () => startMs + (performance.now() - beganMs) * speed,
    (ms) => real.sleep(Duration.millis(ms / speed)),
  );
};

const clockOf = (nowMs: () => number, sleepMs: (ms: number) => Effect.Effect<void>): Clock.Clock => {
  const nanos = () => BigInt(Math.floor(nowMs() * 1_000)) * 1_000n;
  return {
    currentTimeMillisUnsafe: nowMs,
    currentTimeMillis: Effect.sync(nowMs),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos),
    monotonicTimeNanosUnsafe: nanos,
    monotonicTimeNanos: Effect.sync(nanos),
    sleep: (duration) => sleepMs(Duration.toMillis(duration)),
  };
};

const serveEmulator = (plan: ServerPlan): Effect.Effect<never> =>
  Effect.gen(function* () {
    const real = yield* Clock.Clock;
    const rate = framesPerMarketSecond({ types: wideTypes, format: "DEFAULT", options: wideMarket });
    const clock = plan.mode === "flood" ? jumpingClock((plan.framesPerWake / rate) * 1_000) : pacedClock(real, plan.framesPerSecond / rate);
    const services = yield* Layer.build(
      layerLoopbackServer().pipe(Layer.provideMerge(Exchange.layer(wideMarket)), Layer.provide(Layer.succeed(Clock.Clock, clock))),
    );
    tell({ _tag: "Ready", url: Context.get(services, LoopbackServer).socketUrl, codes: codesOf(Context.get(services, Exchange)) });
    return yield* Effect.never;
  }).pipe(Effect.scoped);

/** Enough frames for every market to be among them many times. */
const preparedFrames = 5_000;
/** What may wait in the socket while flooding. */
const maxBuffered = 1024 * 1024;

const serveBare = (plan: ServerPlan): void => {
  const frames = modelFrames({ types: wideTypes, format: "DEFAULT", count: preparedFrames, options: wideMarket }).map((text) =>
    Buffer.from(text),
  );
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false }, () => {
    // A server that listens on TCP has an address with a port.
    const { port } = server.address() as AddressInfo;
    tell({ _tag: "Ready", url: `ws://127.0.0.1:${port}`, codes: ["KRW-BTC"] });
  });
  server.on("connection", (client) => client.once("message", () => send(client, frames, plan)));
};

const send = (client: WebSocket, frames: ReadonlyArray<Buffer>, plan: ServerPlan): void => {
  const beganMs = performance.now();
  let sent = 0;
  const sendOne = () => client.send(frames[sent++ % frames.length] ?? Buffer.alloc(0), { binary: true });
  const step = () => {
    if (client.readyState !== client.OPEN) return;
    if (plan.mode === "flood") {
      while (client.bufferedAmount < maxBuffered) sendOne();
      setImmediate(step);
      return;
    }
    while (sent < ((performance.now() - beganMs) / 1_000) * plan.framesPerSecond) sendOne();
  };
  if (plan.mode === "flood") return step();
  // The emulator's frames too leave one by one, a millisecond apart and more.
  const timer = setInterval(step, 1);
  client.on("close", () => clearInterval(timer));
};

const tell = (message: ServerMessage): void => {
  if (process.send === undefined) throw new Error("this process serves its parent");
  process.send(message);
};

process.on("message", () => {
  const { user, system } = process.cpuUsage();
  tell({ _tag: "Cpu", micros: user + system });
});
// A parent that is gone needs no server.
process.on("disconnect", () => process.exit(0));

const [kind, plan = ""] = process.argv.slice(2);
const parsed: ServerPlan = JSON.parse(plan);
// The parent spells it: `frameClient.ts`.
if ((kind as ServerKind) === "emulator") Effect.runFork(serveEmulator(parsed));
else serveBare(parsed);
