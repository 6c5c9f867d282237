import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { type Document, invoke } from "../invoke.ts";

const onSim = (...args: ReadonlyArray<string>) => invoke("--venue", "sim", "--seed", "7", "--json", ...args);

const envelope = ["kind", "market", "value", "provenance"];
const provenance = [
  "venue",
  "simulated",
  "tier",
  "channel",
  "exchangeTime",
  "receivedTime",
  "valueAgeMs",
  "confirmedAgeMs",
  "stale",
  "staleReason",
  "reason",
  "confidence",
  "scores",
  "attempts",
  "mode",
  "requestId",
];

/** The only document printed, with the shape of an answer. */
const answerOf = (documents: ReadonlyArray<Document>): { readonly kind: unknown; readonly market: unknown; readonly value: Document } => {
  assert.strictEqual(documents.length, 1);
  const document = documents[0] as {
    readonly kind: unknown;
    readonly market: unknown;
    readonly value: Document;
    readonly provenance: Document;
  };
  assert.deepStrictEqual(Object.keys(document), envelope);
  assert.deepStrictEqual(Object.keys(document.provenance), provenance);
  assert.strictEqual(document.provenance["simulated"], true);
  assert.strictEqual(document.provenance["stale"], false);
  return document;
};

const rowsOf = (value: Document): ReadonlyArray<Document> => {
  assert.isTrue(Array.isArray(value));
  return value as unknown as ReadonlyArray<Document>;
};

describe("questions with --json", () => {
  it.live("ticker, candles, orderbook and trades are one line each and answer with the envelope, every default filled in (R001-22)", () =>
    Effect.gen(function* () {
      const ticker = answerOf((yield* onSim("ticker", "KRW-BTC")).documents());
      assert.deepInclude(ticker, { kind: "ticker", market: "KRW-BTC" });
      assert.match(String(ticker.value["price"]), /^\d+(\.\d+)?$/);

      const candles = answerOf((yield* onSim("candles", "KRW-BTC")).documents());
      const rows = rowsOf(candles.value);
      assert.strictEqual(rows.length, 200);
      assert.isTrue(rows.every((row) => row["interval"] === "1m"));
      assert.isTrue(rows.every((row, i) => i === 0 || Number(row["openTimeMs"]) > Number(rows[i - 1]?.["openTimeMs"])));

      const orderbook = answerOf((yield* onSim("orderbook", "KRW-BTC")).documents());
      assert.deepStrictEqual(
        [orderbook.value["asks"], orderbook.value["bids"]].map((side) => (side as ReadonlyArray<unknown>).length),
        [15, 15],
      );

      const trades = answerOf((yield* onSim("trades", "KRW-BTC")).documents());
      assert.strictEqual(rowsOf(trades.value).length, 20);
    }),
  );

  it.live("several markets are one document each, in the order asked", () =>
    Effect.gen(function* () {
      const { documents, exitCode } = yield* onSim("ticker", "KRW-XRP", "KRW-BTC", "BTC-ETH");
      assert.deepStrictEqual(
        documents().map(({ market }) => market),
        ["KRW-XRP", "KRW-BTC", "BTC-ETH"],
      );
      assert.strictEqual(exitCode, 0);
    }),
  );

  it.live("a market that does not exist spoils neither the others nor the exit code of its own kind", () =>
    Effect.gen(function* () {
      const { documents, err, exitCode } = yield* onSim("ticker", "KRW-BTC", "KRW-BTTC");
      const [answer, error] = documents();
      assert.deepInclude(answer, { kind: "ticker", market: "KRW-BTC" });
      assert.deepInclude(error, { _tag: "MarketUnknown", market: "KRW-BTTC", retryable: false });
      assert.include(error?.["near"] as ReadonlyArray<string>, "KRW-BTC");
      assert.strictEqual(exitCode, 66);
      assert.match(err.join("\n"), /did you mean .*KRW-BTC/);
    }),
  );

  it.live("a range of candles has the rows of the range and no count", () =>
    Effect.gen(function* () {
      const { documents } = yield* onSim("candles", "KRW-BTC", "--interval", "1h", "--from", "2026-01-01", "--to", "2026-01-01T06:00");
      const rows = rowsOf(answerOf(documents()).value);
      assert.deepStrictEqual(
        rows.map((row) => row["openTimeMs"]),
        Array.from({ length: 6 }, (_, i) => Date.UTC(2026, 0, 1, i)),
      );
    }),
  );

  it.live("a count and a range together are refused", () =>
    Effect.gen(function* () {
      const { documents, exitCode } = yield* onSim("candles", "KRW-BTC", "--from", "2026-01-01", "--count", "5");
      assert.strictEqual(exitCode, 64);
      assert.deepInclude(documents()[0], { _tag: "InvalidRequest", field: "count" });
    }),
  );

  it.live("markets are one document each, of the currency asked for, with tick size and label", () =>
    Effect.gen(function* () {
      const documents = (yield* onSim("markets", "--quote", "usdt")).documents();
      assert.isAbove(documents.length, 3);
      assert.isTrue(
        documents.every(
          ({ kind, quote, simulated, tickSize }) =>
            kind === "market" && quote === "USDT" && simulated === true && typeof tickSize === "string",
        ),
      );
    }),
  );

  it.live("explain tells tiers, removed tiers, scores and cost without asking", () =>
    Effect.gen(function* () {
      const [document] = (yield* onSim("explain", "candles", "KRW-BTC", "--count", "1000")).documents();
      assert.deepInclude(document, { kind: "explanation", restRequests: 5, simulated: true });
      const ranked = document?.["ranked"] as { readonly tiers: ReadonlyArray<Document>; readonly gated: ReadonlyArray<Document> };
      assert.strictEqual(ranked.tiers.length + ranked.gated.length, 5);
      assert.isTrue(ranked.gated.some(({ tier, gate }) => tier === "live_subscription" && gate === "multiple_rows_require_rest"));
    }),
  );

  it.live("--realtime waits for the link, so that the answer comes over it", () =>
    Effect.gen(function* () {
      const channels = (...args: ReadonlyArray<string>) =>
        Effect.map(onSim(...args), ({ documents }) => documents().map((document) => (document["provenance"] as Document)["channel"]));
      assert.deepStrictEqual(yield* channels("ticker", "KRW-BTC", "KRW-ETH", "--realtime"), ["websocket", "websocket"]);
      assert.deepStrictEqual(yield* channels("orderbook", "KRW-BTC", "--realtime"), ["websocket"]);
      assert.deepStrictEqual(yield* channels("ticker", "KRW-BTC", "--realtime", "--strategy", "rest_only"), ["rest"]);
      assert.deepStrictEqual(yield* channels("ticker", "KRW-BTC"), ["rest"]);
      const [explanation] = (yield* onSim("explain", "ticker", "KRW-BTC", "--realtime")).documents();
      assert.deepInclude(explanation?.["ranked"] as Document, { reason: "realtime_prefers_live" });
    }),
  );

  it.live("nothing found is said in words on stderr, and stdout stays what a program can read", () =>
    Effect.gen(function* () {
      const markets = yield* onSim("markets", "--quote", "EUR");
      assert.deepStrictEqual([markets.exitCode, markets.out, markets.err], [0, [], ["none: sim has no market priced in EUR"]]);
      const candles = yield* onSim("candles", "KRW-BTC", "--to", "2016-11-02");
      assert.deepStrictEqual(answerOf(candles.documents()).value as unknown, []);
      assert.deepStrictEqual(candles.err, ["none: KRW-BTC has no candles there"]);
      const table = yield* invoke("candles", "KRW-BTC", "--to", "2016-11-02", "--venue", "sim");
      assert.deepStrictEqual([table.out, table.err], [[], ["none: KRW-BTC has no candles there"]]);
    }),
  );

  it.live("a stream ends after the values counted, and labels each", () =>
    Effect.gen(function* () {
      const documents = (yield* onSim("stream", "orderbook", "KRW-BTC", "--count", "2")).documents();
      assert.deepStrictEqual(
        documents.map(({ type, market, simulated }) => [type, market, simulated]),
        [
          ["Live", "KRW-BTC", true],
          ["Live", "KRW-BTC", true],
        ],
      );
    }),
  );
});

