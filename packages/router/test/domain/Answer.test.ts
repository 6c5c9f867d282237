/** The JSON document of an answer, pinned: names, order, null never absent, decimals as text, times in ISO 8601. */
import { assert, describe, expect, it } from "@effect/vitest";
import { type Answer, answerToJson, rowToJson } from "../../src/domain/Answer.ts";
import { Decimal } from "../../src/domain/Decimal.ts";
import type { Provenance } from "../../src/domain/Provenance.ts";
import type { Ticker } from "../../src/domain/Ticker.ts";
import { book, btc, candle, ticker, trade } from "../samples.ts";

const timeMs = Date.UTC(2026, 0, 31, 0, 0, 0, 250);

const provenance: Provenance = {
  venue: "upbit",
  simulated: false,
  tier: "cold_rest",
  channel: "rest",
  exchangeTimeMs: timeMs,
  receivedTimeMs: timeMs + 40,
  valueAgeMs: 41.5,
  confirmedAgeMs: 1.5,
  stale: false,
  staleReason: null,
  reason: "scored",
  confidence: 0.75,
  scores: { cold_rest: 0.382 },
  attempts: [
    { tier: "hot_cache", outcome: "missed", reason: "absent", durationMs: 0 },
    { tier: "cold_rest", outcome: "answered", reason: "ok", durationMs: 38.5 },
  ],
  mode: "normal",
  requestId: "k3-1",
};

const text = (document: unknown): string => JSON.stringify(document, null, 1);

