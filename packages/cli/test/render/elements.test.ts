import { assert, describe, it } from "@effect/vitest";
import { Decimal } from "@naru/router/domain/Decimal";
import type { Market } from "@naru/router/domain/Market";
import type { Trade } from "@naru/router/domain/Trade";
import { elementLine, elementToJson, isValue, type KindedElement } from "../../src/render/elements.ts";
import { plain } from "../../src/render/style.ts";

const atMs = Date.UTC(2026, 0, 5, 3);
const market = "KRW-BTC" as Market;
const trade: Trade = {
  market,
  id: "17675820000000001",
  price: Decimal.of("114000000"),
  volume: Decimal.of("0.001"),
  side: "sell",
  tradeTimeMs: atMs,
};
const simulated = { venue: "sim", simulated: true };

const elements: ReadonlyArray<KindedElement> = [
  {
    kind: "trades",
    element: { _tag: "Live", market, value: trade, snapshot: true, channel: "websocket", late: false, receivedTimeMs: atMs },
  },
  { kind: "trades", element: { _tag: "Reconnecting", attempt: 2, reason: "closed 1006\n", atMs } },
  { kind: "trades", element: { _tag: "Resumed", downMs: 1_500, atMs } },
  { kind: "trades", element: { _tag: "Recovered", market, value: trade, late: false, receivedTimeMs: atMs } },
  {
    kind: "trades",
    element: { _tag: "Live", market, value: trade, snapshot: false, channel: "rest", late: true, receivedTimeMs: atMs },
  },
  { kind: "trades", element: { _tag: "Recovered", market, value: trade, late: true, receivedTimeMs: atMs } },
  { kind: "trades", element: { _tag: "Gap", kind: "trades", market, fromMs: atMs - 60_000, toMs: atMs, reason: "too far back" } },
  { kind: "trades", element: { _tag: "Dropped", count: 1_200 } },
];

describe("stream elements", () => {
  it("are one line each, every line with SIM", () => {
    assert.deepStrictEqual(
      elements.map((element) => elementLine(element, simulated, plain)),
      [
        "SIM  2026-01-05 12:00:00.000  KRW-BTC  sell  114,000,000  0.001  17675820000000001  snapshot",
        "SIM  2026-01-05 12:00:00  RECONNECTING  attempt 2: closed 1006\ufffd",
        "SIM  2026-01-05 12:00:00  RESUMED  after 1.5 s",
        "SIM  2026-01-05 12:00:00.000  KRW-BTC  sell  114,000,000  0.001  17675820000000001  recovered",
        "SIM  2026-01-05 12:00:00.000  KRW-BTC  sell  114,000,000  0.001  17675820000000001  over REST  late",
        "SIM  2026-01-05 12:00:00.000  KRW-BTC  sell  114,000,000  0.001  17675820000000001  recovered  late",
        "SIM  2026-01-05 12:00:00.000  GAP  trades of KRW-BTC since 2026-01-05 11:59:00.000: too far back",
        "SIM  DROPPED  1,200: this consumer was too slow",
      ],
    );
    assert.isFalse(elements.some((element) => elementLine(element, { venue: "upbit", simulated: false }, plain).includes("SIM")));
  });

  it("are one JSON document each, with venue, label, times in UTC and exact decimals", () => {
    const documents = elements.map((element) => JSON.parse(JSON.stringify(elementToJson(element, simulated))));
    assert.deepStrictEqual(
      documents.map(({ type }) => type),
      ["Live", "Reconnecting", "Resumed", "Recovered", "Live", "Recovered", "Gap", "Dropped"],
    );
    assert.isTrue(documents.every(({ kind, venue, simulated: label }) => kind === "trades" && venue === "sim" && label === true));
    assert.strictEqual(documents[0].value.id, "17675820000000001");
    assert.strictEqual(documents[0].value.price, "114000000");
    assert.strictEqual(documents[1].time, "2026-01-05T03:00:00.000Z");
    assert.deepStrictEqual(
      documents.map(({ channel, late }) => [channel, late]).filter(([channel]) => channel !== undefined),
      [
        ["websocket", false],
        ["rest", false],
        ["rest", true],
        ["rest", true],
      ],
    );
    assert.deepInclude(documents[2], { downMs: 1_500, time: "2026-01-05T03:00:00.000Z" });
    assert.strictEqual(documents[7].count, 1_200);
    assert.strictEqual(documents[6].from, "2026-01-05T02:59:00.000Z");
  });

  it("count as values when they carry one", () => {
    assert.deepStrictEqual(elements.map(isValue), [true, false, false, true, true, true, false, false]);
  });
});
