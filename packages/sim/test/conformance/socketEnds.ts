/** How a socket is refused, kept alive, limited and ended. */
import { assert, describe } from "@effect/vitest";
import { Effect, Exit, Scope } from "effect";
import { Exchange, type ExchangeOptions, Script } from "../../src/index.ts";
import { type Suite, ticket } from "./door.ts";

const mistakes = [
  ["text that is no JSON", "hello", "WRONG_FORMAT"],
  ["an object instead of an array", { ticket: "t" }, "WRONG_FORMAT"],
  ["a format that does not exist", [ticket, { type: "ticker", codes: ["KRW-BTC"] }, { format: "XML" }], "WRONG_FORMAT"],
  ["no ticket", [{ type: "ticker", codes: ["KRW-BTC"] }], "NO_TICKET"],
  ["no type", [ticket, { codes: ["KRW-BTC"] }], "NO_TYPE"],
  ["no codes", [ticket, { type: "ticker" }], "NO_CODES"],
  ["an unknown type", [ticket, { type: "nope", codes: ["KRW-BTC"] }], "INVALID_PARAM"],
  ["a candle of days", [ticket, { type: "candle.1d", codes: ["KRW-BTC"] }], "INVALID_PARAM"],
  ["a private type", [ticket, { type: "myOrder" }], "INVALID_AUTH"],
] as const;

