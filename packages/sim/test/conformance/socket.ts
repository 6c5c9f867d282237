/** The socket half of the emulator checklist: what a subscription brings, what a second request does, and candles. */
import { assert, describe } from "@effect/vitest";
import { Effect } from "effect";
import { Exchange, Script } from "../../src/index.ts";
import { type Suite, ticket } from "./door.ts";

/** The recorded ranges, which are the default too. */
const bursts = [
  [172, 188],
  [328, 354],
] as const;

export const socket = ({ name, test, testWith, open, subscribed, text }: Suite): void => {
  /** When frames of a kind left after the latest request, in milliseconds. */
  const delays = (kind: string) =>
    Effect.map(Exchange, ({ ledger }) => {
      const askedMs = ledger.frames({ kind: "request" }).at(-1)?.atMs ?? 0;
      return ledger.frames({ direction: "out", kind }).map((frame) => frame.atMs - askedMs);
    });

  describe(`${name}: socket`, () => {
    testWith(
      { socket: { snapshotDelayMs: bursts } },
      "sends binary frames and no acknowledgement, snapshots in two bursts after the request (§8 WebSocket: frames)",
      () =>
        Effect.gen(function* () {
          yield* Script.halt;
          const client = yield* subscribed(
            [
              { type: "orderbook", codes: ["KRW-BTC"] },
              { type: "ticker", codes: ["KRW-BTC", "BTC-ATOM"] },
              { type: "candle.1m", codes: ["KRW-BTC"] },
              { type: "trade", codes: ["KRW-BTC"] },
            ],
            5,
          );
          assert.isTrue(client.messages().every((message) => message["stream_type"] === "SNAPSHOT"));
          const first = [...(yield* delays("ticker")), ...(yield* delays("trade"))];
          const second = [...(yield* delays("orderbook")), ...(yield* delays("candle.1m"))];
          assert.isTrue(first.length === 3 && first.every((ms) => ms >= 172 && ms <= 188), `${first}`);
          assert.isTrue(second.length === 2 && second.every((ms) => ms >= 328 && ms <= 354), `${second}`);
        }),
    );

    test("sends one snapshot for each known code and is silent about unknown ones and small letters (§8 WebSocket: codes)", () =>
      Effect.gen(function* () {
        yield* Script.halt;
        const codes = ["KRW-BTC", "krw-btc", "KRW-NOPE", "BTC-ATOM"];
        const types = ["orderbook", "ticker", "candle.1m", "trade"].map((type) => ({ type, codes }));
        const client = yield* subscribed(types, 8);
        const seen = client
          .messages()
          .map((message) => `${String(message["type"])} ${String(message["code"])} ${String(message["stream_type"])}`);
        assert.deepStrictEqual(seen.toSorted(), [
          "candle.1m BTC-ATOM SNAPSHOT",
          "candle.1m KRW-BTC SNAPSHOT",
          "orderbook BTC-ATOM SNAPSHOT",
          "orderbook KRW-BTC SNAPSHOT",
          "ticker BTC-ATOM SNAPSHOT",
          "ticker KRW-BTC SNAPSHOT",
          "trade BTC-ATOM SNAPSHOT",
          "trade KRW-BTC SNAPSHOT",
        ]);
        assert.isTrue(seen.slice(0, 4).every((line) => line.startsWith("t")));
        assert.isAtLeast(client.counts.reads, 1);
      }));

    test("sends a scripted trade over every stream of its market and shows it over REST (§2.4)", () =>
      Effect.gen(function* () {
        yield* Script.halt;
        const codes = ["KRW-SOL"];
        const client = yield* subscribed(
          [
            { type: "ticker", codes },
            { type: "trade", codes },
            { type: "orderbook", codes },
            { type: "candle.1s", codes },
          ],
          4,
        );
        const { id } = yield* Script.trade("KRW-SOL", { price: 250_000, size: "0.12345678", side: "ASK" });
        yield* client.until(() => client.frames.length >= 8);
        const live = client.messages().slice(4);
        assert.deepStrictEqual(live.map((message) => message["type"]).toSorted(), ["candle.1s", "orderbook", "ticker", "trade"]);
        assert.isTrue(live.every((message) => message["stream_type"] === "REALTIME"));
        const trade = live.find((message) => message["type"] === "trade");
        assert.deepStrictEqual([trade?.["trade_price"], trade?.["trade_volume"], trade?.["ask_bid"]], [250_000, 0.12345678, "ASK"]);
        assert.isTrue(client.frames.some((frame) => frame.includes(`"sequential_id":${id},`)));
        assert.isTrue((yield* text("/v1/trades/ticks?market=KRW-SOL")).includes(`"sequential_id":${id}}`));
        assert.include(yield* text("/v1/ticker?markets=KRW-SOL"), '"trade_price":250000.00000000');
        assert.include(yield* text("/v1/candles/seconds?market=KRW-SOL"), '"trade_price":250000.00000000');
        assert.include(yield* text("/v1/orderbook?markets=KRW-SOL&count=1"), '"bid_price":250000,');
      }));

    testWith({ socket: { frameDelayMs: 21 } }, "stamps a frame later than its trade where it is told to (§2.6)", () =>
      Effect.gen(function* () {
        yield* Script.halt;
        const { ledger } = yield* Exchange;
        const codes = ["KRW-SOL"];
        const types = ["ticker", "trade", "candle.1s"].map((type) => ({ type, codes }));
        const client = yield* subscribed(types, 3);
        const made = yield* Script.path("KRW-SOL", [250_000, 251_000], { every: 5 });
        yield* client.until(() => client.frames.length >= 8);
        const live = client.messages().slice(3);
        for (const type of ["ticker", "trade"]) {
          const lags = live
            .filter((message) => message["type"] === type)
            .map((message) => [message["timestamp"], message["trade_timestamp"]]);
          assert.deepStrictEqual(
            lags,
            made.map(({ timeMs }) => [timeMs + 21, timeMs]),
          );
          assert.deepStrictEqual(
            ledger
              .frames({ direction: "out", kind: type })
              .slice(1)
              .map((frame) => frame.atMs),
            made.map(({ timeMs }) => timeMs + 21),
          );
        }
      }),
    );

    testWith({ socket: { tickerRepeatMs: 300 } }, "sends a ticker again without a trade where it is told to (§2.6)", () =>
      Effect.gen(function* () {
        yield* Script.halt;
        const client = yield* subscribed([{ type: "ticker", codes: ["KRW-BTC"] }], 3);
        const [first, second, third] = client.messages();
        assert.strictEqual(Number(second!["timestamp"]) - Number(first!["timestamp"]), 300);
        assert.strictEqual(Number(third!["timestamp"]) - Number(second!["timestamp"]), 300);
        assert.deepStrictEqual([second!["trade_timestamp"], third!["stream_type"]], [first!["trade_timestamp"], "REALTIME"]);
      }),
    );

    test("replaces the whole subscription with each request (§8 WebSocket: replace)", () =>
      Effect.gen(function* () {
        yield* Script.halt;
        const client = yield* subscribed(
          [
            { type: "trade", codes: ["KRW-BTC"] },
            { type: "ticker", codes: ["KRW-BTC"] },
          ],
          2,
        );
        yield* client.send([ticket, { type: "trade", codes: ["KRW-ETH"] }]);
        yield* client.until(() => client.frames.length >= 3);
        yield* Script.trade("KRW-BTC", { price: 100_000_000 });
        yield* Script.trade("KRW-ETH", { price: 5_000_000 });
        yield* client.until(() => client.frames.length >= 4);
        assert.deepStrictEqual(
          client.messages().map((message) => message["code"]),
          ["KRW-BTC", "KRW-BTC", "KRW-ETH", "KRW-ETH"],
        );
        assert.strictEqual((yield* Exchange).ledger.frameCount("out"), 4);
      }));

    for (const [frames, word] of [
      [2, "two frames"],
      [0, "no frame"],
    ] as const) {
      testWith(
        { socket: { inFlightFrames: frames, inFlightMs: 3_600_000 } },
        `lets ${word} of the old stream arrive after that, in its old format (§8 WebSocket: in flight)`,
        () =>
          Effect.gen(function* () {
            yield* Script.halt;
            const { ledger } = yield* Exchange;
            const client = yield* subscribed([{ type: "trade", codes: ["KRW-BTC"] }, { format: "SIMPLE" }], 1);
            yield* client.send([ticket, { type: "trade", codes: ["KRW-ETH"], is_only_realtime: true }]);
            yield* client.until(() => ledger.frameCount("in", "request") === 2);
            yield* Script.path("KRW-BTC", [100_000_000, 100_001_000, 100_002_000]);
            yield* client.until(() => client.frames.length >= 1 + frames);
            yield* Script.trade("KRW-ETH", { price: 5_000_000 });
            yield* client.until(() => client.frames.length >= 2 + frames);
            assert.deepStrictEqual(
              client.messages().map((message) => message["cd"] ?? `full ${String(message["code"])}`),
              [...Array.from({ length: 1 + frames }, () => "KRW-BTC"), "full KRW-ETH"],
            );
          }),
      );
    }

    test("keeps sending what was and stays subscribed while a request replaces the subscription (§2.2)", () =>
      Effect.gen(function* () {
        yield* Script.halt;
        const client = yield* subscribed([{ type: "trade", codes: ["KRW-BTC"] }], 1);
        yield* client.send([ticket, { type: "trade", codes: ["KRW-BTC", "KRW-ETH"] }]);
        const { id } = yield* Script.trade("KRW-BTC", { price: 100_000_000 });
        yield* client.until(() => client.frames.length >= 4);
        assert.isTrue(client.frames.some((frame) => frame.includes(`"sequential_id":${id},`) && frame.includes("REALTIME")));
      }));

    test("lists subscriptions without replacing them, and takes over the format of the question (§8 WebSocket: LIST_SUBSCRIPTIONS)", () =>
      Effect.gen(function* () {
        yield* Script.halt;
        const client = yield* subscribed(
          [
            { type: "trade", codes: ["KRW-BTC"] },
            { type: "orderbook", codes: ["KRW-BTC.15"] },
          ],
          2,
        );
        yield* client.send([{ ticket: "list" }, { method: "LIST_SUBSCRIPTIONS" }, { format: "SIMPLE" }]);
        yield* client.until(() => client.frames.length >= 3);
        assert.deepStrictEqual(client.messages()[2], {
          mthd: "LIST_SUBSCRIPTIONS",
          rslt: [
            { ty: "trade", cds: ["KRW-BTC"] },
            { ty: "orderbook", cds: ["KRW-BTC.15"], lv: 0 },
          ],
          tckt: "list",
        });
        yield* Script.trade("KRW-BTC", { price: 98_000_000 });
        yield* client.until(() => client.frames.length >= 5);
        assert.deepStrictEqual(
          client
            .messages()
            .slice(3)
            .map((message) => message["ty"])
            .toSorted(),
          ["orderbook", "trade"],
        );
      }));

    test("obeys is_only_snapshot and is_only_realtime (§2.4)", () =>
      Effect.gen(function* () {
        yield* Script.halt;
        const client = yield* subscribed(
          [
            { type: "trade", codes: ["KRW-BTC"], is_only_snapshot: true },
            { type: "ticker", codes: ["KRW-BTC"], is_only_realtime: true },
          ],
          1,
        );
        yield* Script.trade("KRW-BTC", { price: 99_000_000 });
        yield* client.until(() => client.frames.length >= 2);
        assert.deepStrictEqual(
          client.messages().map((message) => [message["type"], message["stream_type"]]),
          [
            ["trade", "SNAPSHOT"],
            ["ticker", "REALTIME"],
          ],
        );
        assert.strictEqual((yield* Exchange).ledger.frameCount("out"), 2);
      }));

    for (const [flags, expected] of [
      ["silence", ["ticker SNAPSHOT", "ticker REALTIME"]],
      ["ignored", ["ticker SNAPSHOT", "trade SNAPSHOT", "ticker REALTIME", "trade REALTIME"]],
    ] as const) {
      testWith({ socket: { bothOnlyFlags: flags } }, `takes both flags at once as ${flags} (§7)`, () =>
        Effect.gen(function* () {
          yield* Script.halt;
          const client = yield* subscribed(
            [
              { type: "trade", codes: ["KRW-BTC"], is_only_snapshot: true, is_only_realtime: true },
              { type: "ticker", codes: ["KRW-BTC"] },
            ],
            expected.length / 2,
          );
          yield* Script.trade("KRW-BTC", { price: 99_000_000 });
          yield* client.until(() => client.frames.length >= expected.length);
          const seen = client.messages().map((message) => `${String(message["type"])} ${String(message["stream_type"])}`);
          assert.deepStrictEqual(seen.toSorted(), [...expected].toSorted());
          assert.strictEqual((yield* Exchange).ledger.frameCount("out"), expected.length);
        }),
      );
    }

    for (const [duplicates, streams] of [
      ["once", 1],
      ["twice", 2],
    ] as const) {
      testWith({ socket: { duplicateCodes: duplicates } }, `sends a code that is named twice ${duplicates} (§7)`, () =>
        Effect.gen(function* () {
          yield* Script.halt;
          const client = yield* subscribed([{ type: "ticker", codes: ["KRW-BTC", "KRW-BTC"] }], streams);
          yield* Script.trade("KRW-BTC", { price: 99_000_000 });
          yield* client.until(() => client.frames.length >= 2 * streams);
          assert.strictEqual((yield* Exchange).ledger.frameCount("out"), 2 * streams);
        }),
      );
    }

    for (const format of ["DEFAULT", "SIMPLE", "JSON_LIST", "SIMPLE_LIST"] as const) {
      test(`speaks ${format} (§2.5)`, () =>
        Effect.gen(function* () {
          yield* Script.halt;
          const client = yield* subscribed(
            [{ type: "trade", codes: ["KRW-BTC"] }, { type: "orderbook", codes: ["KRW-BTC.5"] }, { format }],
            2,
          );
          const [simple, list] = [format.startsWith("SIMPLE"), format.endsWith("LIST")];
          assert.isTrue(client.frames.every((frame) => frame.startsWith(list ? "[{" : "{")));
          assert.deepStrictEqual(
            client.messages().map((message) => message[simple ? "ty" : "type"]),
            ["trade", "orderbook"],
          );
          const units = client.messages()[1]![simple ? "obu" : "orderbook_units"];
          assert.strictEqual(Array.isArray(units) ? units.length : 0, 5);
          assert.match(client.frames[1]!, simple ? /"ap":\d{8,9},/ : /"ask_price":1\.\d+E8,/);
        }));
    }

    testWith({ socket: { listElements: 2 } }, "puts several elements of one moment into a list frame when it is told to (§2.5)", () =>
      Effect.gen(function* () {
        yield* Script.halt;
        const client = yield* subscribed([{ type: "ticker", codes: ["KRW-BTC", "KRW-ETH", "KRW-XRP"] }, { format: "JSON_LIST" }], 2);
        assert.deepStrictEqual(
          client.frames.map((frame) => JSON.parse(frame).map((element: { readonly code: string }) => element.code)),
          [["KRW-BTC", "KRW-ETH"], ["KRW-XRP"]],
        );
        assert.strictEqual((yield* Exchange).ledger.frameCount("out", "ticker"), 3);
      }),
    );

    test("sends a candle at most once a second and only after a trade, after a snapshot that may be of an old window (§8 WebSocket: candles)", () =>
      Effect.gen(function* () {
        yield* Script.halt;
        const exchange = yield* Exchange;
        const [old] = JSON.parse(yield* text("/v1/candles/minutes/1?market=BTC-ATOM"));
        const client = yield* subscribed([{ type: "candle.1m", codes: ["KRW-ADA", "BTC-ATOM"] }], 2);
        const snapshot = client.messages().find((message) => message["code"] === "BTC-ATOM");
        assert.strictEqual(snapshot?.["candle_date_time_utc"], old.candle_date_time_utc);
        yield* Script.path("KRW-ADA", [800, 810, 790, 805, 806, 807], { every: "250 millis" });
        yield* client.until(() => client.messages().at(-1)?.["trade_price"] === 807);
        const sent = exchange.ledger.frames({ direction: "out", kind: "candle.1m" }).slice(2);
        assert.isTrue(sent.length >= 2 && sent.length <= 4, `${sent.length} candles of 6 trades`);
        sent.slice(1).forEach((frame, i) => assert.isAtLeast(frame.atMs - (sent[i]?.atMs ?? 0), 1_000));
        const window = client.messages().at(-1)!;
        const [row] = JSON.parse(yield* text(`/v1/candles/minutes/1?market=KRW-ADA`));
        assert.strictEqual(row.candle_acc_trade_volume, window["candle_acc_trade_volume"]);
        assert.isTrue(client.messages().every((message) => message["code"] !== "BTC-ATOM" || message["stream_type"] === "SNAPSHOT"));
      }));

    test("answers with nothing to a level that a market does not have, and falls back to 30 pairs for an unknown depth (§2.8)", () =>
      Effect.gen(function* () {
        yield* Script.halt;
        const client = yield* open;
        yield* client.send([
          ticket,
          { type: "orderbook", codes: ["BTC-ETH"], level: 10_000 },
          { type: "orderbook", codes: ["KRW-BTC"], level: 123 },
          { type: "orderbook", codes: ["KRW-BTC.7"] },
          { type: "orderbook", codes: ["KRW-ETH.15"], level: 10_000 },
        ]);
        yield* client.until(() => client.frames.length >= 2);
        const books = client.messages();
        assert.deepStrictEqual(
          books.map((book) => [book["code"], (book["orderbook_units"] as ReadonlyArray<unknown>).length, book["level"]]),
          [
            ["KRW-BTC", 30, 0],
            ["KRW-ETH", 15, 10_000],
          ],
        );
        assert.strictEqual((yield* Exchange).ledger.frameCount("out"), 2);
      }));
  });
};
