/**
 * A bot that uses nothing of naru: plain HTTP and a plain socket, as a program in any language would, against `naru sim serve` in a process of
 * its own. The test drives the exchange over its control port, by plain HTTP too, and sees what the bot makes of it.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

// `naru sim serve --port 0 --control-port 0 --json`: port 0 takes a free one, and the first line says which.
const naru = fileURLToPath(new URL("../packages/cli/src/main.ts", import.meta.url));
const exchange = spawn(process.execPath, [naru, "sim", "serve", "--port", "0", "--control-port", "0", "--json"], {
  stdio: ["ignore", "pipe", "inherit"],
});
process.on("exit", () => exchange.kill());
const [line] = await once(createInterface(exchange.stdout), "line");
const { url, socketUrl, controlUrl } = JSON.parse(String(line));

/** Drives the exchange. */
const control = async (path: string, body?: object, method = body === undefined ? "GET" : "POST") => {
  const response = await fetch(`${controlUrl}/_sim/${path}`, { method, body: body === undefined ? null : JSON.stringify(body) });
  if (!response.ok) throw new Error(await response.text());
  return response.json();
};

// The bot: the last price it heard of, and what its socket told it.
const bot = { price: 0, events: new EventTarget() };
const socket = new WebSocket(socketUrl);
const opened = once(socket, "open");
socket.binaryType = "arraybuffer";
socket.addEventListener("message", ({ data }) => {
  const message = JSON.parse(typeof data === "string" ? data : new TextDecoder().decode(data));
  if (message.type === "trade") bot.price = message.trade_price;
  bot.events.dispatchEvent(new Event(message.type ?? message.method));
});
const told = (event: string) => new Promise((resume) => bot.events.addEventListener(event, resume, { once: true }));

// The market stands still but for what the test says.
await control("script", { word: "halt" });
await opened;
const snapshot = told("trade");
socket.send(JSON.stringify([{ ticket: "bot" }, { type: "trade", codes: ["KRW-BTC"] }]));
await snapshot;
const first = told("trade");
await control("script", { word: "trade", market: "KRW-BTC", price: "96000000" });
await first;
console.log(`a trade at 96000000: the bot says ${bot.price}`);

// REST fails twice.
await control("faults", { verb: "server-error", path: "/v1/ticker", times: 2 });
const ask = () => fetch(`${url}/v1/ticker?markets=KRW-BTC`);
console.log(`two failures: ${(await ask()).status}, ${(await ask()).status}, then ${(await ask()).status}`);

// The socket stays up and answers what it is subscribed to, and brings no data: the price falls, and the bot does not know.
await control("faults", { verb: "zombie" });
await control("script", { word: "trade", market: "KRW-BTC", price: "90000000" });
const listed = told("LIST_SUBSCRIPTIONS");
socket.send(JSON.stringify([{ ticket: "bot" }, { method: "LIST_SUBSCRIPTIONS" }]));
await listed;
const [{ trade_price: rest }] = await (await ask()).json();
console.log(`a zombie: the socket answers, the bot says ${bot.price}, REST says ${rest}`);
const { entries } = await control("ledger/faults");
const reason = entries.findLast((entry: { verb: string; event: string }) => entry.event === "happened" && entry.verb === "zombie");
console.log(`the ledger says why: ${reason?.verb}, ${reason?.on}`);

// It is over, and then the socket is gone without a word.
await control("faults", undefined, "DELETE");
const closed = once(socket, "close");
await control("faults", { verb: "cut" });
const [{ code }] = await closed;
console.log(`a cut: the bot's socket closed with ${code}`);

exchange.kill();
if (bot.price === rest || code !== 1006 || reason === undefined) process.exitCode = 1;
