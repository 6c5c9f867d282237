import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { assert, describe, it } from "@effect/vitest";
import { Cache } from "@naru/router/cache/Cache";
import { Decimal } from "@naru/router/domain/Decimal";
import { Market } from "@naru/router/domain/Market";
import type { Orderbook } from "@naru/router/domain/Orderbook";
import { keyId } from "@naru/router/domain/StreamKey";
import type { Trade } from "@naru/router/domain/Trade";
import { streamOrderbookEvents, streamTradesEvents } from "@naru/router/MarketData";
import { Rest } from "@naru/router/transport/RestCall";
import { type RestCall, Venue } from "@naru/router/transport/Venue";
import { openRecording } from "@naru/sim/tape/foreignRecording";
import { makeReplay } from "@naru/sim/tape/Replay";
import { layerRouterReplay } from "@naru/sim/tape/RouterReplay";
import type { Tape } from "@naru/sim/tape/Tape";
import { readRecorded, type RecordedRows } from "@naru/upbit/recorded";
import * as UpbitVenue from "@naru/upbit/UpbitVenue";
import { Clock, Effect, Result, Stream } from "effect";
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

const socketFile = "upbit/ws/simple-trades-and-books-2021-04-17.jsonl";

/** The text of a number in a frame, by its key, as it stands there. */
const tokens = (raw: string, key: string): ReadonlyArray<string> =>
  [...raw.matchAll(new RegExp(`"${key}":(-?[0-9.eE+-]+)`, "g"))].map((match) => match[1] ?? "");

// The recordings are not part of this repository; without them there is nothing to replay.
describe.skipIf(folder === undefined)("a recorded half minute of one socket", () => {
  it.effect("ends with the right last book and last trade of every market", () =>
    Effect.gen(function* () {
      const tape = yield* openRecording(join(folder ?? "", socketFile));
      const frames = framesOf(tape);
      const markets = [...new Set(frames.map((frame) => frame.cd))];
      const trades: Array<string> = [];
      yield* Effect.gen(function* () {
        const cache = yield* Cache;
        yield* Effect.forkChild(
          Stream.runForEach(streamTradesEvents(markets), (element) =>
            Effect.sync(() => {
              if (element._tag === "Live") trades.push(`${element.value.market} ${element.value.id}`);
            }),
          ),
        );
        yield* Effect.forkChild(Stream.runDrain(streamOrderbookEvents(markets)));
        yield* TestClock.adjust("1 minute");

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
      }).pipe(Effect.provide(layerRouterReplay(tape)));
    }),
  );
});

// The recordings are not part of this repository; without them there is nothing to replay.
describe.skipIf(folder === undefined)("every recording", () => {
  const files = folder === undefined ? [] : readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();

  it.effect("of a socket replays every frame, byte for byte and in order", () =>
    Effect.gen(function* () {
      let looked = 0;
      for (const file of files.filter((path) => /ws\/.*\.jsonl?$/.test(path))) {
        const path = join(folder ?? "", file);
        const text = readFileSync(path, "utf8");
        const raws = path.endsWith("l") ? rawTexts(text) : [text];
        const expected = raws.filter((raw) => !raw.startsWith('[{"ticket"'));
        const seen: Array<string> = [];
        const { ended, transport } = makeReplay(yield* openRecording(path), { speed: "asap" });
        yield* Effect.scoped(
          Effect.gen(function* () {
            const socket = yield* transport.socket("ws://upbit/websocket/v1", {
              onFrame: (data) => void seen.push(typeof data === "string" ? data : new TextDecoder().decode(data)),
              onReadEnd: () => {},
              onPong: () => {},
              onClose: () => {},
            });
            yield* socket.send("[]");
            yield* ended;
          }),
        );
        assert.deepStrictEqual(seen, expected, file);
        looked += seen.length;
      }
      assert.isAbove(looked, 460);
    }),
  );

  it.effect("of an answer is decoded by the whole request path into what the body says", () =>
    Effect.gen(function* () {
      let looked = 0;
      for (const file of files.filter((path) => /rest\/.*\.json$/.test(path))) {
        const path = join(folder ?? "", file);
        const read = readRecorded(readFileSync(path, "utf8"));
        assert.isTrue("rows" in read, file);
        if (!("rows" in read)) continue;
        const call = yield* Effect.map(Venue, (venue) => callOf(venue, read)).pipe(Effect.provide(UpbitVenue.layer));
        const tape = yield* openRecording(path, { target: call.url.slice(call.url.indexOf("/v1/")) });
        const rows = yield* Effect.gen(function* () {
          const venue = yield* Venue;
          const rest = yield* Rest;
          const deadlineNanos = (yield* Clock.monotonicTimeNanos) + 5_000_000_000n;
          return (yield* rest.run(callOf(venue, read), { priority: "normal", deadlineNanos })).rows;
        }).pipe(Effect.provide(layerRouterReplay(tape, { speed: "asap" })));
        assert.deepStrictEqual(rows.map(withoutState), read.rows.map(withoutState), file);
        looked += rows.length;
      }
      assert.isAbove(looked, 550);
    }),
  );

  it.effect("of an error answer has its status and its exact body", () =>
    Effect.gen(function* () {
      const path = join(folder ?? "", "upbit/rest/errors-2026-09-23.jsonl");
      const { rest } = makeReplay(yield* openRecording(path), { speed: "asap" }).transport;
      const lines = readFileSync(path, "utf8")
        .split("\n")
        .filter((line) => line !== "");
      assert.isAbove(lines.length, 5);
      for (const line of lines) {
        const { raw, request, status } = JSON.parse(line) as { readonly raw: string; readonly request: string; readonly status: number };
        const answer = yield* rest({ url: `http://upbit${request.slice("GET ".length)}`, headers: {} });
        assert.deepStrictEqual([answer.status, new TextDecoder().decode(answer.body)], [status, raw]);
      }
    }),
  );
});

const rawTexts = (text: string): ReadonlyArray<string> =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .flatMap((line) => {
      const { raw } = JSON.parse(line) as { readonly raw?: string };
      return raw === undefined ? [] : [raw];
    });

const framesOf = (tape: Tape): ReadonlyArray<WireTrade | WireBook> =>
  [...tape.events()].flatMap(({ event }) =>
    event.event === "frame" && "text" in event ? [{ ...(JSON.parse(event.text) as WireTrade | WireBook), raw: event.text }] : [],
  );

/** Whether a candle was still forming depends on when it is read, which a body alone does not say. */
const withoutState = (row: object): object => ({ ...row, state: undefined });

/** The request of the venue's that such rows answer. */
const callOf = (venue: Venue["Service"], { kind, rows }: RecordedRows): RestCall<object> => {
  const markets = [...new Set(rows.map(({ market }) => Market.make(market)))];
  const market = markets[0] ?? Market.make("KRW-BTC");
  const only = <A>(calls: ReadonlyArray<A>): A => calls[0] ?? assert.fail("no call");
  switch (kind) {
    case "ticker":
      return only(venue.tickers(markets));
    case "orderbook":
      return only(venue.orderbooks(markets, 30));
    case "trades":
      return Result.getOrThrow(venue.trades(market, { count: rows.length }));
    case "candles":
      return Result.getOrThrow(venue.candles(market, rows[0]?.interval ?? "1m", { count: rows.length }));
    case "markets":
      return venue.markets();
    default:
      return only(venue.instruments(markets));
  }
};

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