describe("answerToJson", () => {
  it("writes a ticker with every field in place", () => {
    const answer: Answer<Ticker> = { kind: "ticker", market: btc, value: ticker("91368000.0", timeMs), provenance };
    expect(text(answerToJson(answer))).toMatchInlineSnapshot(`
      "{
       "kind": "ticker",
       "market": "KRW-BTC",
       "value": {
        "market": "KRW-BTC",
        "price": "91368000",
        "open": null,
        "dayHigh": null,
        "dayLow": null,
        "previousClose": null,
        "change": "RISE",
        "changeAmount": "1000",
        "changeRatio": "0.0109529025",
        "changePercent": "1.09529025",
        "lastVolume": "0.00014",
        "dayVolume": "12.5",
        "dayValue": "1142100000",
        "volume24h": "30.25",
        "value24h": "2763882000",
        "high24h": null,
        "low24h": null,
        "high52w": null,
        "high52wDate": null,
        "low52w": null,
        "low52wDate": null,
        "tradeTimeMs": 1769817600250,
        "timestampMs": 1769817600250,
        "lastSide": null,
        "dayAskVolume": null,
        "dayBidVolume": null,
        "marketState": null,
        "delistingDate": null,
        "marketWarning": null,
        "tradingSuspended": null
       },
       "provenance": {
        "venue": "upbit",
        "simulated": false,
        "tier": "cold_rest",
        "channel": "rest",
        "exchangeTime": "2026-01-31T00:00:00.250Z",
        "receivedTime": "2026-01-31T00:00:00.290Z",
        "valueAgeMs": 41.5,
        "confirmedAgeMs": 1.5,
        "stale": false,
        "staleReason": null,
        "reason": "scored",
        "confidence": 0.75,
        "scores": {
         "cold_rest": 0.382
        },
        "attempts": [
         {
          "tier": "hot_cache",
          "outcome": "missed",
          "reason": "absent",
          "durationMs": 0
         },
         {
          "tier": "cold_rest",
          "outcome": "answered",
          "reason": "ok",
          "durationMs": 38.5
         }
        ],
        "mode": "normal",
        "requestId": "k3-1"
       }
      }"
    `);
  });

  it("writes a book with its levels in order, and null for the spread of an empty side", () => {
    const value = book(
      [
        ["91368000", "0.1"],
        ["91369000", "2E-8"],
      ],
      [],
      timeMs,
    );
    expect(JSON.stringify(rowToJson("orderbook", value))).toMatchInlineSnapshot(
      `"{"market":"KRW-BTC","timestampMs":1769817600250,"asks":[{"price":"91368000","size":"0.1"},{"price":"91369000","size":"0.00000002"}],"bids":[],"totalAskSize":"0.10000002","totalBidSize":"0","spread":null,"spreadPercent":null,"crossed":false,"level":null}"`,
    );
  });

  it("writes candles as a list, with the fields that REST alone knows as null", () => {
    const answer = {
      kind: "candles",
      market: btc,
      value: [candle(timeMs), candle(timeMs + 60_000, { state: "forming" })],
      provenance,
    } as const;
    const { value } = answerToJson(answer) as { readonly value: ReadonlyArray<unknown> };
    expect(value.map((row) => JSON.stringify(row))).toMatchInlineSnapshot(`
      [
        "{"market":"KRW-BTC","interval":"1m","openTimeMs":1769817600250,"open":"100","high":"110","low":"90","close":"105","volume":"1","value":"100","lastTradeTimeMs":1769817601250,"state":"closed","proof":null,"previousClose":null,"changeAmount":null,"changeRatio":null,"convertedClose":null,"firstDay":null}",
        "{"market":"KRW-BTC","interval":"1m","openTimeMs":1769817660250,"open":"100","high":"110","low":"90","close":"105","volume":"1","value":"100","lastTradeTimeMs":1769817661250,"state":"forming","proof":null,"previousClose":null,"changeAmount":null,"changeRatio":null,"convertedClose":null,"firstDay":null}",
      ]
    `);
  });

  it("keeps an empty list a list, an unknown exchange time null, and a trade id text", () => {
    const answer = { kind: "trades", market: btc, value: [], provenance: { ...provenance, exchangeTimeMs: null } } as const;
    const document = answerToJson(answer) as { readonly value: unknown; readonly provenance: { readonly exchangeTime: unknown } };
    assert.deepStrictEqual(document.value, []);
    assert.isNull(document.provenance.exchangeTime);
    const row = rowToJson("trades", trade("17626391070740001", timeMs)) as { readonly [field: string]: unknown };
    assert.strictEqual(row.id, "17626391070740001");
    assert.isNull(row.sentTimeMs);
  });

  it("never writes undefined, and shares nothing with the answer", () => {
    const document = answerToJson({ kind: "ticker", market: btc, value: ticker("1", timeMs), provenance });
    assert.deepStrictEqual(JSON.parse(JSON.stringify(document)), document);
    assert.notInclude(JSON.stringify(document), "undefined");
    assert.notStrictEqual((document as { provenance: Provenance }).provenance.attempts, provenance.attempts);
  });

  it("does not write a row that is not of its kind", () => {
    assert.throws(() => rowToJson("ticker", trade("1", timeMs)));
  });
});

describe("the models", () => {
  it("cannot be changed by code that type-checks (R004-40)", () => {
    const answer: Answer<Ticker> = { kind: "ticker", market: btc, value: ticker("1", timeMs), provenance };
    const levels = book([["2", "1"]], [["1", "1"]]);
    // Never run: each line is there for the compiler to refuse, and a line it accepts would fail the type check.
    const changes = (): void => {
      // @ts-expect-error the value of an answer is fixed
      answer.value = ticker("2", timeMs);
      // @ts-expect-error a price is fixed
      answer.value.price = Decimal.zero;
      // @ts-expect-error a decimal's digits are fixed
      answer.value.price.mantissa = 2;
      // @ts-expect-error the age is fixed
      answer.provenance.confirmedAgeMs = 0;
      // @ts-expect-error the list of attempts is fixed
      answer.provenance.attempts.push({ tier: "x", outcome: "answered", reason: "", durationMs: 0 });
      // @ts-expect-error the levels of a book are fixed
      levels.asks[0] = levels.bids[0];
      // @ts-expect-error a candle's state is fixed
      candle(0).state = "closed";
      // @ts-expect-error a trade's id is fixed
      trade("1", 0).id = "2";
    };
    assert.isFunction(changes);
  });
});
