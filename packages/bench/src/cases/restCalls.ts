/**
 * One ticker over REST, sixteen callers at a time, from a server in a second process that has the answer ready. Beside the bare pool it stands on, with
 * `JSON.parse`, and ccxt's `fetchTicker`. Each of our callers asks for a market of its own, at the tier that sends a request for each question, so that no two
 * share one: the server counts the requests. Limits are out of the way on all sides; of the router by a venue whose table of limits allows more.
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

const clientOf = async (side: Side): Promise<WithAsk> => {
  if (side === "base") return barely;
  const clients = await import("./restClients.ts");
  return side === "ccxt" ? clients.byCcxt : side === "direct" ? clients.byRest : clients.byRouter;
};

const run = async (side: Side, pace: Pace): Promise<Reading> => {
  const state = mkdtempSync(join(tmpdir(), "naru-bench-"));
  process.env["NARU_STATE"] = state;
  try {
    const withAsk = await clientOf(side);
    return await withFeed({ markets: 2 * callers, framesPerSecond: null, mix: [] }, async ({ url, codes, requests }) => {
      const measured: Array<{ readonly cpu: number; readonly rate: number }> = [];
      const [each, warm] = pace === "quick" ? [40, 30] : [250, 150];
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
          measured.push({ cpu: (user + system) / calls, rate: (1_000 * calls) / (performance.now() - began) });
        }
        perCall = ((await requests()) - before) / (stretches * each * callers);
      });
      return {
        figures: {
          CPU: summarize(measured.map(({ cpu }) => cpu)).median,
          calls: summarize(measured.map(({ rate }) => rate)).median,
          "requests a call": perCall,
        },
        work: stretches * each * callers,
      };
    });
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
};

export const subject: Case = {
  name: "rest-calls",
  about: `a ticker over REST, ${callers} callers at a time`,
  base: "undici's Pool and JSON.parse",
  candidate: 'getTicker with strategy "rest_only" and priority "critical": ranking, limiter, breaker, deadline, exact decoding, provenance',
  peers: {
    ccxt: "ccxt's fetchTicker, its rate limiter off",
    direct: "the service Rest below the tiers: limiter, breaker, deadline, exact decoding",
  },
  figures: [
    { name: "CPU", unit: "us/call", better: "lower" },
    { name: "calls", unit: "calls/s", better: "higher" },
    { name: "requests a call", unit: "requests/call", better: "lower" },
  ],
  rounds: 5,
  seconds: 8,
  isolation: "child",
  run,
};
