/**
 * What the emulated exchange promises a client, as one list of tests for every door it has. A door is a layer with a Transport and the
 * exchange behind it, the addresses to ask, and a way to let time pass until something is true: virtual time in memory, real events over TCP.
 */
import { assert, describe } from "@effect/vitest";
import type { NetworkError } from "@naru/router/errors/MarketDataError";
import { type RestFailure, type RestResponse, type SocketClose, type SocketFailure, Transport } from "@naru/router/transport/Transport";
import { Context, Effect, Exit, type Layer, Scope } from "effect";
import { Exchange, Script } from "../src/index.ts";

export class Addresses extends Context.Service<Addresses, { readonly rest: string; readonly socket: string }>()(
  "@naru/sim/test/Addresses",
) {}

export interface Door {
  readonly layer: Layer.Layer<Transport | Exchange | Addresses>;
  /** Registers a test that provides the clock the door needs. */
  readonly test: (title: string, effect: () => Effect.Effect<unknown, unknown, Scope.Scope>) => void;
  /** Lets time pass until `done`; dies after a bounded wait. */
  readonly until: (done: () => boolean) => Effect.Effect<void>;
}

type Services = Transport | Exchange | Addresses | Scope.Scope;

/** One socket and all that came over it. */
interface Client {
  readonly frames: Array<string>;
  readonly closes: Array<SocketClose>;
  readonly counts: { reads: number; pongs: number };
  readonly send: (message: unknown) => Effect.Effect<void, NetworkError>;
  readonly ping: Effect.Effect<void, NetworkError>;
  readonly terminate: Effect.Effect<void>;
  readonly until: (done: () => boolean) => Effect.Effect<void>;
  /** Parsed frames, one object for each element of a list. */
  readonly messages: () => ReadonlyArray<Record<string, unknown>>;
}

export const makeTools = (door: Door) => {
  /** Runs an effect that needs time to pass. */
  const settle = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.gen(function* () {
      let exit: Exit.Exit<A, E> | undefined;
      yield* Effect.forkChild(
        Effect.map(Effect.exit(effect), (done) => {
          exit = done;
        }),
      );
      yield* door.until(() => exit !== undefined);
      return yield* exit ?? Effect.die(new Error("not settled"));
    });

  const get = (target: string, headers: Record<string, string> = {}): Effect.Effect<RestResponse, RestFailure, Transport | Addresses> =>
    Effect.gen(function* () {
      const { rest } = yield* Addresses;
      return yield* settle((yield* Transport).rest({ url: rest + target, headers }));
    });

  const open: Effect.Effect<Client, SocketFailure, Transport | Addresses | Scope.Scope> = Effect.gen(function* () {
    const { socket: url } = yield* Addresses;
    const transport = yield* Transport;
    const frames: Array<string> = [];
    const closes: Array<SocketClose> = [];
    const counts = { reads: 0, pongs: 0 };
    const socket = yield* settle(
      transport.socket(url, {
        onFrame: (data) => {
          assert.isAbove(data.length, 0);
          assert.strictEqual(closes.length, 0, "no frame after the close");
          assert.notTypeOf(data, "string", "frames are binary");
          frames.push(typeof data === "string" ? data : new TextDecoder().decode(data));
        },
        onReadEnd: () => {
          counts.reads++;
        },
        onPong: () => {
          counts.pongs++;
        },
        onClose: (close) => {
          closes.push(close);
        },
      }),
    );
    return {
      frames,
      closes,
      counts,
      send: (message) => socket.send(typeof message === "string" ? message : JSON.stringify(message)),
      ping: socket.ping,
      terminate: socket.terminate,
      until: door.until,
      messages: () => frames.flatMap((text) => JSON.parse(text)),
    };
  });

  return { settle, get, open };
};

const text = (response: RestResponse): string => new TextDecoder().decode(response.body);

const ticket = { ticket: "t" };

