import { assert, describe, it } from "@effect/vitest";
import type { Market } from "@naru/router/domain/Market";
import { Decimal } from "@naru/router/domain/Decimal";
import type { Live, Reconnecting, StreamElement } from "@naru/router/domain/StreamElement";
import type { Ticker } from "@naru/router/domain/Ticker";
import { boardLines, boardTable, emptyBoard, observe } from "../../src/render/board.ts";
import { plain } from "../../src/render/style.ts";

const atMs = Date.UTC(2026, 0, 5, 3);

const tickerOf = (market: string): Ticker => ({
  market: market as Market,
  price: Decimal.of("114000000"),
  change: "RISE",
  changeAmount: Decimal.of("1000000"),
  changeRatio: Decimal.of("0.0088"),
  changePercent: Decimal.of("0.88"),
  lastVolume: Decimal.of("0.1"),
  dayVolume: Decimal.of("1"),
  dayValue: Decimal.of("114000000"),
  volume24h: Decimal.of("1"),
  value24h: Decimal.of("114000000"),
  tradeTimeMs: atMs,
  timestampMs: atMs,
});

const live = (market: string): Live<Ticker> => ({
  _tag: "Live",
  market: market as Market,
  value: tickerOf(market),
  snapshot: false,
  channel: "websocket",
  late: false,
  receivedTimeMs: atMs,
});

const reconnecting: Reconnecting = { _tag: "Reconnecting", attempt: 1, reason: "closed 1006", atMs };
const resumed: StreamElement<Ticker> = { _tag: "Resumed", downMs: 1_000, atMs };

const stateLines = (elements: ReadonlyArray<StreamElement<Ticker>>) =>
  boardTable(elements.reduce(observe, emptyBoard(["KRW-BTC", "KRW-ETH"], true)), atMs + 1_500, plain).slice(1);

describe("the board of naru watch", () => {
  it("waits for a market that has not spoken, and shows price, change, age and time of one that has", () => {
    const [btc, eth] = stateLines([live("KRW-BTC")]);
    assert.match(btc ?? "", /^SIM {2}KRW-BTC {2}114,000,000 {2}\+0\.88 % .* 1\.5 s {2}live {5}2026-01-05 12:00:00$/);
    assert.match(eth ?? "", /^SIM {2}KRW-ETH .* waiting/);
  });

  it("marks every price at once when the link breaks", () => {
    const lines = stateLines([live("KRW-BTC"), live("KRW-ETH"), reconnecting]);
    assert.isTrue(
      lines.every((line) => line.includes("STALE (disconnected)")),
      lines.join("\n"),
    );
  });

  it("says below the table why the link is down, and what to do where nothing has come for want of a network", () => {
    const lines = (elements: ReadonlyArray<StreamElement<Ticker>>) =>
      boardLines(elements.reduce(observe, emptyBoard(["KRW-BTC"], false)), atMs, plain, "hint: stay at home").slice(2);
    const unreachable = { ...reconnecting, attempt: 3, reason: "NetworkError: no such host\n" };
    assert.deepStrictEqual(lines([unreachable]), ["RECONNECTING  attempt 3: NetworkError: no such host\ufffd", "hint: stay at home"]);
    assert.deepStrictEqual(lines([reconnecting]), ["RECONNECTING  attempt 1: closed 1006"]);
    assert.deepStrictEqual(lines([live("KRW-BTC"), unreachable]), ["RECONNECTING  attempt 3: NetworkError: no such host\ufffd"]);
    assert.deepStrictEqual(lines([unreachable, resumed]), ["RESUMED  2026-01-05 12:00:00 after 1.0 s"]);
  });

  it("counts below the table what was missed, and keeps the last outage in sight", () => {
    const market = "KRW-BTC" as Market;
    const gap: StreamElement<Ticker> = { _tag: "Gap", kind: "ticker", market, fromMs: atMs - 1_000, toMs: atMs, reason: "too far back" };
    const dropped: StreamElement<Ticker> = { _tag: "Dropped", count: 600 };
    const board = [gap, dropped, dropped, reconnecting, resumed, live("KRW-BTC")].reduce(observe, emptyBoard(["KRW-BTC"], false));
    assert.deepStrictEqual(boardLines(board, atMs, plain).slice(2), [
      "RESUMED  2026-01-05 12:00:00 after 1.0 s",
      "GAPS  1",
      "DROPPED  1,200: this table was too slow",
    ]);
  });

  it("says which way a price came, and shows no late one over a newer one", () => {
    const [polled] = stateLines([reconnecting, { ...live("KRW-BTC"), channel: "rest" }]);
    assert.match(polled ?? "", / rest {3,}.* live, over REST /);
    const recovered: StreamElement<Ticker> = { ...live("KRW-BTC"), _tag: "Recovered" };
    assert.match(stateLines([recovered])[0] ?? "", / rest {3,}/);
    const older = { ...live("KRW-BTC"), late: true, value: { ...tickerOf("KRW-BTC"), price: Decimal.of("1") } };
    assert.include(stateLines([live("KRW-BTC"), older])[0], "114,000,000");
  });

  it("believes a price read over REST for some seconds, and one of the socket for as long as its link", () => {
    const elements = [{ ...live("KRW-BTC"), channel: "rest" } as const, live("KRW-ETH")];
    const board = [reconnecting, ...elements].reduce(observe, emptyBoard(["KRW-BTC", "KRW-ETH"], true));
    const at = (ageMs: number) => boardTable(board, atMs + ageMs, plain).slice(1);
    assert.match(at(5_000)[0] ?? "", / live, over REST /);
    assert.match(at(5_001)[0] ?? "", / STALE \(disconnected\) /);
    assert.match(at(60_000)[1] ?? "", / live /);
  });

  it("keeps the mark after the link resumed, until the market itself has spoken", () => {
    const [btc, eth] = stateLines([live("KRW-BTC"), live("KRW-ETH"), reconnecting, resumed, live("KRW-ETH")]);
    assert.include(btc, "STALE (silent)");
    assert.include(eth, " live ");
  });
});
