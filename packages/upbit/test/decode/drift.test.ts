/** What happens when the exchange changes a field: one record is refused with its path, or one optional value is absent; nothing is made up. */
import { assert, describe, it } from "@effect/vitest";
import * as Exit from "effect/Exit";
import * as Schema from "effect/Schema";
import { DecodeError } from "@naru/router/errors/MarketDataError";
import { parseExactJson } from "@naru/router/transport/ExactJson";
import { differenceOf } from "../../../proof/src/decoding/difference.ts";
import { restCandle, restCandleSchema, SimpleCandle, socketCandle, SocketCandle } from "../../src/decode/CandleShape.ts";
import { RestMarket, restMarket } from "../../src/decode/MarketShape.ts";
import { RestOrderbook, restOrderbook, SimpleOrderbook, socketOrderbook, SocketOrderbook } from "../../src/decode/OrderbookShape.ts";
import { type Fields, type Shape, UnknownFields } from "../../src/decode/Shape.ts";
import { decodeSocketMessage } from "../../src/decode/SocketFrame.ts";
import { RestTicker, restTicker, SimpleTicker, socketTicker, SocketTicker } from "../../src/decode/TickerShape.ts";
import { RestTrade, restTrade, SimpleTrade, socketTrade, SocketTrade } from "../../src/decode/TradeShape.ts";
import { type Case, cases, channelsOf, later, readList, readOn } from "../reading.ts";
import * as wire from "../wire.ts";

const withoutKeys = (value: object, keys: ReadonlyArray<string>): object =>
  Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)));

/** The other two records of a list, and what became of the mutated one in the middle. */
const readMutated = (one: Case, channel: wire.Channel, good: ReadonlyMap<string, string>, mutated: ReadonlyMap<string, string>) => {
  const text = `[${[good, mutated, good].map(wire.write).join(",")}]`;
  if (channel === "rest") {
    const { rows, rejected, unknownFields } = readList(one.rest!, text);
    return {
      others: rejected.length === 0 ? [rows[0], rows[2]] : rows,
      value: rejected.length === 0 ? rows[1] : undefined,
      error: rejected[0],
      unknownFields,
    };
  }
  const unknown = new UnknownFields();
  const messages = decodeSocketMessage(text, unknown);
  const [before, middle, after] = messages;
  const others = [before, after].map((message) => (message !== undefined && "value" in message ? message.value : undefined));
  return {
    others,
    value: middle !== undefined && "value" in middle ? middle.value : undefined,
    error: middle?._tag === "Undecodable" ? middle.error : undefined,
    unknownFields: unknown.names,
  };
};

type Mutation = "delete" | "rename" | "null" | "retype";

const mutations: ReadonlyArray<readonly [Mutation, (record: ReadonlyMap<string, string>, name: string) => ReadonlyMap<string, string>]> = [
  ["delete", (record, name) => wire.withField(record, name, undefined)],
  ["rename", (record, name) => wire.withField(wire.withField(record, name, undefined), `${name}_v2`, record.get(name))],
  ["null", (record, name) => wire.withField(record, name, "null")],
  ["retype", (record, name) => wire.withField(record, name, "{}")],
  ["retype", (record, name) => wire.withField(record, name, "[true]")],
  ["retype", (record, name) => wire.withField(record, name, record.get(name)?.startsWith('"') === true ? "12.5" : '"abc"')],
];

/** Whether the record must still be read after a mutation. */
const survives = (need: wire.WireField["need"], mutation: Mutation): boolean =>
  mutation !== "retype" && (need === "optional" || (need === "nullable" && mutation === "null"));