export const socketEnds = ({ name, test, testWith, open, settle, subscribed, handshake }: Suite): void => {
  describe(`${name}: ends of a socket`, () => {
    for (const [mistake, message, expected] of mistakes) {
      test(`answers ${mistake} with ${expected} and closes with 1000 about 160 ms later (§8 WebSocket: errors)`, () =>
        Effect.gen(function* () {
          const client = yield* open;
          yield* client.send(message);
          yield* client.until(() => client.closes.length > 0);
          assert.strictEqual(client.frames.length, 1);
          assert.match(client.frames[0]!, new RegExp(`^\\{"error":\\{"message":"[^"]+","name":"${expected}"\\}\\}$`));
          assert.strictEqual(client.closes[0]!.code, 1000);
          const { ledger } = yield* Exchange;
          const afterMs = ledger.connections()[0]!.closed!.atMs - ledger.frames({ kind: "error" })[0]!.atMs;
          assert.isTrue(afterMs >= 150 && afterMs <= 180, `${afterMs} ms`);
        }));
    }

    for (const [title, options, message] of [
      [
        "both flags at once",
        { bothOnlyFlags: "refused" },
        { type: "ticker", codes: ["KRW-BTC"], is_only_snapshot: true, is_only_realtime: true },
      ],
      ["no code at all", { emptyCodes: "refused" }, { type: "ticker", codes: [] }],
    ] as const satisfies ReadonlyArray<readonly [string, ExchangeOptions["socket"], object]>) {
      testWith({ socket: options }, `refuses ${title} where it is told to (§7)`, () =>
        Effect.gen(function* () {
          const client = yield* open;
          yield* client.send([ticket, message]);
          yield* client.until(() => client.closes.length > 0);
          assert.match(client.frames.join(), /"name":"(?:WRONG_FORMAT|NO_CODES)"/);
        }),
      );
    }

    testWith(
      { socket: { emptyCodes: "silence", statusPeriodMs: 50 } },
      "says nothing to an empty list of codes where it is told to (§7)",
      () =>
        Effect.gen(function* () {
          const client = yield* open;
          yield* client.send([ticket, { type: "ticker", codes: [] }]);
          yield* client.send("PING");
          yield* client.until(() => client.frames.length >= 1);
          assert.strictEqual(client.frames[0], '{"status":"UP"}');
        }),
    );

    testWith(
      { socket: { statusPeriodMs: 100 } },
      "answers a protocol ping with a pong, and a text PING with a status again and again on its own clock (§8 WebSocket: PING)",
      () =>
        Effect.gen(function* () {
          const client = yield* open;
          yield* client.ping;
          yield* client.until(() => client.counts.pongs === 1);
          yield* client.send("PING");
          yield* client.until(() => client.frames.length >= 3);
          assert.deepStrictEqual(client.frames.slice(0, 3), ['{"status":"UP"}', '{"status":"UP"}', '{"status":"UP"}']);
          const { ledger } = yield* Exchange;
          const sent = ledger.frames({ kind: "status" }).map((frame) => frame.atMs);
          assert.isTrue(sent.every((ms) => ms % 100 === 0));
          assert.strictEqual(sent[2]! - sent[0]!, 200);
        }),
    );

    testWith({ socket: { statusRepeats: false } }, "answers each text PING once where it is told to (§6)", () =>
      Effect.gen(function* () {
        const client = yield* open;
        yield* client.send("PING");
        yield* client.send("PING");
        yield* client.until(() => client.frames.length >= 2);
        assert.deepStrictEqual(client.frames, ['{"status":"UP"}', '{"status":"UP"}']);
      }),
    );

    testWith(
      { socket: { wrapsStatus: true, statusPeriodMs: 50, errorCloseMs: 100 } },
      "wraps status and error frames in the list formats where it is told to (§7)",
      () =>
        Effect.gen(function* () {
          yield* Script.halt;
          const client = yield* subscribed([{ type: "ticker", codes: ["KRW-BTC"] }, { format: "JSON_LIST" }], 1);
          yield* client.send("PING");
          yield* client.until(() => client.frames.length >= 2);
          assert.strictEqual(client.frames[1], '[{"status":"UP"}]');
          yield* client.send("hello");
          yield* client.until(() => client.closes.length > 0);
          assert.match(client.frames.at(-1)!, /^\[\{"error":/);
        }),
    );

    testWith(
      { socket: { idleMs: 400 } },
      "cuts a socket without traffic, also after its last snapshot, without a close frame (§8 WebSocket: idle)",
      () =>
        Effect.gen(function* () {
          yield* Script.halt;
          const [silent, served] = [yield* open, yield* open];
          yield* served.send([ticket, { type: "ticker", codes: ["KRW-BTC"], is_only_snapshot: true }]);
          yield* served.until(() => silent.closes.length > 0 && served.closes.length > 0);
          assert.deepStrictEqual([silent.closes[0]!.code, served.closes[0]!.code, served.frames.length], [1006, 1006, 1]);
          const { ledger } = yield* Exchange;
          const [first, second] = ledger.connections();
          assert.strictEqual(first!.closed!.atMs - first!.openedMs, 400);
          assert.strictEqual(second!.closed!.atMs - ledger.frames({ kind: "ticker" })[0]!.atMs, 400);
        }),
    );

    testWith({ socket: { idleMs: 500, idleCounts: "client" } }, "counts only what the client sends where it is told to (§7)", () =>
      Effect.gen(function* () {
        const client = yield* subscribed([{ type: "orderbook", codes: ["KRW-BTC"] }], 2);
        yield* client.until(() => client.closes.length > 0);
        const { ledger } = yield* Exchange;
        assert.strictEqual(ledger.connections()[0]!.closed!.atMs - ledger.frames({ kind: "request" })[0]!.atMs, 500);
      }),
    );

    test("names the connect limit in the handshake (§8 WebSocket: handshake)", () =>
      Effect.gen(function* () {
        const { status, headers } = yield* handshake({});
        assert.strictEqual(status, 101);
        assert.strictEqual(headers["remaining-req"], "group=websocket; min=300; sec=4");
        assert.strictEqual(headers["limit-by-ip"], "Yes");
      }));

    testWith({ limits: { mode: "fixed", connectsPerSecond: 1_000 } }, "counts messages per whole second where it is told to (§7)", () =>
      Effect.gen(function* () {
        const client = yield* open;
        for (let i = 0; i < 11; i++) yield* client.send("PING");
        yield* client.until(() => client.closes.length > 0);
        assert.match(client.frames.join(), /"name":"TOO_MANY_REQUEST"/);
      }),
    );

    test("answers a sixth message in a second with TOO_MANY_REQUEST (§8 WebSocket: message limit)", () =>
      Effect.gen(function* () {
        yield* Script.halt;
        const client = yield* open;
        for (let i = 0; i < 6; i++) yield* client.send([ticket, { type: "trade", codes: ["KRW-NOPE"] }]);
        yield* client.until(() => client.closes.length > 0);
        assert.match(client.frames.join(), /"name":"TOO_MANY_REQUEST"/);
        assert.strictEqual(client.closes[0]!.code, 1000);
      }));

    testWith(
      { socket: { overrunCloses: false }, limits: { messagesPerSecond: 1, messagesPerMinute: 1 } },
      "goes on after too many messages where it is told to (§3.6)",
      () =>
        Effect.gen(function* () {
          yield* Script.halt;
          const client = yield* subscribed([{ type: "trade", codes: ["KRW-BTC"] }], 1);
          yield* client.send([ticket, { type: "trade", codes: ["KRW-ETH"] }]);
          yield* client.until(() => client.frames.length >= 2);
          assert.match(client.frames[1]!, /"name":"TOO_MANY_REQUEST"/);
          yield* Script.trade("KRW-BTC", { price: 97_000_000 });
          yield* client.until(() => client.frames.length >= 3);
          assert.match(client.frames[2]!, /"code":"KRW-BTC"/);
          assert.strictEqual(client.closes.length, 0);
        }),
    );

    test("refuses the sixth connect of a second with 429 (§8 WebSocket: connect limit)", () =>
      Effect.gen(function* () {
        const results = [];
        for (let i = 0; i < 6; i++) results.push(yield* Effect.exit(open));
        const refused = results.filter(Exit.isFailure);
        assert.strictEqual(refused.length, 1);
        assert.match(String(refused[0]!.cause), /UpgradeRefused/);
        assert.strictEqual((yield* Exchange).openSockets, 5);
      }).pipe(Effect.scoped));

    testWith(
      { limits: { connectsPerSecond: 0, connectOverrunStatus: 503 } },
      "refuses a connect beyond the limit with another status where it is told to (§3.6)",
      () =>
        Effect.gen(function* () {
          assert.strictEqual((yield* handshake({})).status, 503);
        }),
    );

    test("closes once, whoever ends it", () =>
      Effect.gen(function* () {
        const scope = yield* Scope.make();
        const [scoped, terminated] = [yield* Scope.provide(open, scope), yield* open];
        yield* settle(Scope.close(scope, Exit.void));
        yield* terminated.terminate;
        yield* terminated.until(() => scoped.closes.length > 0 && terminated.closes.length > 0);
        assert.deepStrictEqual([scoped.closes.map((close) => close.code), terminated.closes.map((close) => close.code)], [[1000], [1006]]);
        const { ledger } = yield* Exchange;
        yield* terminated.until(() => ledger.connections().every((entry) => entry.closed !== undefined));
        assert.deepStrictEqual(
          ledger.connections().map((entry) => entry.closed?.code),
          [1000, 1006],
        );
        assert.strictEqual((yield* Effect.flip(scoped.send("PING")))._tag, "NetworkError");
      }));
  });
};
