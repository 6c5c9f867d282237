import { readFileSync } from "node:fs";
import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { Cache } from "@naru/router/cache/Cache";
import { Decimal } from "@naru/router/domain/Decimal";
import { Market } from "@naru/router/domain/Market";
import type { Orderbook } from "@naru/router/domain/Orderbook";
import { keyId } from "@naru/router/domain/StreamKey";
import type { Trade } from "@naru/router/domain/Trade";
import { NetworkError } from "@naru/router/errors/MarketDataError";
import { streamOrderbookEvents, streamTradesEvents } from "@naru/router/MarketData";
import * as Router from "@naru/router/Router";
import { type SocketHandlers, Transport } from "@naru/router/transport/Transport";
import * as UpbitVenue from "@naru/upbit/UpbitVenue";
import { Effect, Layer, Stream } from "effect";
import { TestClock } from "effect/testing";

const folder = process.env["NARU_RECORDINGS"];

interface WireTrade {
  readonly ty: "trade";
  readonly cd: string;
  readonly ttms: number;
  readonly raw: string;
}
interface WireBook {
  readonly ty: "orderbook";
  readonly cd: string;
  readonly tms: number;
  readonly raw: string;
}

const recorded = (path: string): ReadonlyArray<WireTrade | WireBook> =>
  readFileSync(join(path, "upbit/ws/simple-trades-and-books-2021-04-17.jsonl"), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const { raw } = JSON.parse(line) as { raw: string };
      return { ...(JSON.parse(raw) as WireTrade | WireBook), raw };
    });

/** A transport whose one socket says what was recorded, and whose REST is out of reach. */
const replaying = (sockets: Array<SocketHandlers>) =>
  Layer.succeed(Transport, {
    rest: () => Effect.fail(new NetworkError({ phase: "connect", host: "recorded", code: "ECONNREFUSED", detail: null })),
    socket: (_url, handlers) =>
      Effect.sync(() => {
        sockets.push(handlers);
        return { send: () => Effect.void, ping: Effect.sync(() => handlers.onPong()), terminate: Effect.void };
      }),
  });

/** The text of a number in a frame, by its key, as it stands there. */
const tokens = (raw: string, key: string): ReadonlyArray<string> =>
  [...raw.matchAll(new RegExp(`"${key}":(-?[0-9.eE+-]+)`, "g"))].map((match) => match[1] ?? "");

// The recordings are not part of this repository; without them there is nothing to replay.
describe.skipIf(folder === undefined)("a recorded half minute of one socket", () => {
  it.effect("ends with the right last book and last trade of every market", () => {
    const frames = recorded(folder ?? "");
    const sockets: Array<SocketHandlers> = [];
    const layer = Router.layer.pipe(Layer.provideMerge(Layer.merge(UpbitVenue.layer, replaying(sockets))));
    return Effect.gen(function* () {
      const cache = yield* Cache;
      const markets = [...new Set(frames.map((frame) => frame.cd))];
      const trades: Array<string> = [];
      yield* Effect.forkChild(
        Stream.runForEach(streamTradesEvents(markets), (element) =>
          Effect.sync(() => {
            if (element._tag === "Live") trades.push(`${element.value.market} ${element.value.id}`);
          }),
        ),
      );
      yield* Effect.forkChild(Stream.runDrain(streamOrderbookEvents(markets)));
      yield* TestClock.adjust("10 seconds");
      const socket = sockets.at(-1);
      assert.isDefined(socket);
      for (const { raw } of frames) {
        socket?.onFrame(Buffer.from(raw));
        socket?.onReadEnd();
      }
      yield* TestClock.adjust("1 second");

      let looked = 0;
      for (const code of markets) {
        const market = Market.make(code);
        const last = lastTrade(frames, code);
        const held = cache.hot.get(keyId({ kind: "trades", market }))?.value as Trade | undefined;
        if (last !== undefined) {
          assert.strictEqual(held?.id, tokens(last.raw, "sid")[0]);
          assert.deepStrictEqual(held?.price, Decimal.of(tokens(last.raw, "tp")[0] ?? ""));
          looked++;
        }
        const book = lastBook(frames, code);
        const kept = cache.hot.get(keyId({ kind: "orderbook", market, levels: 15 }))?.value as Orderbook | undefined;
        if (book !== undefined) {
          assert.strictEqual(kept?.timestampMs, book.tms);
          assert.deepStrictEqual(
            kept?.asks.map((level) => level.price),
            tokens(book.raw, "ap").map((token) => Decimal.of(token)),
          );
          assert.deepStrictEqual(kept?.totalBidSize, Decimal.of(tokens(book.raw, "tbs")[0] ?? ""));
          looked++;
        }
      }
      assert.isAbove(looked, 0);
      assert.strictEqual(frames.length, 449);
      const ids = new Set(frames.flatMap((frame) => (frame.ty === "trade" ? [`${frame.cd} ${tokens(frame.raw, "sid")[0]}`] : [])));
      assert.strictEqual(trades.length, ids.size);
      assert.deepStrictEqual(new Set(trades), ids);
    }).pipe(Effect.provide(layer));
  });
});

/** The newest by the exchange's time; among equals the one that came last. */
const lastTrade = (frames: ReadonlyArray<WireTrade | WireBook>, code: string): WireTrade | undefined =>
  frames.reduce<WireTrade | undefined>(
    (last, frame) => (frame.ty === "trade" && frame.cd === code && (last === undefined || frame.ttms >= last.ttms) ? frame : last),
    undefined,
  );

const lastBook = (frames: ReadonlyArray<WireTrade | WireBook>, code: string): WireBook | undefined =>
  frames.reduce<WireBook | undefined>(
    (last, frame) => (frame.ty === "orderbook" && frame.cd === code && (last === undefined || frame.tms >= last.tms) ? frame : last),
    undefined,
  );