describe("drift", () => {
  it("deleting, renaming, nulling or retyping any field costs its record alone, or leaves one optional value out (A18)", () => {
    let looked = 0;
    for (const one of cases) {
      for (const channel of channelsOf(one)) {
        const good = wire.members(one.fields, channel);
        const intact = readOn(one, channel, good);
        for (const field of one.fields) {
          const name = field.names[channel];
          if (name === undefined) continue;
          for (const [mutation, mutate] of mutations) {
            const at: string = `${mutation} ${one.name}.${name} on ${channel}`;
            const result = readMutated(one, channel, good, mutate(good, name));
            assert.deepStrictEqual(result.others, [intact, intact], at);
            if (survives(field.need, mutation)) {
              assert.deepStrictEqual(result.value, withoutKeys(intact, field.gone ?? field.to), at);
            } else {
              assert.strictEqual(result.value, undefined, at);
              assert.instanceOf(result.error, DecodeError, at);
              assert.strictEqual(result.error?.stage, "schema", at);
              assert.isTrue(result.error?.path.startsWith(`[1].${name}`), `${at}: ${result.error?.path}`);
            }
            if (mutation === "rename" && survives(field.need, mutation)) assert.deepStrictEqual(result.unknownFields, [`${name}_v2`], at);
            looked++;
          }
        }
      }
    }
    assert.isAbove(looked, 1_000);
  });

  it("a missing or invalid required field is an error with its path, never a zero (R004-27)", () => {
    for (const one of cases) {
      for (const channel of channelsOf(one)) {
        const good = wire.members(one.fields, channel);
        for (const field of one.fields.filter((some) => some.need === "required")) {
          const name = field.names[channel];
          if (name === undefined) continue;
          assert.throws(() => readOn(one, channel, wire.withField(good, name, undefined)), name);
          assert.throws(() => readOn(one, channel, wire.withField(good, name, "true")), name);
        }
      }
    }
  });

  it("names of unknown fields are told once per payload, and at most 32 of them", () => {
    const ticker = cases[0]!;
    const odd = wire.withField(wire.withField(wire.members(wire.ticker, "rest"), "new_field", "1"), "__proto__", '{"polluted":true}');
    const { rows, unknownFields } = readList(ticker.rest!, `[${wire.write(odd)},${wire.write(odd)}]`);
    assert.lengthOf(rows, 2);
    assert.sameMembers([...unknownFields], ["new_field", "__proto__"]);
    assert.notProperty({}, "polluted");
    let many: ReadonlyMap<string, string> = wire.members(wire.ticker, "rest");
    for (let i = 0; i < 100; i++) many = wire.withField(many, `n${i}`, "1");
    assert.lengthOf(readList(ticker.rest!, `[${wire.write(many)}]`).unknownFields, 32);
  });

  it("what is no list, no JSON or no UTF-8 is one error of the right stage", () => {
    const { rest } = cases[0]!;
    const stage = (text: string) => {
      const decoded = rest!({ text, exchangeNowMs: later });
      return decoded._tag === "Failure" ? decoded.failure.stage : "read";
    };
    assert.deepStrictEqual(["{}", "null", '"x"', "[{]", "", `${"[".repeat(70)}${"]".repeat(70)}`, "[]"].map(stage), [
      "schema",
      "schema",
      "schema",
      "json",
      "json",
      "json",
      "read",
    ]);
    const frames = [new Uint8Array([0x7b, 0xff]), "PONG", "[1]", '{"type":"myOrder"}', "{}"].flatMap((frame) => decodeSocketMessage(frame));
    assert.deepStrictEqual(
      frames.map((message) => (message._tag === "Undecodable" ? [message.error.stage, message.error.path] : [])),
      [
        ["utf8", ""],
        ["json", ""],
        ["schema", "[0]"],
        ["schema", "type"],
        ["schema", "type"],
      ],
    );
  });
});

type WireSchema = Schema.Codec<object, Readonly<Record<string, unknown>>>;

const schemas: Readonly<Record<string, Partial<Record<wire.Channel, WireSchema>>>> = {
  ticker: { rest: RestTicker, full: SocketTicker, simple: SimpleTicker },
  trade: { rest: RestTrade, full: SocketTrade, simple: SimpleTrade },
  orderbook: { rest: RestOrderbook, full: SocketOrderbook, simple: SimpleOrderbook },
  "minute candle": { rest: restCandleSchema("1m", later), full: SocketCandle, simple: SimpleCandle },
  "second candle": { rest: restCandleSchema("1s", later), full: SocketCandle, simple: SimpleCandle },
  "day candle": { rest: restCandleSchema("1d", later) },
  "week candle": { rest: restCandleSchema("1w", later) },
  market: { rest: RestMarket },
};

const shapes: Readonly<Record<string, { readonly rest: Shape<Fields>; readonly socket?: Shape<Fields> }>> = {
  ticker: { rest: restTicker, socket: socketTicker },
  trade: { rest: restTrade, socket: socketTrade },
  orderbook: { rest: restOrderbook, socket: socketOrderbook },
  "minute candle": { rest: restCandle("1m"), socket: socketCandle },
  "second candle": { rest: restCandle("1s"), socket: socketCandle },
  "day candle": { rest: restCandle("1d") },
  "week candle": { rest: restCandle("1w") },
  market: { rest: restMarket },
};

