/** The frames that are sent, and the messages about the subscription itself. */
import { assert, describe, it } from "@effect/vitest";
import * as Result from "effect/Result";
import { intervals } from "@naru/router/domain/Interval";
import type { StreamKey } from "@naru/router/domain/StreamKey";
import { parseMarket } from "@naru/router/domain/Market";
import { respelled, wireFormats } from "@naru/router/transport/Venue";
import { profiles } from "../../src/profiles.ts";
import { makeVenue } from "../../src/UpbitVenue.ts";
import * as wire from "../wire.ts";

const btc = Result.getOrThrow(parseMarket("KRW-BTC"));
const eth = Result.getOrThrow(parseMarket("KRW-ETH"));
const { socket } = makeVenue(profiles.upbit);

describe("the socket dialect", () => {
  it("asks a whole wanted set in one frame: one object per type, each market once, depths as suffix", () => {
    const frame = socket.subscribe(
      [
        { kind: "ticker", market: btc },
        { kind: "orderbook", market: btc, levels: 5 },
        { kind: "candles", market: btc, interval: "1m" },
        { kind: "ticker", market: eth },
        { kind: "ticker", market: btc },
        { kind: "orderbook", market: eth, levels: 15 },
        { kind: "orderbook", market: btc, levels: 16 },
        { kind: "trades", market: btc },
        { kind: "candles", market: eth, interval: "4h" },
        { kind: "candles", market: eth, interval: "1d" },
      ],
      "t1",
      "full",
    );
    assert.deepStrictEqual(JSON.parse(frame), [
      { ticket: "t1" },
      { type: "ticker", codes: ["KRW-BTC", "KRW-ETH"] },
      { type: "orderbook", codes: ["KRW-BTC.30", "KRW-ETH.15"] },
      { type: "candle.1m", codes: ["KRW-BTC"] },
      { type: "trade", codes: ["KRW-BTC"] },
      { type: "candle.240m", codes: ["KRW-ETH"] },
      { format: "DEFAULT" },
    ]);
  });

  it("only depths the exchange knows are asked, the smallest that holds what is wanted", () => {
    const asked = [1, 2, 5, 6, 15, 16, 30, 99].map(
      (levels) => JSON.parse(socket.subscribe([{ kind: "orderbook", market: btc, levels }], "t", "full"))[1].codes[0],
    );
    assert.deepStrictEqual(
      asked,
      ["1", "5", "5", "15", "15", "30", "30", "30"].map((depth) => `KRW-BTC.${depth}`),
    );
  });

  it("streams candles up to four hours and none of days and longer", () => {
    const streamed = intervals.filter((interval) => socket.supports({ kind: "candles", market: btc, interval }));
    assert.deepStrictEqual(streamed, ["1s", "1m", "3m", "5m", "10m", "15m", "30m", "1h", "4h"]);
    assert.isTrue(socket.supports({ kind: "ticker", market: btc }));
  });

  const formats = [
    ["full", "DEFAULT"],
    ["compact", "SIMPLE"],
    ["full_list", "JSON_LIST"],
    ["compact_list", "SIMPLE_LIST"],
  ] as const;

  it("every frame carries the format it is asked with, LIST_SUBSCRIPTIONS too, because it would change it", () => {
    assert.sameMembers(
      formats.map(([format]) => format),
      [...wireFormats],
    );
    for (const [format, word] of formats) {
      assert.deepStrictEqual(JSON.parse(socket.listSubscriptions("t", format)), [
        { ticket: "t" },
        { method: "LIST_SUBSCRIPTIONS" },
        { format: word },
      ]);
      assert.deepStrictEqual(JSON.parse(socket.subscribe([{ kind: "ticker", market: btc }], "t", format)).at(-1), { format: word });
    }
  });

  it("the venue's own format is the configured one, and a list stays a list in another spelling", () => {
    assert.strictEqual(socket.format, "full");
    for (const [format, socketFormat] of formats)
      assert.strictEqual(makeVenue(profiles.upbit, { socketFormat }).socket.format, format, socketFormat);
    assert.deepStrictEqual(
      formats.map(([format]) => [respelled(format, "full"), respelled(format, "compact")]),
      [
        ["full", "compact"],
        ["full", "compact"],
        ["full_list", "compact_list"],
        ["full_list", "compact_list"],
      ],
    );
  });

  it("reads the list of subscriptions in both spellings as keys, and leaves out what is none", () => {
    const keys: ReadonlyArray<StreamKey> = [
      { kind: "ticker", market: btc },
      { kind: "ticker", market: eth },
      { kind: "orderbook", market: btc, levels: 15 },
      { kind: "orderbook", market: eth, levels: 30 },
      { kind: "candles", market: btc, interval: "3m" },
    ];
    const full =
      '{"method":"LIST_SUBSCRIPTIONS","result":[{"type":"ticker","codes":["KRW-BTC","KRW-ETH"]},{"type":"orderbook","codes":["KRW-BTC.15","KRW-ETH"],"level":0},{"type":"candle.3m","codes":["KRW-BTC","btc"]},{"type":"myAsset"}],"ticket":"t1"}';
    const simple =
      '{"mthd":"LIST_SUBSCRIPTIONS","rslt":[{"ty":"ticker","cds":["KRW-BTC","KRW-ETH"]},{"ty":"orderbook","cds":["KRW-BTC.15","KRW-ETH"],"lv":0},{"ty":"candle.3m","cds":["KRW-BTC","btc"]},{"ty":"myAsset"}],"tckt":"t1"}';
    for (const text of [full, simple, `[${full}]`, `[${simple}]`])
      assert.deepStrictEqual(socket.decode(text), [{ _tag: "Subscriptions", keys }]);
    for (const text of [
      '{"method":"OTHER","result":[]}',
      '{"method":"LIST_SUBSCRIPTIONS"}',
      '{"method":"LIST_SUBSCRIPTIONS","result":[{"type":"ticker","codes":[1]}]}',
    ]) {
      assert.strictEqual(socket.decode(text)[0]?._tag, "Undecodable");
    }
  });

  it("reads the keep-alive answer, bare and in a list, and marks snapshots", () => {
    assert.deepStrictEqual(socket.decode('{"status":"UP"}'), [{ _tag: "Status", status: "UP" }]);
    assert.deepStrictEqual(socket.decode(new TextEncoder().encode('[{"status":"UP"}]')), [{ _tag: "Status", status: "UP" }]);
    const snapshots = [wire.ticker, wire.trade].map((fields) => socket.decode(wire.write(wire.members(fields, "full")))[0]);
    assert.deepStrictEqual(
      snapshots.map((message) => (message !== undefined && "snapshot" in message ? message.snapshot : undefined)),
      [true, false],
    );
  });

  it("a bad element of a list costs only itself", () => {
    const good = wire.members(wire.trade, "simple");
    const list = `[${wire.write(good)},${wire.write(wire.withField(good, "tp", undefined))},${wire.write(good)}]`;
    const messages = socket.decode(list);
    assert.deepStrictEqual(
      messages.map((message) => message._tag),
      ["Trade", "Undecodable", "Trade"],
    );
    assert.strictEqual(messages[1]?._tag === "Undecodable" ? messages[1].error.path : "", "[1].tp");
    // Whoever counts trades must know whose is missing.
    assert.deepStrictEqual(messages[1]?._tag === "Undecodable" ? messages[1].lost : undefined, { kind: "trades", market: btc });
  });

  it("an unreadable frame says what it was about, as far as that could be read", () => {
    const lostIn = (text: string) => socket.decode(text).map((message) => (message._tag === "Undecodable" ? message.lost : message._tag));
    const ticker = wire.write(wire.withField(wire.members(wire.ticker, "full"), "trade_price", undefined));
    assert.deepStrictEqual(lostIn(ticker), [{ kind: "ticker", market: btc }]);
    // Cut in the middle: it may have been anything.
    assert.deepStrictEqual(lostIn(ticker.slice(0, 80)), [{}]);
    // Nothing of the market was in these.
    assert.deepStrictEqual(lostIn(""), [undefined]);
    assert.deepStrictEqual(lostIn('{"method":"LIST_SUBSCRIPTIONS","result":5}'), [undefined]);
  });

  it("unknown fields are told to whoever asked", () => {
    const told: Array<string> = [];
    const dialect = makeVenue(profiles.upbit, { onUnknownFields: (names) => told.push(...names) }).socket;
    dialect.decode(wire.write(wire.withField(wire.members(wire.trade, "full"), "brand_new", "1")));
    dialect.decode(wire.write(wire.members(wire.trade, "full")));
    assert.deepStrictEqual(told, ["brand_new"]);
  });
});
