/** The list of all cases. Each is loaded when it is run, so that none pays for the modules of another. */
import type { Case } from "../Case.ts";

const loaders: Readonly<Record<string, () => Promise<{ readonly subject: Case }>>> = {
  "decode-bytes": () => import("./decodeBytes.ts"),
  "decode-schema": () => import("./decodeSchema.ts"),
  "stream-flood": () => import("./streamFlood.ts"),
  "stream-paced": () => import("./streamPaced.ts"),
  "market-wide": () => import("./marketWide.ts"),
  "fanout-consumers": () => import("./fanout.ts"),
  "rest-calls": async () => ({ subject: (await import("./restCalls.ts")).calls }),
  "rest-tickers": async () => ({ subject: (await import("./restCalls.ts")).tickers }),
  "startup-import": () => import("./startupImport.ts"),
  "candle-pages": () => import("./candlePages.ts"),
  "startup-command": () => import("./startupCommand.ts"),
  "hot-ticker": () => import("./hot.ts"),
  "hot-store": () => import("./hotStore.ts"),
  live: () => import("./live.ts"),
  "limiter-effect": async () => ({ subject: (await import("./limiter.ts")).besideEffect }),
  "limiter-bottleneck": async () => ({ subject: (await import("./limiter.ts")).besideBottleneck }),
  "limiter-ccxt": async () => ({ subject: (await import("./limiter.ts")).besideCcxt }),
  "candle-history": () => import("./candleHistory.ts"),
  "sim-serve": () => import("./simServe.ts"),
  "sim-market": () => import("./simMarket.ts"),
  world: () => import("./world.ts"),
  cache: () => import("./cache.ts"),
  "fallback-hop": () => import("./fallbackHop.ts"),
  recorder: () => import("./recorder.ts"),
  decision: () => import("./decision.ts"),
  "scale-markets": () => import("../scale/markets.ts"),
  "scale-subscribers": () => import("../scale/subscribers.ts"),
  "scale-rates": () => import("../scale/rates.ts"),
  "scale-keys": () => import("../scale/keys.ts"),
  "scale-history": () => import("../scale/history.ts"),
  select: () => import("./select.ts"),
};

export const caseNames: ReadonlyArray<string> = Object.keys(loaders);

/** Throws a RangeError when there is no such case. */
export const loadCase = async (name: string): Promise<Case> => {
  const load = loaders[name];
  if (load === undefined) throw new RangeError(`no case "${name}"`);
  return (await load()).subject;
};
