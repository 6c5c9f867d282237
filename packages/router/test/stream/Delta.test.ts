/** Deltas against the values they are made of: what is applied must be what was encoded, to the last digit. */
import { assert, describe, it } from "@effect/vitest";
import { Result, Schema } from "effect";
import { Decimal } from "../../src/domain/Decimal.ts";
import { makeOrderbook, type Orderbook, type PriceLevel } from "../../src/domain/Orderbook.ts";
import type { StreamElement } from "../../src/domain/StreamElement.ts";
import type { Ticker } from "../../src/domain/Ticker.ts";
import { apply, type Delta, DeltaEncoder, type DeltaKind, DeltaMismatch, type DeltaValue, type Held } from "../../src/stream/Delta.ts";
import { deltaToJson } from "../../src/stream/deltaJson.ts";
import { book, btc, marketOf, ticker } from "../samples.ts";

const eth = marketOf("KRW-ETH");
const live = <A extends Ticker | Orderbook>(value: A): StreamElement<A> => ({
  _tag: "Live",
  market: value.market,
  value,
  snapshot: false,
  channel: "websocket",
  late: false,
  receivedTimeMs: 0,
});

const encoded = <K extends DeltaKind>(encoder: DeltaEncoder<K>, value: DeltaValue[K]): Delta<K> => {
  const delta = encoder.encode(live(value));
  assert(delta !== undefined);
  return delta;
};

/** Encodes all and applies all; what is held after each delta, and the deltas. */
const throughDeltas = <K extends DeltaKind>(kind: K, values: ReadonlyArray<DeltaValue[K]>) => {
  const encoder = new DeltaEncoder(kind);
  const held = new Map<string, Held<K>>();
  return values.map((value) => {
    const delta = encoded(encoder, value);
    const after = Result.getOrThrow(apply(held.get(value.market), delta));
    held.set(value.market, after);
    return { delta, value: after.value };
  });
};

const digits = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 3 }));
const sideOf = (prices: ReadonlyArray<number>, sizes: ReadonlyArray<number>, sign: 1 | -1): ReadonlyArray<PriceLevel> =>
  [...new Set(prices)]
    .sort((a, b) => sign * (a - b))
    // Twenty digits: what a double would round must come through.
    .map((price, at) => ({
      price: Decimal.of(`${1_000 + price}.50000000000000001`),
      size: Decimal.of(`${1 + ((sizes[at] ?? 0) % 4)}.000000000000000007`),
    }));

const bookOf = ({ asks, bids, sizes, atMs, level }: typeof bookState.Type): Orderbook => {
  const sides = { asks: sideOf(asks, sizes, 1), bids: sideOf(bids, sizes, -1) };
  const sum = (levels: ReadonlyArray<PriceLevel>) => levels.reduce((total, { size }) => total.plus(size), Decimal.zero);
  return makeOrderbook({
    market: btc,
    timestampMs: atMs,
    ...sides,
    totalAskSize: sum(sides.asks),
    totalBidSize: sum(sides.bids),
    ...(level === 0 ? {} : { level: Decimal.of(String(level)) }),
  });
};

const smallInts = (max: number) =>
  Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: max }))).check(Schema.isMaxLength(8));
const bookState = Schema.Struct({ asks: smallInts(12), bids: smallInts(12), sizes: smallInts(3), atMs: digits, level: digits });

const tickerState = Schema.Struct({ price: digits, open: digits, side: digits, suspended: digits, atMs: digits, market: Schema.Boolean });
const tickerOf = ({ price, open, side, suspended, atMs, market }: typeof tickerState.Type): Ticker => ({
  ...ticker(`${price}.0000000000000000001`, atMs, market ? btc : eth),
  ...(open === 0 ? {} : { open: Decimal.of(`${open}e${open}`) }),
  ...(side === 0 ? {} : { lastSide: side === 1 ? "buy" : "sell" }),
  ...(suspended === 0 ? {} : { tradingSuspended: suspended === 1 }),
});

const many = { arbitrary: { runs: 300 } };