export const conformance = (name: string, door: Door): void => {
  const { get, open, settle } = makeTools(door);
  const test = <E>(title: string, effect: () => Effect.Effect<unknown, E, Services>) =>
    door.test(title, () => effect().pipe(Effect.provide(door.layer)));

  /** Opens, subscribes, and waits for so many frames. */
  const subscribed = (request: ReadonlyArray<unknown>, frames: number) =>
    Effect.gen(function* () {
      const client = yield* open;
      yield* client.send([ticket, ...request]);
      yield* client.until(() => client.frames.length >= frames);
      return client;
    });

  describe(`${name}: REST`, () => {
    test("answers with the exchange's headers and spelling", () =>
      Effect.gen(function* () {
        const answer = yield* get("/v1/candles/minutes/1?market=KRW-BTC&count=2");
        assert.strictEqual(answer.status, 200);
        assert.strictEqual(answer.headers["content-type"], "application/json;charset=UTF-8");
        assert.strictEqual(answer.headers["remaining-req"], "group=candles; min=600; sec=9");
        assert.strictEqual(answer.headers["limit-by-ip"], "Yes");
        const exchange = yield* Exchange;
        const ageMs = (yield* exchange.now) - Date.parse(answer.headers["date"] ?? "");
        assert.isTrue(ageMs >= 0 && ageMs < 5_000);
        assert.match(text(answer), /"opening_price":\d+\.\d{8},/);
      }));

    test("answers unknown paths, unknown markets and wrong values as the exchange does", () =>
      Effect.gen(function* () {
        const unrouted = yield* get("/v1/nope");
        assert.deepStrictEqual(
          [unrouted.status, text(unrouted), unrouted.headers["remaining-req"]],
          [404, '{"error":{"name":"not_found","message":"no Route matched with those values"}}', undefined],
        );
        const unknown = yield* get("/v1/ticker?markets=KRW-BTC,KRW-NOPE");
        assert.deepStrictEqual([unknown.status, text(unknown)], [404, '{"error":{"name":404,"message":"Code not found"}}']);
        assert.strictEqual((yield* get("/v1/orderbook?markets=KRW-BTC&count=abc")).status, 400);
      }));

    test("refuses the eleventh request of a second and says nothing of it to other groups", () =>
      Effect.gen(function* () {
        const exchange = yield* Exchange;
        const answers = yield* settle(
          Effect.flatMap(Effect.all([Transport, Addresses]), ([transport, { rest }]) =>
            Effect.forEach(Array.from({ length: 11 }), () => transport.rest({ url: `${rest}/v1/market/all`, headers: {} }), {
              concurrency: "unbounded",
            }),
          ),
        );
        assert.deepStrictEqual(answers.map((answer) => answer.status).toSorted(), [...Array.from({ length: 10 }, () => 200), 429]);
        assert.strictEqual((yield* get("/v1/ticker?markets=KRW-BTC")).status, 200);
        assert.strictEqual(exchange.ledger.maxInWindow("market", 1_000), 10);
        assert.strictEqual(exchange.ledger.rejected, 1);
      }));

    test("sends the answers a script ordered, byte by byte, and then the truth again", () =>
      Effect.gen(function* () {
        const target = "/v1/market/all";
        yield* Script.failRest(target, { status: 500, body: '{"error":{"name":500,"message":"maintenance"}}' });
        yield* Script.failRest(target, { headers: { "content-type": "text/html" }, body: "<html>maintenance</html>" });
        yield* Script.failRest(target, { body: new Uint8Array([0x5b, 0xff, 0xfe, 0x5d]) });
        yield* Script.failRest(target, { body: '{"error":{"name":404,"message":"Code not found"}}' });
        const wrong = yield* get(target);
        assert.deepStrictEqual([wrong.status, text(wrong)], [500, '{"error":{"name":500,"message":"maintenance"}}']);
        assert.strictEqual((yield* get(target)).headers["content-type"], "text/html");
        assert.deepStrictEqual([...(yield* get(target)).body], [0x5b, 0xff, 0xfe, 0x5d]);
        const hidden = yield* get(target);
        assert.deepStrictEqual([hidden.status, text(hidden)], [200, '{"error":{"name":404,"message":"Code not found"}}']);
        assert.match(text(yield* get(target)), /^\[\{"market":"KRW-BTC"/);
      }));

    test("breaks, tears, floods and hangs on demand", () =>
      Effect.gen(function* () {
        const target = "/v1/market/all";
        yield* Script.failRest("/v1/market", "reset");
        yield* Script.failRest("/v1/market", { body: '[{"market":"KRW-BTC"', cutAfter: 7 });
        yield* Script.failRest(({ path }) => path === target, { body: new Uint8Array(9 * 1024 * 1024).fill(32) });
        yield* Script.failRest(target, "hang");
        const failures = [];
        for (let i = 0; i < 4; i++) failures.push(yield* Effect.flip(get(target)));
        assert.deepStrictEqual(
          failures.map((failure) => [failure._tag, "phase" in failure ? failure.phase : "stage" in failure ? failure.stage : null]),
          [
            ["NetworkError", "headers"],
            ["NetworkError", "body"],
            ["DecodeError", "size"],
            ["TimeoutError", "headers"],
          ],
        );
        assert.strictEqual((yield* get(target)).status, 200);
      }));
  });

  describe(`${name}: socket`, () => {
    test("sends one snapshot for each known code, tickers and trades before books and candles, and is silent about others", () =>
      Effect.gen(function* () {
        yield* Script.halt;
        const codes = ["KRW-BTC", "krw-btc", "KRW-NOPE", "BTC-ATOM"];
        const types = ["orderbook", "ticker", "candle.1m", "trade"].map((type) => ({ type, codes }));
        const client = yield* subscribed(types, 8);
        const seen = client
          .messages()
          .map((message) => `${String(message["type"])} ${String(message["code"])} ${String(message["stream_type"])}`);
        assert.deepStrictEqual(seen.toSorted(), [
          "candle.1m BTC-ATOM SNAPSHOT",
          "candle.1m KRW-BTC SNAPSHOT",
          "orderbook BTC-ATOM SNAPSHOT",
          "orderbook KRW-BTC SNAPSHOT",
          "ticker BTC-ATOM SNAPSHOT",
          "ticker KRW-BTC SNAPSHOT",
          "trade BTC-ATOM SNAPSHOT",
          "trade KRW-BTC SNAPSHOT",
        ]);
        assert.isTrue(seen.slice(0, 4).every((line) => line.startsWith("t")));
        assert.isAtLeast(client.counts.reads, 1);
      }));

    test("sends a scripted trade over every stream of its market and shows it over REST", () =>
      Effect.gen(function* () {
        yield* Script.halt;
        const codes = ["KRW-SOL"];
        const client = yield* subscribed(
          [
            { type: "ticker", codes },
            { type: "trade", codes },
            { type: "orderbook", codes },
            { type: "candle.1s", codes },
          ],
          4,
        );
        const { id } = yield* Script.trade("KRW-SOL", { price: 250_000, size: "0.12345678", side: "ASK" });
        yield* client.until(() => client.frames.length >= 8);
        const live = client.messages().slice(4);
        assert.deepStrictEqual(live.map((message) => message["type"]).toSorted(), ["candle.1s", "orderbook", "ticker", "trade"]);
        assert.isTrue(live.every((message) => message["stream_type"] === "REALTIME"));
        const trade = live.find((message) => message["type"] === "trade");
        assert.deepStrictEqual([trade?.["trade_price"], trade?.["trade_volume"], trade?.["ask_bid"]], [250_000, 0.12345678, "ASK"]);
        assert.isTrue(client.frames.some((frame) => frame.includes(`"sequential_id":${id},`)));
        assert.isTrue(text(yield* get("/v1/trades/ticks?market=KRW-SOL")).includes(`"sequential_id":${id}}`));
        assert.include(text(yield* get("/v1/ticker?markets=KRW-SOL")), '"trade_price":250000.00000000');
        assert.include(text(yield* get("/v1/candles/seconds?market=KRW-SOL")), '"trade_price":250000.00000000');
        assert.include(text(yield* get("/v1/orderbook?markets=KRW-SOL&count=1")), '"bid_price":250000,');
      }));

    test("replaces the whole subscription with each request", () =>
      Effect.gen(function* () {
        yield* Script.halt;
        const client = yield* subscribed(
          [
            { type: "trade", codes: ["KRW-BTC"] },
            { type: "ticker", codes: ["KRW-BTC"] },
          ],
          2,
        );
        yield* client.send([ticket, { type: "trade", codes: ["KRW-ETH"] }]);
        yield* client.until(() => client.frames.length >= 3);
        yield* Script.trade("KRW-BTC", { price: 100_000_000 });
        yield* Script.trade("KRW-ETH", { price: 5_000_000 });
        yield* client.until(() => client.frames.length >= 4);
        assert.deepStrictEqual(
          client.messages().map((message) => message["code"]),
          ["KRW-BTC", "KRW-BTC", "KRW-ETH", "KRW-ETH"],
        );
        assert.strictEqual((yield* Exchange).ledger.frameCount("out"), 4);
      }));

    test("keeps sending what was and stays subscribed while a request replaces the subscription", () =>
      Effect.gen(function* () {
        yield* Script.halt;
        const client = yield* subscribed([{ type: "trade", codes: ["KRW-BTC"] }], 1);
        yield* client.send([ticket, { type: "trade", codes: ["KRW-BTC", "KRW-ETH"] }]);
        const { id } = yield* Script.trade("KRW-BTC", { price: 100_000_000 });
        yield* client.until(() => client.frames.length >= 4);
        assert.isTrue(client.frames.some((frame) => frame.includes(`"sequential_id":${id},`) && frame.includes("REALTIME")));
      }));

    test("obeys is_only_snapshot and is_only_realtime", () =>
      Effect.gen(function* () {
        yield* Script.halt;
        const client = yield* subscribed(
          [
            { type: "trade", codes: ["KRW-BTC"], is_only_snapshot: true },
            { type: "ticker", codes: ["KRW-BTC"], is_only_realtime: true },
          ],
          1,
        );
        yield* Script.trade("KRW-BTC", { price: 99_000_000 });
        yield* client.until(() => client.frames.length >= 2);
        assert.deepStrictEqual(
          client.messages().map((message) => [message["type"], message["stream_type"]]),
          [
            ["trade", "SNAPSHOT"],
            ["ticker", "REALTIME"],
          ],
        );
        assert.strictEqual((yield* Exchange).ledger.frameCount("out"), 2);
      }));

    for (const format of ["DEFAULT", "SIMPLE", "JSON_LIST", "SIMPLE_LIST"] as const) {
      test(`speaks ${format}`, () =>
        Effect.gen(function* () {
          yield* Script.halt;
          const client = yield* subscribed(
            [{ type: "trade", codes: ["KRW-BTC"] }, { type: "orderbook", codes: ["KRW-BTC.5"] }, { format }],
            2,
          );
          const [simple, list] = [format.startsWith("SIMPLE"), format.endsWith("LIST")];
          assert.isTrue(client.frames.every((frame) => frame.startsWith(list ? "[{" : "{")));
          assert.deepStrictEqual(
            client.messages().map((message) => message[simple ? "ty" : "type"]),
            ["trade", "orderbook"],
          );
          const units = client.messages()[1]![simple ? "obu" : "orderbook_units"];
          assert.strictEqual(Array.isArray(units) ? units.length : 0, 5);
          assert.match(client.frames[1]!, simple ? /"ap":\d{8,9},/ : /"ask_price":1\.\d+E8,/);
        }));
    }

    for (const [mistake, message, expected] of [
      ["text that is no JSON", "hello", "WRONG_FORMAT"],
      ["an object instead of an array", { ticket: "t" }, "WRONG_FORMAT"],
      ["no ticket", [{ type: "ticker", codes: ["KRW-BTC"] }], "NO_TICKET"],
      ["no type", [ticket, { codes: ["KRW-BTC"] }], "NO_TYPE"],
      ["no codes", [ticket, { type: "ticker" }], "NO_CODES"],
      ["an unknown type", [ticket, { type: "nope", codes: ["KRW-BTC"] }], "INVALID_PARAM"],
      ["a private type", [ticket, { type: "myOrder" }], "INVALID_AUTH"],
    ] as const) {
      test(`answers ${mistake} with ${expected} and closes with 1000`, () =>
        Effect.gen(function* () {
          const client = yield* open;
          yield* client.send(message);
          yield* client.until(() => client.closes.length > 0);
          assert.strictEqual(client.frames.length, 1);
          assert.match(client.frames[0]!, new RegExp(`"name":"${expected}"`));
          assert.strictEqual(client.closes[0]!.code, 1000);
        }));
    }

    test("lists subscriptions without replacing them, and takes over the format of the question", () =>
      Effect.gen(function* () {
        yield* Script.halt;
        const client = yield* subscribed(
          [
            { type: "trade", codes: ["KRW-BTC"] },
            { type: "orderbook", codes: ["KRW-BTC.15"] },
          ],
          2,
        );
        yield* client.send([{ ticket: "list" }, { method: "LIST_SUBSCRIPTIONS" }, { format: "SIMPLE" }]);
        yield* client.until(() => client.frames.length >= 3);
        assert.deepStrictEqual(client.messages()[2], {
          mthd: "LIST_SUBSCRIPTIONS",
          rslt: [
            { ty: "trade", cds: ["KRW-BTC"] },
            { ty: "orderbook", cds: ["KRW-BTC.15"], lv: 0 },
          ],
          tckt: "list",
        });
        yield* Script.trade("KRW-BTC", { price: 98_000_000 });
        yield* client.until(() => client.frames.length >= 5);
        assert.deepStrictEqual(
          client
            .messages()
            .slice(3)
            .map((message) => message["ty"])
            .toSorted(),
          ["orderbook", "trade"],
        );
      }));

    test("answers a text PING with a status and a protocol ping with a pong", () =>
      Effect.gen(function* () {
        const client = yield* open;
        yield* client.ping;
        yield* client.until(() => client.counts.pongs === 1);
        yield* client.send("PING");
        yield* client.until(() => client.frames.length >= 2);
        assert.deepStrictEqual(client.frames.slice(0, 2), ['{"status":"UP"}', '{"status":"UP"}']);
      }));

    test("answers a sixth message in a second with TOO_MANY_REQUEST", () =>
      Effect.gen(function* () {
        yield* Script.halt;
        const client = yield* open;
        for (let i = 0; i < 6; i++) yield* client.send([ticket, { type: "trade", codes: ["KRW-NOPE"] }]);
        yield* client.until(() => client.closes.length > 0);
        assert.match(client.frames.join(), /"name":"TOO_MANY_REQUEST"/);
        assert.strictEqual(client.closes[0]!.code, 1000);
      }));

    test("refuses the sixth connect of a second with 429", () =>
      Effect.gen(function* () {
        const results = [];
        for (let i = 0; i < 6; i++) results.push(yield* Effect.exit(open));
        const refused = results.filter(Exit.isFailure);
        assert.strictEqual(refused.length, 1);
        assert.match(String(refused[0]!.cause), /UpgradeRefused/);
        assert.strictEqual((yield* Exchange).openSockets, 5);
      }).pipe(Effect.scoped));

    test("drops every socket when it is cut and refuses new ones with 503 for as long as it is told", () =>
      Effect.gen(function* () {
        const clients = [yield* open, yield* open];
        yield* Script.refuseUpgrades("1 hour");
        yield* Script.cutSockets;
        for (const client of clients) {
          yield* client.until(() => client.closes.length > 0);
          assert.strictEqual(client.closes[0]!.code, 1006);
        }
        const refused = yield* Effect.flip(open);
        assert.strictEqual(refused._tag === "UpgradeRefused" ? refused.status : 0, 503);
        yield* Script.refuseUpgrades(0);
        yield* open;
      }));

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

    test("falls silent on demand while the connection stays", () =>
      Effect.gen(function* () {
        yield* Script.halt;
        const client = yield* subscribed([{ type: "trade", codes: ["KRW-BTC"] }], 1);
        yield* Script.silenceSockets("1 hour");
        yield* client.ping;
        yield* Script.trade("KRW-BTC", { price: 97_000_000 });
        const { ledger } = yield* Exchange;
        yield* client.until(() => ledger.frameCount("in", "ping") === 1);
        yield* get("/v1/market/all"); // something that surely comes after what would have been sent
        assert.deepStrictEqual([client.frames.length, client.counts.pongs, client.closes.length], [1, 0, 0]);
      }));
  });
};
