/** What each fault of a socket does to a naive client: the fault, when it begins, and the harm. */
import { assert } from "@effect/vitest";
import type { Fault } from "../../src/index.ts";
import type { NaiveSocket, Row } from "./naive.ts";

/** What came of one watch of a market in which ten trades happened, one a second, at rising prices. */
export interface Watched {
  readonly socket: NaiveSocket;
  /** Why it did not open. */
  readonly refused: { readonly _tag: string; readonly status?: number; readonly phase?: string } | undefined;
  /** The prices of the ten trades. */
  readonly made: ReadonlyArray<number>;
  /** How many frames had come when each trade was a tenth of a second old. */
  readonly seenAt: ReadonlyArray<number>;
}

export interface SocketCase {
  readonly fault: Fault;
  /** `connect`: the fault is on before. `subscribe`: it begins on the open socket. `middle`: after the fifth trade. Default subscribe. */
  readonly begins?: "connect" | "subscribe" | "middle";
  /** Default: trades of KRW-BTC from now on. */
  readonly type?: Readonly<Record<string, unknown>>;
  readonly format?: string;
  readonly harm: (watched: Watched) => void;
}

const trades = { type: "trade", codes: ["KRW-BTC"], is_only_realtime: true };

export const subscription = ({ type = trades, format = "DEFAULT" }: SocketCase): string =>
  JSON.stringify([{ ticket: "t" }, type, { format }]);

const last = ({ socket }: Watched): unknown => socket.prices.at(-1);

const isTrue = ({ socket, made }: Watched): boolean => JSON.stringify(socket.prices) === JSON.stringify(made);

/** The link looks alive and brings nothing. */
const silence = (watched: Watched) => {
  assert.deepStrictEqual(watched.socket.closes, []);
  assert.isBelow(watched.socket.messages.length, 10);
  assert.notStrictEqual(last(watched), watched.made.at(-1), "it shows an old price, or none, as the price");
};

const refused = (status: number) => (watched: Watched) => assert.deepInclude({ ...watched.refused }, { _tag: "UpgradeRefused", status });

const ended = (code: number) => (watched: Watched) => {
  assert.deepStrictEqual(
    watched.socket.closes.map((close) => close.code),
    [code],
  );
  assert.notStrictEqual(last(watched), watched.made.at(-1), "it does not connect again");
};

/** What a client sees of a code, by RFC 6455: those that may not be on the wire end the connection without one. */
export const closeCodes: ReadonlyArray<readonly [sent: number, heard: number]> = [
  ...[1000, 1001, 1002, 1003, 1005, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999].map((code) => [code, code] as const),
  ...[0, 999, 1004, 1006, 1015, 1016, 2999, 5000, 65_535].map((code) => [code, 1006] as const),
];

const lives: ReadonlyArray<SocketCase> = [
  ...[200, 401, 403, 418, 429, 500, 503].map((status): SocketCase => ({
    fault: { verb: "refuse-upgrade", status },
    begins: "connect",
    harm: refused(status),
  })),
  {
    fault: { verb: "upgrade-hang" },
    begins: "connect",
    harm: (watched) => assert.deepInclude({ ...watched.refused }, { _tag: "TimeoutError", phase: "upgrade" }),
  },
  {
    fault: { verb: "upgrade-reset" },
    begins: "connect",
    harm: (watched) => assert.deepInclude({ ...watched.refused }, { _tag: "NetworkError", phase: "upgrade" }),
  },
  {
    fault: { verb: "connect-refused" },
    begins: "connect",
    harm: (watched) => assert.deepInclude({ ...watched.refused }, { _tag: "NetworkError", phase: "connect" }),
  },
  { fault: { verb: "ban" }, begins: "connect", harm: refused(418) },
  { fault: { verb: "maintenance" }, begins: "middle", harm: ended(1001) },
  ...closeCodes.map(([code, heard]): SocketCase => ({ fault: { verb: "close", code }, begins: "middle", harm: ended(heard) })),
  { fault: { verb: "cut" }, begins: "middle", harm: ended(1006) },
  {
    fault: { verb: "cut", how: "rst" },
    begins: "middle",
    harm: (watched) => (ended(1006)(watched), assert.strictEqual(watched.socket.closes[0]?.reason, "ECONNRESET")),
  },
  { fault: { verb: "accept-then-close" }, begins: "connect", harm: ended(1006) },
  { fault: { verb: "accept-then-close", code: 1013, delayMs: 1_500 }, begins: "connect", harm: ended(1013) },
  {
    fault: { verb: "rst_after_n_frames", frames: 3 },
    harm: (watched) => (ended(1006)(watched), assert.strictEqual(watched.socket.messages.length, 3)),
  },
  { fault: { verb: "half_open" }, begins: "middle", harm: (watched) => (silence(watched), assert.strictEqual(watched.socket.pongs, 0)) },
  { fault: { verb: "half_open", newToo: true }, begins: "connect", harm: silence },
  { fault: { verb: "half_open", stops: "out" }, begins: "middle", harm: silence },
  {
    fault: { verb: "no-pong" },
    harm: (watched) =>
      assert.deepStrictEqual([isTrue(watched), watched.socket.pongs], [true, 0], "it waits for a pong and cuts a link that works"),
  },
  { fault: { verb: "message-too-big", bytes: 40 }, harm: ended(1009) },
  { fault: { verb: "deaf" }, harm: (watched) => (silence(watched), assert.strictEqual(watched.socket.pongs, 1)) },
  { fault: { verb: "ignore-subscription" }, harm: (watched) => (silence(watched), assert.strictEqual(watched.socket.messages.length, 0)) },
  {
    fault: { verb: "ignore-subscription", codes: 1 },
    type: { type: "ticker", codes: ["KRW-ETH", "KRW-BTC"] },
    harm: ({ socket }) => assert.deepStrictEqual([...new Set(socket.messages.map(({ code }) => code))], ["KRW-ETH"]),
  },
  {
    fault: { verb: "error-frame", name: "INVALID_AUTH" },
    harm: (watched) => (ended(1000)(watched), assert.deepInclude(watched.socket.messages[0]?.["error"], { name: "INVALID_AUTH" })),
  },
];