describe("questions for people", () => {
  it.live("say SIM in every row, group digits, and name tier, channel and age", () =>
    Effect.gen(function* () {
      const { out } = yield* invoke("ticker", "KRW-BTC", "KRW-ETH", "--venue", "sim");
      const [header, ...rows] = out;
      assert.match(header ?? "", /MARKET +PRICE +CHANGE +VALUE 24H +TIER +CHANNEL +AGE +STATE +TIME \(KST\)/);
      assert.strictEqual(rows.length, 2);
      for (const row of rows)
        assert.match(
          row,
          /^SIM {2}KRW-(BTC|ETH) +\d{1,3}(,\d{3})+ +[-+]?\d+\.\d\d % .* batch_snapshot +rest +\S+ m?s +fresh +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/,
        );
    }),
  );

  it.live("show a book with asks above bids, and candles and trades with their origin above them", () =>
    Effect.gen(function* () {
      const book = (yield* invoke("orderbook", "KRW-BTC", "--levels", "2", "--venue", "sim")).out;
      assert.match(book[0] ?? "", /^SIM {2}KRW-BTC {2}sim · batch_snapshot · rest · .* fresh .* spread /);
      assert.deepStrictEqual(
        book.slice(2).map((line) => line.slice(0, 8)),
        ["SIM  ask", "SIM  ask", "SIM  bid", "SIM  bid"],
      );
      const prices = book.slice(2).map((line) => Number(/ask|bid/.test(line) ? line.split(/ +/)[2]?.replaceAll(",", "") : Number.NaN));
      assert.deepStrictEqual(
        prices,
        prices.toSorted((a, b) => b - a),
      );

      for (const [command, count] of [
        ["candles", 3],
        ["trades", 4],
      ] as const) {
        const { out } = yield* invoke(command, "KRW-BTC", "--count", String(count), "--venue", "sim");
        assert.match(out[0] ?? "", /^SIM {2}KRW-BTC {2}sim · warm_cache_rest · rest/);
        assert.strictEqual(out.slice(2).filter((line) => line.startsWith("SIM")).length, count);
      }
    }),
  );

  it.live("explain as a table: tiers by rank, then the removed ones with their rule and no score, and what was not checked", () =>
    Effect.gen(function* () {
      const { out } = yield* invoke("explain", "trades", "KRW-BTC", "--count", "50", "--venue", "sim");
      assert.match(out[0] ?? "", /^SIM {2}trades KRW-BTC .*at most 1 request$/);
      assert.match(out[2] ?? "", /^1 +\w+_rest +0\.\d{3} +asked first$/);
      const tiers = out.slice(2, 7);
      assert.deepStrictEqual(
        tiers.map((line) => /^– +\w+ +removed: \w+$/.test(line)),
        [false, false, true, true, true],
      );
      assert.isTrue(out.includes("market not checked: the list was not read"));
    }),
  );
});
