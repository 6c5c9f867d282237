/**
 * A process that stands for the exchange with its limits off: `/v1` answered from prebuilt bodies, and a socket that sends prebuilt frames from the
 * first request on, in chunks of 64 KiB as fast as the client takes them, or evenly. It costs so little beside any client that it is never the limit.
 */
import * as http from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { ExchangeModel } from "@naru/sim";
import { WebSocketServer } from "ws";
import { feedExchange, FeedFrames } from "./feedFrames.ts";
import { type FeedMessage, type FeedPlan, wallMs } from "./feedPlan.ts";
import { codesOf } from "./modelFrames.ts";

const chunkBytes = 64 * 1024;

/** Answers of the model, made once for each address. */
const serveRest = (model: ExchangeModel): http.Server => {
  const answers = new Map<
    string,
    { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: Uint8Array }
  >();
  return http.createServer((request, response) => {
    request.resume();
    requests++;
    const target = request.url ?? "/";
    let answer = answers.get(target);
    if (answer === undefined) {
      const made = model.handleRest({ method: "GET", target, headers: {}, ip: "127.0.0.1", door: "loopback" }, wallMs());
      if (made._tag !== "Response") throw new Error(`the model does not answer ${target}`);
      const { status, headers, body } = made;
      // The day of the first answer would be taken for the exchange's clock.
      answer = { status, headers: Object.fromEntries(Object.entries(headers).filter(([name]) => name !== "date")), body };
      answers.set(target, answer);
    }
    response.writeHead(answer.status, { ...answer.headers, "content-length": answer.body.length });
    response.end(answer.body);
  });
};

const flood = (tcp: Socket, frames: FeedFrames): void => {
  const fill = () => {
    while (!tcp.destroyed && tcp.write(frames.take(chunkBytes, Number.POSITIVE_INFINITY).bytes));
  };
  tcp.on("drain", fill);
  fill();
};

/** What is due leaves every millisecond. */
const pace = (tcp: Socket, frames: FeedFrames, framesPerSecond: number): void => {
  const beganMs = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    let due = Math.floor(((performance.now() - beganMs) / 1_000) * framesPerSecond) - sent;
    while (due > 0 && !tcp.destroyed) {
      const taken = frames.take(chunkBytes, due);
      tcp.write(taken.bytes);
      sent += taken.frames;
      due -= taken.frames;
    }
  }, 1);
  tcp.on("close", () => clearInterval(timer));
};

const tell = (message: FeedMessage): void => {
  if (process.send === undefined) throw new Error("this process serves its parent");
  process.send(message);
};

let requests = 0;
// The parent spells it: `feedClient.ts`.
const plan: FeedPlan = JSON.parse(process.argv[2] ?? "");
const model = new ExchangeModel(feedExchange(plan.markets));
const frames = plan.mix.length === 0 ? undefined : new FeedFrames(plan.mix, codesOf(model));
const server = serveRest(model);
const sockets = new WebSocketServer({ server, path: "/websocket/v1", perMessageDeflate: false });
sockets.on("connection", (client, request) => {
  // Whatever is asked for: the clients of a plan ask for what it brings. A later message changes nothing.
  client.once("message", () => {
    if (frames === undefined) return;
    if (plan.framesPerSecond === null) flood(request.socket, frames);
    else pace(request.socket, frames, plan.framesPerSecond);
  });
  client.on("error", () => client.terminate());
});
server.listen(0, "127.0.0.1", () => {
  // A server that listens on TCP has an address with a port.
  const { port } = server.address() as AddressInfo;
  tell({ _tag: "Ready", url: `http://127.0.0.1:${port}`, socketUrl: `ws://127.0.0.1:${port}/websocket/v1`, codes: codesOf(model) });
});
process.on("message", () => tell({ _tag: "Requests", count: requests }));
// A parent that is gone needs no server.
process.on("disconnect", () => process.exit(0));