/** What the quick reader and the loop over the table differ in, the names of unknown fields and the words of an error included. */
const unlikeTable = (one: Case, channel: wire.Channel, value: unknown): string | undefined => {
  const { rest, socket = rest } = shapes[one.name]!;
  const { read, readByTable } = channel === "rest" ? rest : socket;
  const spelling = channel === "simple" ? "simple" : "full";
  const [quick, slow] = [new UnknownFields(), new UnknownFields()];
  return (
    differenceOf(read[spelling](value, "at", quick), readByTable[spelling](value, "at", slow)) ?? differenceOf(quick.names, slow.names)
  );
};

const oddTokens = [
  "null",
  "true",
  "false",
  "0",
  "-0.0",
  "1",
  "-1",
  "1.5",
  "1e400",
  "6E-8",
  "17853950437790001",
  "253402300800000",
  "1785395043779.5",
  '""',
  '"1"',
  '"-1"',
  '"abc"',
  '"KRW-BTC"',
  '"krw-btc"',
  '"RISE"',
  '"UP"',
  '"ASK"',
  '"BID"',
  '"20260230"',
  '"20260228"',
  '"240000"',
  '"235959"',
  '"2026-02-30"',
  '"2026-02-28"',
  '"24:00:00"',
  '"23:59:59"',
  '"2026-07-30T07:46:00"',
  '"2026-07-30T07:46:61"',
  "{}",
  "[]",
  "[1]",
  '["1","x"]',
  '{"warning":true}',
  '{"warning":1}',
  '{"warning":true,"caution":{"A":1}}',
  '[{"ask_price":1}]',
  '[{"ap":1,"bp":1,"as":1,"bs":-1}]',
];

describe("schemas", () => {
  it("decoding through the exported Schema gives what the compiled reader, the table and Effect's interpreter give, on 20,000 records with up to three fields exchanged, in another order, or with one that is new", () => {
    let seed = 20_261_120;
    const pick = (below: number): number => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    const targets = cases.flatMap((one) =>
      channelsOf(one).map((channel) => ({ one, channel, decode: Schema.decodeUnknownExit(schemas[one.name]![channel]!) })),
    );
    let accepted = 0;
    let refused = 0;
    for (let run = 0; run < 20_000; run++) {
      const { one, channel, decode } = targets[pick(targets.length)]!;
      let record: ReadonlyMap<string, string> = wire.members(one.fields, channel);
      const names = [...record.keys()].filter((name) => name !== "type" && name !== "ty");
      if (pick(6) === 0) record = wire.withField(record, pick(2) === 0 ? "new_field" : "__proto__", oddTokens[pick(oddTokens.length)]);
      if (pick(4) === 0) record = new Map([...record].reverse());
      for (let i = pick(4); i > 0; i--) {
        const name = names[pick(names.length)]!;
        record = wire.withField(record, name, pick(8) === 0 ? undefined : oddTokens[pick(oddTokens.length)]);
      }
      const json = parseExactJson(wire.write(record));
      const value = json._tag === "Success" ? json.success : undefined;
      const bySchema = decode(value);
      const at = `${one.name} on ${channel}: ${wire.write(record)}`;
      // Asked to refuse what no table knows, the Schema leaves the compiled reader and is interpreted.
      const interpreted = decode(value, { onExcessProperty: "error" });
      const isKnown = !record.has("new_field") && !record.has("__proto__");
      assert.strictEqual(Exit.isSuccess(interpreted), Exit.isSuccess(bySchema) && isKnown, at);
      if (Exit.isSuccess(interpreted) && Exit.isSuccess(bySchema)) assert.deepStrictEqual(bySchema.value, interpreted.value, at);
      assert.isUndefined(unlikeTable(one, channel, value), at);
      let byReader: object | undefined;
      try {
        byReader = readOn(one, channel, record);
      } catch {
        byReader = undefined;
      }
      assert.strictEqual(Exit.isSuccess(bySchema), byReader !== undefined, at);
      if (Exit.isSuccess(bySchema)) assert.isUndefined(differenceOf(bySchema.value, byReader), at);
      if (byReader === undefined) refused++;
      else accepted++;
    }
    assert.isAbove(accepted, 1_000);
    assert.isAbove(refused, 1_000);
  });

  it("a plain JavaScript number is refused, because it may have lost digits already", () => {
    const record: unknown = JSON.parse(wire.write(wire.members(wire.ticker, "rest")));
    const decoded = Schema.decodeUnknownExit(RestTicker)(record);
    assert.isTrue(Exit.isFailure(decoded));
  });
});
