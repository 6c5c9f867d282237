/**
 * Tickers over REST, sixteen callers at a time, from a server in a second process that has the answers ready and counts requests. Two cases: a call with a
 * request of its own beside the bare pool it stands on; and the question that people ask, beside ccxt's, where the router lets callers of one moment share a
 * request. Limits are out of the way on all sides; of the router by a venue whose table of limits allows more.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Pool } from "undici";
import type { Case, Pace, Reading, Side } from "../Case.ts";
import { summarize } from "../Statistics.ts";
import { withFeed } from "./feedClient.ts";

const callers = 16;
const stretches = 5;

/** Asks for a market once, and proves that the answer is about it. */
export type Ask = (code: string) => Promise<void>;

/** Something that asks; it ends with `use`. */
export type WithAsk = (url: string, codes: ReadonlyArray<string>, use: (ask: Ask) => Promise<void>) => Promise<void>;

const barely: WithAsk = async (url, _codes, use) => {
  const pool = new Pool(url, { connections: callers, pipelining: 1 });
  try {
    await use(async (code) => {
      const { statusCode, body } = await pool.request({ path: `/v1/ticker?markets=${code}`, method: "GET" });
      const rows: ReadonlyArray<{ readonly market: string }> = JSON.parse(await body.text());
      if (statusCode !== 200 || rows[0]?.market !== code) throw new Error(`${code}: answered ${statusCode} with ${rows[0]?.market}`);
    });
  } finally {
    await pool.destroy();
  }
};

const clients: Readonly<Record<string, () => Promise<WithAsk>>> = {
  pool: async () => barely,
  ccxt: async () => (await import("./restClients.ts")).byCcxt,
  rest: async () => (await import("./restClients.ts")).byRest,
  router: async () => (await import("./restClients.ts")).byRouter,
};

const measured = async (client: string, pace: Pace): Promise<Reading> => {
  const state = mkdtempSync(join(tmpdir(), "naru-bench-"));
  process.env["NARU_STATE"] = state;
  try {
    const withAsk = await clients[client]?.();
    if (withAsk === undefined) throw new RangeError(`no client "${client}"`);
    return await withFeed({ markets: 2 * callers, framesPerSecond: null, mix: [] }, async ({ url, codes, requests }) => {
      const taken: Array<{ readonly cpu: number; readonly rate: number }> = [];
      const [each, warm] = pace === "quick" ? [25, 60] : [250, 150];
      let perCall = 0;
      await withAsk(url, codes, async (ask) => {
        const rounds = (times: number) =>
          Promise.all(
            codes.slice(0, callers).map(async (code) => {
              for (let i = 0; i < times; i++) await ask(code);
            }),
          );
        await rounds(warm);
        const before = await requests();
        for (let stretch = 0; stretch < stretches; stretch++) {
          const [began, cpu] = [performance.now(), process.cpuUsage()];
          await rounds(each);
          const { user, system } = process.cpuUsage(cpu);
          const calls = each * callers;
          taken.push({ cpu: (user + system) / calls, rate: (1_000 * calls) / (performance.now() - began) });
        }
        perCall = ((await requests()) - before) / (stretches * each * callers);
      });
      return {
        figures: {
          CPU: summarize(taken.map(({ cpu }) => cpu)).median,
          calls: summarize(taken.map(({ rate }) => rate)).median,
          "requests a call": perCall,
        },
        work: stretches * each * callers,
      };
    });
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
};

const figures = [
  { name: "CPU", unit: "us/call", better: "lower" },
  { name: "calls", unit: "calls/s", better: "higher" },
  { name: "requests a call", unit: "requests/call", better: "lower" },
] as const;

const clientsOfCalls: Readonly<Record<Side, string>> = { base: "pool", candidate: "rest", ccxt: "ccxt" };

export const calls: Case = {
  name: "rest-calls",
  about: `one call over REST, ${callers} at a time, a request each`,
  base: "undici's Pool and JSON.parse",
  candidate: "the service Rest, below the tiers: limiter, breaker, deadline, retries, exact decoding",
  peers: { ccxt: "ccxt's fetchTicker, its rate limiter off" },
  figures: [figures[0], figures[1], figures[2]],
  rounds: 5,
  seconds: 8,
  isolation: "child",
  run: (side, pace) => measured(clientsOfCalls[side] ?? side, pace),
};

export const tickers: Case = {
  name: "rest-tickers",
  about: `a ticker over REST, asked by ${callers} callers at a time, each for a market of its own`,
  base: "ccxt's fetchTicker, its rate limiter off; a request each",
  candidate: 'getTicker with strategy "rest_only" and maxAge 0: all of the router; callers of one moment share a request',
  figures: [figures[1], figures[0], figures[2]],
  rounds: 5,
  seconds: 8,
  isolation: "child",
  run: (side, pace) => measured(side === "base" ? "ccxt" : "router", pace),
};
