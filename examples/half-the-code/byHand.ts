/**
 * By hand: the least that chooses between the two channels and survives a lost socket and a refused request. It knows nothing of silent links,
 * of a second program on the same address, of blocks, of deadlines, nor of answers about something else.
 */
import type { Price, Prices } from "./Prices.ts";

interface Heard {
  readonly price: number;
  readonly atMs: number;
}

const freshMs = 1_000;
const firstWordMs = 300;
const perSecond = 10;
const attempts = 3;

const sleep = (ms: number) => new Promise<void>((resume) => setTimeout(resume, ms));

export const openPrices = async (url: string): Promise<Prices> => {
  const heard = new Map<string, Heard>();
  const waiting = new Map<string, Set<() => void>>();
  const wanted = new Set<string>();
  const sent: Array<number> = [];
  let socket: WebSocket | undefined;
  let failures = 0;
  let closed = false;

  const subscribe = () => {
    if (socket?.readyState !== WebSocket.OPEN || wanted.size === 0) return;
    socket.send(JSON.stringify([{ ticket: "prices" }, { type: "ticker", codes: [...wanted] }]));
  };

  const open = () => {
    const opening = new WebSocket(`${url.replace("http", "ws")}/websocket/v1`);
    opening.binaryType = "arraybuffer";
    opening.addEventListener("open", () => {
      failures = 0;
      subscribe();
    });
    opening.addEventListener("message", ({ data }) => {
      const frame = JSON.parse(typeof data === "string" ? data : new TextDecoder().decode(data));
      if (frame.type !== "ticker") return;
      heard.set(frame.code, { price: frame.trade_price, atMs: performance.now() });
      for (const wake of waiting.get(frame.code) ?? []) wake();
      waiting.delete(frame.code);
    });
    opening.addEventListener("close", async () => {
      if (closed) return;
      // What a dead socket said last is nobody's price.
      heard.clear();
      await sleep(Math.random() * Math.min(30_000, 500 * 2 ** failures++));
      if (!closed) open();
    });
    socket = opening;
  };
  open();

  const take = async () => {
    while (true) {
      const nowMs = performance.now();
      while (sent[0] !== undefined && nowMs - sent[0] > 1_000) sent.shift();
      if (sent.length < perSecond) return sent.push(nowMs);
      await sleep(1_000 - (nowMs - (sent[0] ?? nowMs)));
    }
  };

  const overRest = async (market: string): Promise<Price> => {
    for (let attempt = 1; ; attempt++) {
      await take();
      try {
        const response = await fetch(`${url}/v1/ticker?markets=${market}`, { signal: AbortSignal.timeout(5_000) });
        if (response.ok) {
          const [row] = await response.json();
          return { price: row.trade_price, ageMs: 0, channel: "rest" };
        }
        if (response.status < 500 && response.status !== 429) throw new Error(`${market}: HTTP ${response.status}`);
        if (attempt === attempts) throw new Error(`${market}: HTTP ${response.status}, ${attempts} times`);
      } catch (error) {
        if (attempt === attempts) throw error;
      }
      await sleep(Math.random() * 100 * 2 ** attempt);
    }
  };

  const fromSocket = (market: string): Price | undefined => {
    const last = heard.get(market);
    const ageMs = last === undefined ? Number.POSITIVE_INFINITY : performance.now() - last.atMs;
    return last === undefined || ageMs > freshMs ? undefined : { price: last.price, ageMs, channel: "websocket" };
  };

  return {
    price: async (market) => {
      const known = fromSocket(market);
      if (known !== undefined) return known;
      if (!wanted.has(market)) {
        wanted.add(market);
        subscribe();
        const spoken = new Promise<void>((resume) => waiting.set(market, (waiting.get(market) ?? new Set()).add(resume)));
        await Promise.race([spoken, sleep(firstWordMs)]);
      }
      return fromSocket(market) ?? overRest(market);
    },
    close: async () => {
      closed = true;
      socket?.close();
    },
  };
};
