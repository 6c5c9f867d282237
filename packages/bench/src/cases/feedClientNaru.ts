/** This product as a client of a feed: router, venue and node transport, each kind to one Effect stream that takes what there is, batch by batch. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StreamElement } from "@naru/router/domain/StreamElement";
import { MarketData } from "@naru/router/MarketData";
import { defaultRouterConfig } from "@naru/router/RouterConfig";
import { layerFor } from "@naru/upbit/Upbit";
import * as Effect from "effect/Effect";
import * as Stream from "effect/Stream";
import type { Consume } from "./feedClient.ts";
import { bufferSize, lagOf } from "./feedPlan.ts";
import { type FeedTally, numberOfTrade } from "./feedTally.ts";

/** Every default but the questions that the router asks by itself: the exchange behind this feed does not know of its frames. */
const quiet = { auditEveryMs: 0, tickerAuditEveryMs: 0, candleAuditEveryMs: 0, dailyCheckCron: "", verifyAfterMs: 3_600_000 };

/** What the flight recorder keeps is packed by other threads, which take turns with the server where there are two cores. */
const unrecorded = { flightRecorder: { ...defaultRouterConfig.flightRecorder, windowMs: 0 } };

export const consumeNaru =
  (isRecorded: boolean): Consume =>
  async (feed, kinds, tally, fail) => {
    const state = mkdtempSync(join(tmpdir(), "naru-bench-"));
    process.env["NARU_STATE"] = state;
    const stop = new AbortController();
    const program = Effect.gen(function* () {
      const data = yield* MarketData;
      const take = <A>(stream: Stream.Stream<StreamElement<A>, unknown>, value: (value: A, isFromSocket: boolean) => void) =>
        Stream.runForEachArray(stream, (elements) => Effect.sync(() => elements.forEach((element) => takeElement(element, tally, value))));
      const streams = kinds.map((kind) => {
        if (kind === "ticker")
          return take(data.streamTickerEvents(feed.codes, { bufferSize }), ({ volume24h, value24h }, isFromSocket) =>
            tally.value(volume24h.number, isFromSocket ? lagOf(value24h.number) : undefined),
          );
        if (kind === "trade") return take(data.streamTradesEvents(feed.codes, { bufferSize }), ({ id }) => tally.value(numberOfTrade(id)));
        return take(data.streamOrderbookEvents(feed.codes, { bufferSize, levels: 30 }), ({ totalAskSize }) =>
          tally.value(totalAskSize.number),
        );
      });
      return yield* Effect.all(streams, { concurrency: "unbounded", discard: true });
    });
    const config = isRecorded ? quiet : { ...quiet, ...unrecorded };
    const layer = layerFor({ venue: feed.url, config, history: "off" });
    const running = Effect.runPromise(Effect.provide(program, layer), { signal: stop.signal });
    running.catch((error: unknown) => {
      if (!stop.signal.aborted) fail(error);
    });
    return async () => {
      stop.abort();
      await running.catch(() => undefined);
      rmSync(state, { recursive: true, force: true });
    };
  };

/** Only what the feed wrote says when it left; a stream's first values may be read over REST. */
const takeElement = <A>(element: StreamElement<A>, tally: FeedTally, value: (value: A, isFromSocket: boolean) => void): void => {
  if (element._tag === "Live") value(element.value, element.channel === "websocket");
  else if (element._tag === "Dropped") tally.dropped(element.count);
  else if (element._tag !== "Resumed") throw new Error(`the feed broke: ${JSON.stringify(element).slice(0, 200)}`);
};
