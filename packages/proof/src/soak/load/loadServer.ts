/**
 * The process that loads: `node loadServer.ts PLAN`, with an IPC channel to its parent, which says how many frames a second leave and asks how many did. REST is
 * answered by the emulated exchange's model; frames are made before. It ends with its parent, and when more than it may hold waits for a client that does not read.
 */
import * as http from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { ExchangeModel } from "@naru/sim";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { WebSocketServer } from "ws";
import { LoadFrames } from "./LoadFrames.ts";
import type { FromServer, LoadPlan, ToServer } from "./LoadPlan.ts";

const chunkBytes = 64 * 1024;
/** What may wait for the client: several seconds of the densest load. */
const maxWaiting = 512 * 2 ** 20;

/** The parent is this same repository, at this same moment. */
const plan = JSON.parse(process.argv[2] ?? "{}") as LoadPlan;
const unlimited = 1e9;
const model = new ExchangeModel({
  markets: { count: plan.markets, rate: 20 },
  limits: { perWindow: unlimited, connectsPerSecond: unlimited, messagesPerSecond: unlimited, messagesPerMinute: unlimited },
  ledgerCapacity: 1,
});

const tell = (message: FromServer): void => void process.send?.(message);

const serve = Effect.gen(function* () {
  const clock = yield* Clock.Clock;
  const wallMs = () => clock.currentTimeMillisUnsafe();
  const monotonicMicros = () => Number(clock.monotonicTimeNanosUnsafe() / 1_000n);
  const frames = new LoadFrames(model, wallMs());
  let client: Socket | undefined;
  let rate = { framesPerSecond: 0, sinceMicros: monotonicMicros(), sent: 0 };
  let mostWaiting = 0;

  const server = http.createServer((request, response) => {
    request.resume();
    const made = model.handleRest({ method: "GET", target: request.url ?? "/", headers: {}, ip: "127.0.0.1", door: "loopback" }, wallMs());
    if (made._tag !== "Response") throw new Error(`the model does not answer ${request.url}`);
    // The day of the model would be taken for the exchange's clock.
    const headers = Object.entries(made.headers).filter(([name]) => name !== "date");
    response.writeHead(made.status, { ...Object.fromEntries(headers), "content-length": made.body.length });
    response.end(made.body);
  });
  const sockets = new WebSocketServer({ server, path: "/websocket/v1", perMessageDeflate: false });
  sockets.on("connection", (socket, request) => {
    // The client of a load asks for what it brings; a later message changes nothing.
    socket.once("message", () => void (client = request.socket));
    socket.on("error", () => socket.terminate());
  });
  process.on("message", (message: ToServer) => {
    if (message._tag === "Count") return tell({ _tag: "Sent", sent: frames.sent, mostWaiting });
    return void (rate = { framesPerSecond: message.framesPerSecond, sinceMicros: monotonicMicros(), sent: 0 });
  });
  server.listen(0, "127.0.0.1", () => {
    // A server that listens on TCP has an address with a port.
    const { port } = server.address() as AddressInfo;
    tell({ _tag: "Ready", url: `http://127.0.0.1:${port}`, codes: model.world.markets.map(({ code }) => code) });
  });

  /** What is due leaves. */
  const send = (tcp: Socket): void => {
    let due = Math.floor(((monotonicMicros() - rate.sinceMicros) / 1e6) * rate.framesPerSecond) - rate.sent;
    while (due > 0 && !tcp.destroyed) {
      const taken = frames.take(due, chunkBytes, { wallMs: wallMs(), monotonicMicros: monotonicMicros() });
      tcp.write(taken.bytes);
      rate.sent += taken.frames;
      due -= taken.frames;
    }
    mostWaiting = Math.max(mostWaiting, tcp.writableLength);
    if (tcp.writableLength > maxWaiting) throw new Error("the client does not read what it is sent");
  };
  return yield* Effect.forever(
    Effect.andThen(
      Effect.sleep("1 millis"),
      Effect.sync(() => {
        // Time in which nobody listened is not owed.
        if (client === undefined) rate = { ...rate, sinceMicros: monotonicMicros(), sent: 0 };
        else send(client);
      }),
    ),
  );
});

process.on("disconnect", () => process.exit(0));
Effect.runPromise(serve).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
