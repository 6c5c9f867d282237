/** The byte scanner on what it must not believe: each frame is read as the general path reads it, whatever was read before, or is left to it. */
import { assert, describe, it } from "@effect/vitest";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Ticker } from "@naru/router/domain/Ticker";
import type { SocketMessage } from "@naru/router/transport/Venue";
import { differenceOf } from "../../../../proof/src/decoding/difference.ts";
import { type Cause, causes } from "../../../src/decode/scan/Cause.ts";
import { FrameScanner } from "../../../src/decode/scan/FrameScanner.ts";
import { decodeGenerally, makeFrameDecoder } from "../../../src/decode/SocketFrame.ts";
import { Mutations } from "../../mutations.ts";
import { cases, channelsOf } from "../../reading.ts";
import * as wire from "../../wire.ts";

const utf8 = new TextEncoder();
const join2 = (...parts: ReadonlyArray<Uint8Array | string>): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? utf8.encode(part) : part)));

/** A usual frame of each kind in each spelling; the market's delisting date is null, as of nearly all. */
const frames: ReadonlyArray<string> = cases
  .filter(({ socket }) => socket)
  .flatMap((one) =>
    channelsOf(one)
      .filter((channel) => channel !== "rest")
      .map((channel) => {
        const record = wire.members(one.fields, channel);
        for (const name of ["delisting_date", "dd"]) if (record.has(name)) record.set(name, "null");
        return wire.write(record);
      }),
  );
const [ticker = "", , trade = "", , book = ""] = frames;

const isJson = (data: Uint8Array): boolean => {
  try {
    JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(data));
    return true;
  } catch {
    return false;
  }
};

const isMarketData = (message: SocketMessage): boolean => "value" in message;

/** Reads by a scanner; what it takes must be JSON, and the general path's value in the general path's order. Whether it took it. */
const compare = (scanner: FrameScanner, data: Uint8Array): boolean => {
  const generally = decodeGenerally(data);
  if (!isJson(data)) assert.isFalse(generally.some(isMarketData), Buffer.from(data).toString());
  const scanned = scanner.scan(data);
  if (scanned === undefined) return false;
  assert.isUndefined(differenceOf(scanned, generally), Buffer.from(data).toString());
  return true;
};

/** One that has read a usual frame of each kind, and so expects more of them. */
const learned = (): FrameScanner => {
  const scanner = new FrameScanner();
  for (const frame of frames) assert.isTrue(compare(scanner, utf8.encode(frame)), frame);
  return scanner;
};

const folder = process.env["NARU_RECORDINGS"];
const recordedFrames = (root: string): ReadonlyArray<string> =>
  readdirSync(join(root, "upbit/ws"), { encoding: "utf8" })
    .sort()
    .flatMap((path) => {
      const text = readFileSync(join(root, "upbit/ws", path), "utf8");
      if (path.endsWith(".json")) return [text.trim()];
      return text.split("\n").flatMap((line) => {
        const raw = line.trim() === "" ? undefined : (JSON.parse(line) as { readonly raw?: unknown }).raw;
        return typeof raw === "string" ? [raw] : [];
      });
    });