describe("deltas applied in order", () => {
  it.prop(
    "to a ticker are the full stream (R000-33)",
    { states: Schema.Array(tickerState).check(Schema.isBetweenLength(1, 30)) },
    ({ states }) => {
      const values = states.map(tickerOf);
      const results = throughDeltas("ticker", values);
      assert.deepStrictEqual(
        results.map(({ value }) => value),
        values,
      );
      const markets = new Set(values.map(({ market }) => market)).size;
      assert.strictEqual(results.filter(({ delta }) => delta.base === null).length, markets);
    },
    many,
  );

  it.prop(
    "to a book are the full stream, spread and all",
    { states: Schema.Array(bookState).check(Schema.isBetweenLength(1, 20)) },
    ({ states }) => {
      const values = states.map(bookOf);
      const results = throughDeltas("orderbook", values);
      assert.deepStrictEqual(
        results.map(({ value }) => value),
        values,
      );
      assert.deepStrictEqual(
        results.map(({ delta }) => delta.base),
        values.map((_, at) => (at === 0 ? null : at)),
      );
    },
    many,
  );
});

describe("a delta", () => {
  it("names only the fields that differ, and null for one that is there no more", () => {
    const before: Ticker = { ...ticker("100", 1), lastSide: "buy", open: Decimal.of("90") };
    const { open: _open, ...rest } = before;
    const after: Ticker = { ...rest, price: Decimal.of("101"), timestampMs: 2 };
    const [, second] = throughDeltas("ticker", [before, after]);
    assert.deepStrictEqual(second?.delta, {
      kind: "ticker",
      market: btc,
      seq: 2,
      base: 1,
      changed: { price: Decimal.of("101"), timestampMs: 2, open: null },
    });
  });

  it("names only the levels that differ, from the best on, and null for the size of one that is gone", () => {
    const [, second] = throughDeltas("orderbook", [
      book(
        [
          ["102", "1"],
          ["103", "2"],
          ["105", "9"],
        ],
        [
          ["101", "1"],
          ["100", "4"],
        ],
        1,
      ),
      book(
        [
          ["102", "1"],
          ["104", "3"],
          ["105", "8"],
        ],
        [
          ["101", "1"],
          ["100", "4"],
        ],
        2,
      ),
    ]);
    assert(second !== undefined);
    assert.deepStrictEqual(JSON.parse(JSON.stringify(deltaToJson(second.delta))), {
      kind: "orderbook",
      market: "KRW-BTC",
      seq: 2,
      base: 1,
      changed: {
        timestampMs: 2,
        asks: [
          ["103", null],
          ["104", "3"],
          ["105", "8"],
        ],
      },
    });
  });

  it("of a value that is the same again changes nothing, and counts all the same", () => {
    const [, second] = throughDeltas("ticker", [ticker("1", 1), ticker("1", 1)]);
    assert.deepStrictEqual(deltaToJson(second?.delta ?? assert.fail("none")), {
      kind: "ticker",
      market: btc,
      seq: 2,
      base: 1,
      changed: {},
    });
  });

  it("in JSON carries a whole value with every field of it, and the reason", () => {
    const json = deltaToJson(encoded(new DeltaEncoder("ticker"), ticker("91368000.0", 7))) as Record<string, unknown>;
    assert.deepInclude(json, { kind: "ticker", market: "KRW-BTC", seq: 1, base: null, reason: "first" });
    assert.deepInclude(json["full"] as object, { price: "91368000", timestampMs: 7, lastSide: null, high52w: null });
  });

  it("tells a change in JSON by the same names and spellings as the whole value", () => {
    const before: Ticker = { ...ticker("1", 1), lastSide: "buy", tradingSuspended: false };
    const after: Ticker = { ...ticker("2.50", 2), lastSide: "sell", tradingSuspended: true, high52wDate: "2026-01-05" };
    const [first, second] = throughDeltas("ticker", [before, after]).map(({ delta }) => deltaToJson(delta) as Record<string, object>);
    const whole = deltaToJson(encoded(new DeltaEncoder("ticker"), after)) as Record<string, object>;
    assert.deepStrictEqual({ ...first?.["full"], ...second?.["changed"] }, whole["full"]);
  });

  it("of a book whose prices do not tell its levels apart is the whole book", () => {
    const doubled = book(
      [
        ["102", "1"],
        ["102", "2"],
      ],
      [["100", "1"]],
      2,
    );
    const unordered = book(
      [
        ["103", "1"],
        ["102", "2"],
      ],
      [["100", "1"]],
      3,
    );
    const results = throughDeltas("orderbook", [book([["102", "1"]], [["100", "1"]], 1), doubled, unordered, unordered]);
    assert.deepStrictEqual(
      results.map(({ delta }) => (delta.base === null ? delta.reason : "changed")),
      ["first", "shape", "shape", "shape"],
    );
  });
});

