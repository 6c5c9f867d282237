/** ccxt pro as a client of a feed, as its manual shows it: one loop that awaits and takes, for each stream; its rate limiter off. */
import { pro } from "ccxt";
import type { Consume } from "./feedClient.ts";
import type { FeedKind } from "./feedPlan.ts";

export const consumeCcxt: Consume = async (feed, kinds, tally, fail) => {
  const client = new pro.upbit({
    enableRateLimit: false,
    urls: { api: { public: feed.url, private: feed.url, ws: feed.socketUrl } },
  });
  await client.loadHttpProxyAgent();
  await client.loadMarkets();
  const handle = client.handleMessage.bind(client);
  client.handleMessage = (connection, message) => {
    tally.handled(1);
    handle(connection, message);
  };
  const symbols = feed.codes.map((code) => code.split("-").toReversed().join("/"));
  const life = { isOver: false };
  const loop = async (watch: () => Promise<number>) => {
    while (!life.isOver) for (let count = await watch(); count > 0; count--) tally.value(Number.NaN);
  };
  const watch = (kind: FeedKind): ReadonlyArray<Promise<void>> => {
    if (kind === "ticker") return [loop(async () => Object.keys(await client.watchTickers(symbols)).length)];
    if (kind === "trade") return [loop(async () => (await client.watchTradesForSymbols(symbols)).length)];
    return symbols.map((symbol) => loop(async () => (await client.watchOrderBook(symbol)).asks.length && 1));
  };
  for (const run of kinds.flatMap(watch)) run.catch((error: unknown) => (life.isOver ? undefined : fail(error)));
  return async () => {
    life.isOver = true;
    await client.close();
  };
};