describe("the byte scanner", () => {
  it.skipIf(folder === undefined)("reads every recorded frame as the general path does (skipped without NARU_RECORDINGS)", () => {
    const scanner = new FrameScanner();
    const left = new Map<string, number>();
    let taken = 0;
    const all = recordedFrames(folder!);
    for (const text of all) {
      const data = utf8.encode(text);
      if (compare(scanner, data)) taken++;
      else left.set(scanner.cause ?? "not of the market", (left.get(scanner.cause ?? "not of the market") ?? 0) + 1);
      // And each alone, by one that has learned nothing.
      compare(new FrameScanner(), data);
    }
    console.log(`recorded frames: ${taken} of ${all.length} by the scanner; left ${JSON.stringify([...left])}`);
    assert.isAbove(taken, all.length / 2);
  });

  it("takes no frame that was cut off at any byte, and none of two glued together, out of a buffer that holds the rest of it", () => {
    const scanner = learned();
    for (const frame of [...frames, `[${ticker},${trade}]`]) {
      const bytes = utf8.encode(frame);
      for (let end = 0; end < bytes.length; end++)
        assert.isFalse(compare(scanner, bytes.subarray(0, end)), `${frame.slice(0, 20)} to ${end}`);
      assert.isTrue(compare(scanner, bytes));
    }
    for (const a of frames) for (const b of frames) assert.isFalse(compare(scanner, utf8.encode(a + b)));
    const shared = join2(ticker, trade);
    assert.isTrue(compare(scanner, shared.subarray(0, ticker.length)));
    assert.isTrue(compare(scanner, shared.subarray(ticker.length)));
    assert.isFalse(compare(scanner, shared.subarray(1)));
  });

  it("keeps nothing of the memory that the frame lay in", () => {
    const scanner = learned();
    const lent = utf8.encode(book);
    const before = scanner.scan(lent);
    const text = JSON.stringify(before);
    lent.fill(0x39);
    scanner.scan(utf8.encode(book.replaceAll("1.16539E8", "2.16539E8")));
    assert.strictEqual(JSON.stringify(before), text);
    assert.deepStrictEqual(before, decodeGenerally(book));
  });

  it("leaves what is no plain text, and what only looks like a frame", () => {
    const scanner = learned();
    const put = (text: string, from: string, to: string | Uint8Array): Uint8Array => {
      const at = text.indexOf(from);
      assert.isAtLeast(at, 0);
      return join2(text.slice(0, at), to, text.slice(at + from.length));
    };
    const odd: ReadonlyArray<Uint8Array> = [
      ...[[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82], [0], [0xc2, 0xa0], [0x7f], [0xf0, 0x9f, 0x98, 0x80]].flatMap((bytes) => [
        put(ticker, "KRW-BTC", Uint8Array.from([75, 82, 87, 45, ...bytes])),
        put(ticker, ',"code"', join2(Uint8Array.from(bytes), ',"code"')),
        join2(ticker, Uint8Array.from(bytes)),
        join2(Uint8Array.from(bytes), ticker),
      ]),
      ...["KRW\\u002dBTC", "KRW-\\u0042TC", "\\u0000", "KRW-BTC\\n", "KRW-BTC\\"].map((code) => put(ticker, "KRW-BTC", code)),
      ...['"\\u0063ode"', '"__proto__"', '"constructor"', '"code\\u0000"', '"Code"', '"code "', '"code":"KRW-ETH","code"'].map((name) =>
        put(ticker, '"code"', name),
      ),
      ...['{"__proto__":{"trade_price":1}}', '"a\\u0062"', `${"[".repeat(10_000)}${"]".repeat(10_000)}`, '{"a":'.repeat(10_000)].map(
        (value) => put(ticker, '"KRW-BTC"', value),
      ),
      ...[" ", "\t", "\n", "\r", "\v", "\u00a0"].flatMap((blank) => [
        put(trade, ",", `,${blank}`),
        put(trade, ":", `${blank}:`),
        join2(trade, blank),
        join2(blank, trade),
      ]),
      utf8.encode(`${"[".repeat(10_000)}${ticker}${"]".repeat(10_000)}`),
      utf8.encode(`{"type":"ticker",${'"x":1,'.repeat(8_000)}${ticker.slice(1)}`),
      utf8.encode(`[${Array.from({ length: 60 }, () => ticker).join(",")}]`),
    ];
    for (const data of odd) assert.isFalse(compare(scanner, data), Buffer.from(data.subarray(0, 200)).toString());
    assert.notProperty({}, "trade_price");
    for (const frame of frames) assert.isTrue(compare(scanner, utf8.encode(frame)));
  });

  it("means the same by a frame after any others: ten thousand in any order, whole and changed", () => {
    const scanner = learned();
    const mutations = new Mutations(7);
    let [taken, at] = [0, 0];
    const remembered: Array<readonly [Uint8Array, string | undefined]> = [];
    const said = (one: FrameScanner, data: Uint8Array): string | undefined => JSON.stringify(one.scan(data));
    for (let nth = 0; nth < 10_000; nth++) {
      at = (at * 31 + 17 + nth) % frames.length;
      const data = utf8.encode(nth % 3 === 0 ? frames[at]! : mutations.of(frames[at]!));
      if (compare(scanner, data)) taken++;
      if (nth % 100 === 0) remembered.push([data, said(new FrameScanner(), data)]);
    }
    assert.isAbove(taken, 4_000);
    // What one took that had learned nothing, one that has seen all of this takes as well; and the same again.
    for (const [data, alone] of [...remembered, ...remembered.toReversed()])
      assert.strictEqual(said(scanner, data), alone, Buffer.from(data).toString());
  });

  it("sees every digit of a book that is another than in the book before, a row that comes, and one that goes", () => {
    const scanner = new FrameScanner();
    const row = (nth: number) =>
      `{"ask_price":${200 + nth}.5,"bid_price":${199 - nth}.5,"ask_size":0.0205476${nth},"bid_size":${nth + 1}3.08120946}`;
    const bookOf = (rows: ReadonlyArray<string>) =>
      `{"type":"orderbook","code":"KRW-BTC","timestamp":1790134742106,"total_ask_size":2.5,"total_bid_size":1.6,"orderbook_units":[${rows.join()}],"stream_type":"REALTIME","level":0}`;
    const rows = Array.from({ length: 30 }, (_, nth) => row(nth));
    const book = bookOf(rows);
    const check = (text: string) => {
      const scanned = scanner.scan(utf8.encode(text));
      assert.deepStrictEqual(scanned ?? decodeGenerally(text), decodeGenerally(text), text);
      return scanned !== undefined;
    };
    let taken = 0;
    for (const { index } of book.matchAll(/\d/g)) {
      assert.isTrue(check(book));
      const changed = `${book.slice(0, index)}${(Number(book[index]) + 1) % 10}${book.slice(index + 1)}`;
      // Twice: what changed is then what stays.
      if (check(changed) && check(changed)) taken++;
    }
    assert.isAbove(taken, 600);
    for (let nth = 0; nth < rows.length; nth++) {
      check(bookOf(rows.toSpliced(nth, 1)));
      check(book);
      check(
        bookOf(rows.toSpliced(nth, 1, rows[nth]!.replace(/"ask_size":[^,]*/, '"ask_size":0').replace(/"bid_size":[^}]*/, '"bid_size":0'))),
      );
      check(bookOf(rows.slice(0, nth)));
    }
    assert.isTrue(check(book));
  });

  it("sees every byte of a ticker that is another than in the ticker before, whatever the order of its fields and however many were not read in between", () => {
    const fields = ticker.slice(1, -1).split(/,(?=")/);
    const [type = "", ...rest] = fields;
    const orders = [fields, [type, ...rest.toReversed()], [...fields.slice(0, 6), ...fields.slice(6).toReversed()]];
    const scanner = new FrameScanner();
    const check = (text: string): boolean => compare(scanner, utf8.encode(text));
    let taken = 0;
    for (const [nth, order] of orders.entries()) {
      const usual = `{${order.join()}}`;
      for (let at = 1; at < usual.length - 1; at++) {
        const changed = `${usual.slice(0, at)}${'0-,"}.xE'[(at + nth * 3) % 8]!}${usual.slice(at + 1)}`;
        // What is not read again must not be taken for what lies where it would, which a trade leaves there.
        assert.isTrue(check(trade));
        // Twice: what changed is then what stays.
        if (check(changed) && check(trade) && check(changed)) taken++;
        assert.isTrue(check(usual), usual);
        // What was read of one that turned out to be odd is not what was said before.
        assert.isFalse(check(changed.replace(/"timestamp":\d/, '"timestamp":x')));
        check(changed);
        assert.isTrue(check(usual) && check(usual.replace("KRW-BTC", "KRW-ETH")), usual);
      }
    }
    assert.isAbove(taken, 150);
    // The next order's runs begin where those of the one before did, and hold other fields.
    for (const order of [...orders, ...orders.toReversed()]) assert.isTrue(check(`{${order.join()}}`));
  });

  it("takes from the ticker before what is the same, to the last object", () => {
    const scanner = new FrameScanner();
    const read = (text: string): Ticker => {
      const [message] = scanner.scan(utf8.encode(text)) ?? [];
      return message?._tag === "Ticker" ? message.value : assert.fail(text);
    };
    read(ticker);
    const [before, after] = [read(ticker), read(ticker.replace(/"timestamp":\d+/, '"timestamp":1790134742107'))];
    assert.notStrictEqual(after.timestampMs, before.timestampMs);
    for (const name of ["open", "dayHigh", "dayLow", "previousClose", "high52w", "low52w"] as const)
      assert.strictEqual(after[name], before[name], name);
    assert.notStrictEqual(after.price, before.price);
    assert.isTrue(after.price.equals(before.price));
  });

  it("refuses a text for ever that it refused once, however near it is to those it knows", () => {
    const scanner = learned();
    const texts = [
      ...[
        "krw-btc",
        "KRW-",
        "-BTC",
        "KRWBTC",
        "KRW-BTC-",
        "KRW_BTC",
        "KRW-BTC ",
        " KRW-BTC",
        "KRW-bTC",
        "K-BTC",
        "KRW-BTCBTCBTCBTCBTCBTCBTC",
      ],
      ...["", "RISE", "KRW-BTC\u007f", "KRW-ÀTC"],
    ];
    for (let round = 0; round < 20; round++) {
      for (const code of texts) {
        const data = utf8.encode(trade.replace("KRW-BTC", code));
        assert.isUndefined(scanner.scan(data), code);
        assert.isFalse(decodeGenerally(data).some(isMarketData), code);
        assert.isTrue(compare(scanner, utf8.encode(trade)));
      }
      // More codes than the table keeps, so that places change hands.
      for (let i = 0; i < 400; i++)
        assert.isTrue(compare(scanner, utf8.encode(trade.replace("KRW-BTC", `KRW-${(round * 400 + i).toString(36).toUpperCase()}`))));
    }
  });

  it("finds nothing that is missing on every object's prototype, as little as the general path does", () => {
    const scanner = learned();
    const inherited = {
      trade_price: "1",
      code: "KRW-ETH",
      type: "ticker",
      tp: "1",
      cd: "KRW-ETH",
      timestamp: "1",
      stream_type: "REALTIME",
      ap: "1",
    };
    const without = frames.flatMap((frame) =>
      Object.keys(JSON.parse(frame) as object).map(
        (name) => [frame, frame.replace(new RegExp(`"${name}":("[^"]*"|[^,\\]}]+|\\[.*?\\]),?`), "").replace(",}", "}")] as const,
      ),
    );
    const before = without.map(([, text]) => decodeGenerally(text));
    for (const [name, value] of Object.entries(inherited))
      // eslint-disable-next-line no-extend-native -- a program that does this is what is tried
      Object.defineProperty(Object.prototype, name, { value, enumerable: true, writable: true, configurable: true });
    let after: ReadonlyArray<ReadonlyArray<SocketMessage>>;
    let scanned: ReadonlyArray<ReadonlyArray<SocketMessage> | undefined>;
    try {
      after = without.map(([, text]) => decodeGenerally(text));
      scanned = without.map(([, text]) => scanner.scan(utf8.encode(text)));
    } finally {
      for (const name of Object.keys(inherited)) Reflect.deleteProperty(Object.prototype, name);
    }
    const told = (messages: ReadonlyArray<SocketMessage> | undefined) =>
      messages?.map((message) => ("value" in message ? JSON.stringify(message.value) : message._tag));
    for (const [i, [, text]] of without.entries()) {
      assert.deepStrictEqual(told(after[i]), told(before[i]), text);
      if (scanned[i] !== undefined) assert.deepStrictEqual(told(scanned[i]), told(before[i]), text);
    }
    assert.isAbove(before.filter((messages) => !messages.some(isMarketData)).length, 100);
  });

  it("says of everything that it leaves why, each cause by its word, and nothing of what is no market data", () => {
    const decode = makeFrameDecoder();
    const causeOf = (text: string): Cause | undefined => {
      let found: Cause | undefined;
      decode(utf8.encode(text), undefined, (cause) => (found = cause));
      return found;
    };
    const expected: ReadonlyArray<readonly [Cause, string]> = [
      ["blank", ticker.replace(":", ": ")],
      ["escape", ticker.replace("KRW-BTC", "KRW\\u002dBTC")],
      ["text", ticker.replace("KRW-BTC", "KRW-비트코인")],
      ["digits", ticker.replace("0.0064305736", "0.12345678901234567890123456789")],
      ["value", ticker.replace('"RISE"', '"UP"')],
      ["null", ticker.replace('"RISE"', "null")],
      ["field", ticker.replace("{", "{").replace(',"change"', ',"new_field":1,"change"')],
      ["duplicate", ticker.replace(',"change"', ',"change":"RISE","change"')],
      ["missing", ticker.replace(/,"trade_price":[^,]*/, "")],
      ["type", ticker.replace('"ticker"', '"tocker"')],
      ["levels", book.replace("116542000", "1")],
      ["syntax", `${ticker}x`],
    ];
    assert.sameMembers(
      expected.map(([cause]) => cause),
      [...causes],
    );
    for (const [cause, text] of expected) assert.strictEqual(causeOf(text), cause, text);
    for (const text of [
      ticker,
      '{"status":"UP"}',
      '{"error":{"name":"NO_TICKET","message":"x"}}',
      '{"method":"LIST_SUBSCRIPTIONS","result":[]}',
    ])
      assert.isUndefined(causeOf(text), text);
  });

  it("needs no code made from text, nor do the general path and the Schemas", () => {
    const child = fileURLToPath(new URL("./withoutEval.ts", import.meta.url));
    const printed = execFileSync(process.execPath, ["--disallow-code-generation-from-strings", child], {
      encoding: "utf8",
      input: JSON.stringify(frames),
      env: { ...process.env, NODE_OPTIONS: "" },
    });
    assert.strictEqual(printed.trim(), `${frames.length} of ${frames.length}`);
  });
});