describe("after an element that says something is missing", () => {
  const interruptions: ReadonlyArray<readonly [StreamElement<Ticker>, string, string]> = [
    [{ _tag: "Reconnecting", attempt: 1, reason: "1006", atMs: 0 }, "reconnecting", "reconnecting"],
    [{ _tag: "Dropped", count: 3 }, "dropped", "dropped"],
    [{ _tag: "Gap", kind: "ticker", market: btc, fromMs: 1, toMs: 2, reason: "x" }, "gap", "changed"],
    [{ _tag: "Resumed", downMs: 1, atMs: 1 }, "changed", "changed"],
  ];
  for (const [element, ofBtc, ofEth] of interruptions)
    it(`${element._tag}: the next value comes as ${ofBtc}, that of another market as ${ofEth}, and then changes again`, () => {
      const encoder = new DeltaEncoder("ticker");
      const says = (delta: Delta<"ticker">) => (delta.base === null ? delta.reason : "changed");
      for (const market of [btc, eth]) encoded(encoder, ticker("1", 1, market));
      assert.isUndefined(encoder.encode(element));
      assert.deepStrictEqual(
        [btc, eth].map((market) => says(encoded(encoder, ticker("2", 2, market)))),
        [ofBtc, ofEth],
      );
      assert.deepStrictEqual(
        [btc, eth].map((market) => says(encoded(encoder, ticker("3", 3, market)))),
        ["changed", "changed"],
      );
    });

  it("whoever applies them may ask for the whole value too; of a market never seen there is nothing to ask", () => {
    const encoder = new DeltaEncoder("ticker");
    encoder.resnapshot(eth);
    encoded(encoder, ticker("1", 1));
    encoder.resnapshot(btc);
    assert.deepInclude(encoded(encoder, ticker("2", 2)), { seq: 2, base: null, reason: "asked" });
    assert.deepInclude(encoded(encoder, ticker("2", 2, eth)), { seq: 1, base: null, reason: "first" });
  });
});

describe("a change that does not stand on what is held", () => {
  const [first, second, third] = throughDeltas(
    "ticker",
    ["1", "2", "3"].map((price, at) => ticker(price, at)),
  ).map(({ delta }) => delta);
  assert(first !== undefined && second !== undefined && third !== undefined);
  const afterFirst = Result.getOrThrow(apply(undefined, first));
  const mismatch = (held: Held<"ticker"> | undefined, delta: Delta<"ticker">) => Result.getOrThrow(Result.flip(apply(held, delta)));

  it("is a typed error that asks for a whole value", () => {
    const error = mismatch(afterFirst, third);
    assert.instanceOf(error, DeltaMismatch);
    assert.deepInclude(error, { _tag: "DeltaMismatch", market: btc, base: 2, held: 1, action: "resnapshot" });
    assert.match(error.message, /KRW-BTC: a change stands on 2, and 1 is held: resnapshot/);
  });

  it("nor on nothing, on itself, or on another market", () => {
    assert.isNull(mismatch(undefined, second).held);
    assert.strictEqual(mismatch(Result.getOrThrow(apply(afterFirst, second)), second).held, 2);
    assert.isNull(mismatch({ ...afterFirst, market: eth }, second).held);
  });

  it("is healed by any whole value", () => {
    const whole = encoded(new DeltaEncoder("ticker"), ticker("9", 9));
    assert.strictEqual(Result.getOrThrow(apply(afterFirst, whole)).value.price.toString(), "9");
  });
});
