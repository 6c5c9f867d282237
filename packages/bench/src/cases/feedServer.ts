/**
 * A process that stands for the exchange with its limits off: `/v1` answered from prebuilt bodies, and sockets that send prebuilt frames of what they are
 * asked for, in chunks of 64 KiB as fast as the client takes them, or evenly: a client with several sockets gets each frame once, as from an exchange. It
 * costs so little beside any client that it is never the limit.
 */
import * as http from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { ExchangeModel } from "@naru/sim";
import { WebSocketServer } from "ws";
import { feedExchange, FeedFrames, type FeedKey } from "./feedFrames.ts";
import { type FeedKind, type FeedMessage, type FeedPlan, wallMs } from "./feedPlan.ts";
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

/** What a socket is sent; it may ask for something else at any time. */
type Asked = () => FeedFrames;

const flood = (tcp: Socket, asked: Asked): void => {
  const fill = () => {
    while (!tcp.destroyed && asked().share > 0 && tcp.write(asked().take(chunkBytes, Number.POSITIVE_INFINITY).bytes));
  };
  tcp.on("drain", fill);
  fill();
};

/** What is due leaves every millisecond: of the rate of all frames the part that was asked for. */
const pace = (tcp: Socket, asked: Asked, framesPerSecond: number): void => {
  let [atMs, due] = [performance.now(), 0];
  const timer = setInterval(() => {
    const [frames, nowMs] = [asked(), performance.now()];
    due += ((nowMs - atMs) / 1_000) * framesPerSecond * frames.share;
    atMs = nowMs;
    while (due >= 1 && !tcp.destroyed) {
      const taken = frames.take(chunkBytes, Math.floor(due));
      tcp.write(taken.bytes);
      due -= taken.frames;
    }
  }, 1);
  tcp.on("close", () => clearInterval(timer));
};

/** The keys of a subscription; undefined for another message. */
const keysOf = (message: string): ReadonlySet<FeedKey> | undefined => {
  if (!message.startsWith("[")) return undefined;
  const parts: ReadonlyArray<{ readonly type?: FeedKind; readonly codes?: ReadonlyArray<string> }> = JSON.parse(message);
  const keys = parts.flatMap(({ codes = [], type }) => (type === undefined ? [] : codes.map((code): FeedKey => `${type}:${plain(code)}`)));
  return keys.length === 0 ? undefined : new Set(keys);
};

/** A code of a book may have the number of levels behind it. */
const plain = (code: string): string => code.replace(/\.\d+$/, "");

const tell = (message: FeedMessage): void => {
  if (process.send === undefined) throw new Error("this process serves its parent");
  process.send(message);
};

let requests = 0;
// The parent spells it: `feedClient.ts`.
const plan: FeedPlan = JSON.parse(process.argv[2] ?? "");
const model = new ExchangeModel(feedExchange(plan.markets));
const frames = plan.mix.length === 0 ? undefined : FeedFrames.make(plan.mix, codesOf(model));
const server = serveRest(model);
const sockets = new WebSocketServer({ server, path: "/websocket/v1", perMessageDeflate: false });
sockets.on("connection", (client, request) => {
  let asked: FeedFrames | undefined;
  // A subscription takes the place of the one before.
  client.on("message", (data) => {
    const keys = keysOf(String(data));
    if (frames === undefined || keys === undefined) return;
    const isFirst = asked === undefined;
    const part = (asked = frames.of(keys));
    if (!isFirst) return;
    const now = () => asked ?? part;
    if (plan.framesPerSecond === null) flood(request.socket, now);
    else pace(request.socket, now, plan.framesPerSecond);
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