const frames: ReadonlyArray<SocketCase> = [
  { fault: { verb: "zombie" }, begins: "middle", harm: (watched) => (silence(watched), assert.strictEqual(watched.socket.pongs, 1)) },
  {
    fault: { verb: "drop-frames", probability: 0.5 },
    harm: ({ socket }) => assert.isTrue(socket.messages.length > 0 && socket.messages.length < 10),
  },
  {
    fault: { verb: "dup" },
    harm: ({ socket, made }) =>
      assert.deepStrictEqual(
        socket.prices,
        made.flatMap((price) => [price, price]),
        "it counts every volume twice",
      ),
  },
  {
    fault: { verb: "reorder", holdMs: 10_000 },
    harm: ({ socket, made }) => {
      assert.notDeepEqual(socket.prices, made);
      assert.sameMembers([...socket.prices], [...made]);
    },
  },
  {
    fault: { verb: "late-frames", delayMs: 3_000 },
    harm: ({ seenAt }) => assert.deepStrictEqual(seenAt.slice(0, 5), [0, 0, 0, 1, 2], "every price it shows is three seconds old"),
  },
  {
    fault: { verb: "late-snapshot" },
    type: { type: "ticker", codes: ["KRW-BTC"] },
    harm: ({ socket: { messages } }) => {
      const at = messages.findIndex((message) => message["stream_type"] === "SNAPSHOT");
      assert.isAbove(at, 0);
      const [before, snapshot] = [messages[at - 1], messages[at]];
      assert.isBelow(Number(snapshot?.["trade_timestamp"]), Number(before?.["trade_timestamp"]), "what it shows goes back");
    },
  },
  { fault: { verb: "empty-frames" }, harm: ({ socket }) => assert.strictEqual(socket.broken, 10) },
  {
    fault: { verb: "invalid-utf8-frames" },
    harm: ({ socket }) =>
      assert.deepStrictEqual(
        socket.messages.filter((message) => message["stream_type"] === "REALTIME"),
        [],
      ),
  },
  { fault: { verb: "garbage-frames" }, harm: ({ socket }) => assert.deepStrictEqual([socket.messages.length, socket.broken], [0, 10]) },
  { fault: { verb: "oversize-frames" }, harm: ended(1006) },
  { fault: { verb: "status-frames" }, harm: ({ socket }) => assert.include(socket.prices, undefined, "it shows no price, ten times") },
];

const level = (row: Row | undefined, name: string): number => {
  const units = row?.["obu"];
  const first: Row = Array.isArray(units) ? units[0] : {};
  return Number(first[name]);
};

/** The faults of data, on frames: in another format, with its short names. */
const data: ReadonlyArray<SocketCase> = [
  {
    fault: { verb: "null-quotes" },
    harm: ({ socket }) => {
      const mids = socket.messages.map((message) => (Number(message["best_ask_price"]) + Number(message["best_bid_price"])) / 2);
      assert.deepStrictEqual(
        mids,
        Array.from({ length: 10 }, () => 0),
      );
    },
  },
  {
    fault: { verb: "nonsense-price", type: "trade" },
    format: "SIMPLE",
    harm: ({ socket }) => assert.deepStrictEqual(new Set(socket.messages.map(({ tp }) => tp)), new Set([0])),
  },
  {
    fault: { verb: "string-prices" },
    format: "JSON_LIST",
    harm: ({ socket }) => assert.match(socket.texts[0] ?? "", /^\[.*"trade_price":"\d/),
  },
  {
    fault: { verb: "crossed-book", market: "KRW-BTC" },
    type: { type: "orderbook", codes: ["KRW-BTC"] },
    format: "SIMPLE",
    harm: ({ socket }) => assert.isAbove(level(socket.messages[0], "bp"), level(socket.messages[0], "ap")),
  },
  {
    fault: { verb: "clock-skew", aheadMs: -60_000 },
    harm: ({ socket }) => assert.isBelow(Number(socket.messages[0]?.["timestamp"]), Date.UTC(2026, 0, 5, 3)),
  },
  { fault: { verb: "market-paused" }, begins: "middle", harm: silence },
  { fault: { verb: "delisted" }, begins: "middle", harm: silence },
  {
    fault: { verb: "market-warning" },
    type: { type: "ticker", codes: ["KRW-BTC"] },
    harm: ({ socket }) => assert.strictEqual(socket.messages[0]?.["market_warning"], "CAUTION"),
  },
  {
    fault: { verb: "schema-drift", change: "missing" },
    harm: ({ socket }) => assert.deepStrictEqual(new Set(socket.prices), new Set([undefined])),
  },
];

export const socketCases: ReadonlyArray<SocketCase> = [...lives, ...frames, ...data];
