/** Who asks for tickers in the REST case, beside the bare pool. */
import * as NodeTransport from "@naru/node/NodeTransport";
import type { Market } from "@naru/router/domain/Market";
import { MarketData } from "@naru/router/MarketData";
import { defaultRouterConfig, layer as configLayer } from "@naru/router/RouterConfig";
import * as Supervisor from "@naru/router/Supervisor";
import { Rest } from "@naru/router/transport/RestCall";
import { Venue } from "@naru/router/transport/Venue";
import { profileFromUrl } from "@naru/upbit/profiles";
import { makeVenue } from "@naru/upbit/UpbitVenue";
import { upbit } from "ccxt";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as ManagedRuntime from "effect/ManagedRuntime";
import * as Result from "effect/Result";
import type { WithAsk } from "./restCalls.ts";

/** A venue's table of limits is data: this one allows what no exchange does. */
const unlimited = { limit: 1_000_000, windowMs: 1_000 };

const appOf = (url: string) => {
  const venue = makeVenue(Result.getOrThrow(profileFromUrl(url)));
  const groups = Object.fromEntries(Object.keys(venue.limits.groups).map((name) => [name, unlimited]));
  const boundless = { ...venue, limits: { ...venue.limits, groups } };
  const config = {
    ...{ dailyCheckCron: "", auditEveryMs: 0, tickerAuditEveryMs: 0, candleAuditEveryMs: 0 },
    flightRecorder: { ...defaultRouterConfig.flightRecorder, windowMs: 0 },
  };
  return ManagedRuntime.make(
    Supervisor.layer.pipe(
      Layer.provideMerge(Layer.merge(Layer.succeed(Venue, boundless), NodeTransport.layer())),
      Layer.provide(configLayer(config)),
    ),
  );
};

/** The question of a caller, which memory may not answer. */
const intent = { strategy: "rest_only", maxAge: 0 } as const;

export const byRouter: WithAsk = async (url, _codes, use) => {
  const app = appOf(url);
  try {
    const data = await app.runPromise(MarketData);
    await use(async (code) => {
      const answer = await app.runPromise(data.getTicker(code, intent));
      if (answer.market !== code || answer.provenance.channel !== "rest") throw new Error(`${code}: answered by ${answer.provenance.tier}`);
    });
  } finally {
    await app.dispose();
  }
};

export const byRest: WithAsk = async (url, _codes, use) => {
  const app = appOf(url);
  try {
    const [rest, venue, clock] = await app.runPromise(Effect.all([Rest, Venue, Clock.Clock]));
    await use(async (code) => {
      const [call] = venue.tickers([code as Market]); // one of the exchange's own codes
      if (call === undefined) throw new Error("no call");
      const deadlineNanos = clock.monotonicTimeNanosUnsafe() + 5_000_000_000n;
      const { rows } = await app.runPromise(rest.run(call, { priority: "critical", deadlineNanos }));
      if (rows[0]?.market !== code) throw new Error(`${code}: answered with ${rows[0]?.market}`);
    });
  } finally {
    await app.dispose();
  }
};

export const byCcxt: WithAsk = async (url, codes, use) => {
  const client = new upbit({ enableRateLimit: false, urls: { api: { public: url, private: url } } });
  await client.loadMarkets();
  const symbols = new Map(codes.map((code) => [code, code.split("-").toReversed().join("/")]));
  try {
    await use(async (code) => {
      const { symbol } = await client.fetchTicker(symbols.get(code) ?? code);
      if (symbol !== symbols.get(code)) throw new Error(`${code}: answered with ${symbol}`);
    });
  } finally {
    await client.close();
  }
};
