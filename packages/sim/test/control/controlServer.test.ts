import * as http from "node:http";
import * as net from "node:net";
import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer } from "effect";
import { WebSocket } from "ws";
import { ControlServer, layerControlServer } from "../../src/control/ControlServer.ts";
import { endpoints } from "../../src/control/endpoints.ts";
import { Exchange } from "../../src/Exchange.ts";
import { FaultProxy, layerBeforeServer } from "../../src/proxy/FaultProxy.ts";
import { layerLoopbackServer, LoopbackServer } from "../../src/server/LoopbackServer.ts";

const exchange = layerLoopbackServer().pipe(Layer.provideMerge(Exchange.layer({ seed: 3 })));
const proxied = layerBeforeServer().pipe(Layer.provideMerge(exchange));
const controlled = layerControlServer().pipe(Layer.provideMerge(proxied));
const withoutProxy = layerControlServer().pipe(Layer.provideMerge(exchange));

interface Answered {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- documents are looked into, not used
  readonly json: any;
}

/** One request to the control port, with any headers. */
const ask = (method: string, path: string, body?: unknown, headers: http.OutgoingHttpHeaders = {}) =>
  Effect.flatMap(ControlServer, ({ port }) =>
    Effect.callback<Answered>((resume) => {
      const request = http.request({ port, host: "127.0.0.1", method, path, headers, agent: false }, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (text += chunk));
        response.on("end", () => {
          const json = text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : undefined;
          resume(Effect.succeed({ status: response.statusCode ?? 0, headers: response.headers, text, json }));
        });
      });
      request.on("error", (error) => resume(Effect.die(error)));
      request.end(body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body));
    }),
  );

/** What the exchange itself answers. */
const rest = (target: string) =>
  Effect.flatMap(LoopbackServer, ({ url }) =>
    Effect.callback<{ readonly status: number; readonly body: string } | { readonly code: string | undefined }>((resume) => {
      http
        .get(`${url}${target}`, { agent: false, headers: { authorization: "Bearer not-for-the-ledger" } }, (response) => {
          let body = "";
          response.on("data", (chunk) => (body += String(chunk)));
          response.on("end", () => resume(Effect.succeed({ status: response.statusCode ?? 0, body })));
        })
        .on("error", (error: NodeJS.ErrnoException) => resume(Effect.succeed({ code: error.code })));
    }),
  );

/** A socket that has subscribed and heard something. */
const listening = (code: string) =>
  Effect.flatMap(LoopbackServer, ({ socketUrl }) =>
    Effect.acquireRelease(
      Effect.callback<WebSocket>((resume) => {
        const client = new WebSocket(socketUrl);
        client.on("open", () => client.send(JSON.stringify([{ ticket: "t" }, { type: "trade", codes: [code] }])));
        client.once("message", () => resume(Effect.succeed(client)));
      }),
      (client) => Effect.sync(() => client.terminate()),
    ),
  );

describe("the control port shows", () => {
  it.live("the exchange as it is: seed, time, sockets with what they listen to, limits", () =>
    Effect.gen(function* () {
      yield* listening("KRW-BTC");
      const { json, status, headers } = yield* ask("GET", "/_sim/state");
      assert.strictEqual(status, 200);
      assert.match(String(headers["content-type"]), /json/);
      assert.strictEqual(json.seed, 3);
      assert.strictEqual(json.speed, 1);
      assert.strictEqual(json.now, new Date(json.nowMs).toISOString());
      assert.deepStrictEqual(
        json.sockets.map(({ connection, subscriptions }: Answered["json"]) => [connection, subscriptions]),
        [[1, [{ type: "trade", codes: ["KRW-BTC"] }]]],
      );
      assert.strictEqual(json.limits.perWindow, 10);
      assert.deepStrictEqual([json.bans, json.faults], [[], []]);
      assert.strictEqual(json.ledger.counters["connection"], 1);
    }).pipe(Effect.scoped, Effect.provide(controlled)),
  );

  it.live("each page of the ledger once, to a client that follows it", () =>
    Effect.gen(function* () {
      yield* ask("POST", "/_sim/script", { word: "halt" });
      yield* listening("KRW-DOGE");
      const prices = Array.from({ length: 7 }, (_, i) => 100 + i);
      yield* ask("POST", "/_sim/script", { word: "path", market: "KRW-DOGE", prices });
      const seen: Array<string> = [];
      let since = 0;
      while (seen.length < 8) {
        const { json } = yield* ask("GET", `/_sim/ledger/trades?since=${since}&limit=3`);
        assert.isAtMost(json.entries.length, 3);
        assert.strictEqual(json.missed, 0);
        for (const { stream, price } of json.entries) seen.push(stream === "REALTIME" ? price : stream);
        since = json.next;
      }
      assert.deepStrictEqual(seen, ["SNAPSHOT", ...prices.map(String)]);
      const { json } = yield* ask("GET", "/_sim/ledger/trades?market=KRW-BTC");
      assert.deepStrictEqual(json.entries, []);
    }).pipe(Effect.scoped, Effect.provide(controlled)),
  );

  it.live("every request with its headers and verdict, frames, connections and tickers by name", () =>
    Effect.gen(function* () {
      yield* rest("/v1/ticker?markets=KRW-BTC");
      yield* listening("KRW-BTC");
      const requests = (yield* ask("GET", "/_sim/ledger/requests?market=krw-btc")).json.entries;
      assert.strictEqual(requests.length, 1);
      assert.deepInclude(requests[0], { target: "/v1/ticker?markets=KRW-BTC", verdict: "accepted", status: 200 });
      assert.match(requests[0].headers.host, /^127\.0\.0\.1/);
      assert.strictEqual(requests[0].headers.authorization, "hidden");
      assert.strictEqual((yield* ask("GET", "/_sim/ledger/connections")).json.entries[0].event, "opened");
      assert.isAbove((yield* ask("GET", "/_sim/ledger/frames")).json.entries.length, 1);
      for (const kind of ["tickers", "candles", "orderbooks", "faults"])
        assert.deepStrictEqual((yield* ask("GET", `/_sim/ledger/${kind}`)).json.entries, []);
    }).pipe(Effect.scoped, Effect.provide(controlled)),
  );

  it.live("every verb with its parameters, the proxy's too", () =>
    Effect.gen(function* () {
      const { json } = yield* ask("GET", "/_sim/verbs");
      const named = json.map(({ verb, doors }: Answered["json"]) => `${verb} ${doors.join()}`);
      assert.include(named, "hang memory,loopback");
      assert.strictEqual(named.filter((name: string) => name === "latency proxy").length, 1);
      assert.isTrue(json.every(({ about, parameters }: Answered["json"]) => about !== "" && Array.isArray(parameters)));
      const { json: list } = yield* ask("GET", "/_sim");
      assert.strictEqual(list.length, endpoints.length);
    }).pipe(Effect.provide(controlled)),
  );
});

describe("the control port does", () => {
  it.live("faults: on, listed, seen by a client, written down, off", () =>
    Effect.gen(function* () {
      const on = yield* ask("POST", "/_sim/faults", { verb: "server-error", path: "/v1/ticker" });
      assert.strictEqual(on.status, 200, on.text);
      assert.deepInclude((yield* ask("GET", "/_sim/faults")).json[0], { id: on.json.id, door: "exchange" });
      const broken = yield* rest("/v1/ticker?markets=KRW-BTC");
      assert.isTrue("status" in broken && broken.status >= 500);
      assert.strictEqual((yield* ask("DELETE", `/_sim/faults/${on.json.id}`)).json.off, 1);
      assert.deepInclude(yield* rest("/v1/ticker?markets=KRW-BTC"), { status: 200 });
      const events = (yield* ask("GET", "/_sim/ledger/faults")).json.entries.map(({ event, verb }: Answered["json"]) => [event, verb]);
      assert.deepStrictEqual(events, [
        ["on", "server-error"],
        ["happened", "server-error"],
        ["off", "server-error"],
      ]);
    }).pipe(Effect.provide(controlled)),
  );

  it.live("faults written as the words of a command line, and by the name of their verb", () =>
    Effect.gen(function* () {
      yield* ask("POST", "/_sim/faults", { verb: "reset", pairs: ["path=/v1/ticker", "times=5"] });
      yield* ask("POST", "/_sim/faults", { verb: "reset", pairs: ["path=/v1/market"] });
      assert.deepStrictEqual(yield* rest("/v1/ticker?markets=KRW-BTC"), { code: "ECONNRESET" });
      assert.strictEqual((yield* ask("DELETE", "/_sim/faults/reset")).json.off, 2);
      assert.deepInclude(yield* rest("/v1/market/all"), { status: 200 });
    }).pipe(Effect.provide(controlled)),
  );

  it.live("faults of the proxy, where there is one", () =>
    Effect.gen(function* () {
      const on = yield* ask("POST", "/_sim/faults", { verb: "down" });
      assert.deepInclude(on.json, { id: "p1", door: "proxy" });
      const { port } = yield* FaultProxy;
      const code = yield* Effect.callback<string>((resume) => {
        net.connect(port, "127.0.0.1").on("error", (error: NodeJS.ErrnoException) => resume(Effect.succeed(error.code ?? "")));
      });
      assert.strictEqual(code, "ECONNREFUSED");
      const both = yield* ask("POST", "/_sim/faults", { verb: "half_open", door: "proxy" });
      assert.strictEqual(both.json.door, "proxy");
      assert.strictEqual((yield* ask("POST", "/_sim/faults", { verb: "half-open" })).json.door, "exchange");
      assert.strictEqual((yield* ask("DELETE", "/_sim/faults/p1")).json.off, 1);
      assert.strictEqual((yield* ask("DELETE", "/_sim/faults")).json.off, 2);
      assert.deepStrictEqual((yield* ask("GET", "/_sim/faults")).json, []);
    }).pipe(Effect.provide(controlled)),
  );

  it.live("faults whose verb is spelt with the other dash", () =>
    Effect.gen(function* () {
      const on = yield* ask("POST", "/_sim/faults", { verb: "server_error", status: 502, path: "/v1/market" });
      assert.deepInclude(on.json.fault, { verb: "server-error", status: 502, path: "/v1/market" });
      assert.deepInclude((yield* ask("POST", "/_sim/faults", { verb: "reset-peer", timeoutMs: 7 })).json, {
        id: "p1",
        fault: { verb: "reset_peer", timeoutMs: 7, direction: "up", toxicity: 1 },
      });
      assert.strictEqual((yield* ask("DELETE", "/_sim/faults/reset-peer")).json.off, 1);
      assert.strictEqual((yield* ask("DELETE", "/_sim/faults/server_error")).json.off, 1);
    }).pipe(Effect.provide(controlled)),
  );

  it.live("not what needs a proxy that is not there", () =>
    Effect.gen(function* () {
      const { status, json } = yield* ask("POST", "/_sim/faults", { verb: "latency", latencyMs: 5 });
      assert.strictEqual(status, 409);
      assert.match(json.error.message, /start with --proxy-port/);
    }).pipe(Effect.provide(withoutProxy)),
  );

  it.live("scripted trades, halts, bans, and a reset that ends what was begun", () =>
    Effect.gen(function* () {
      yield* ask("POST", "/_sim/script", { word: "halt" });
      const traded = yield* ask("POST", "/_sim/script", { word: "trade", market: "KRW-DOGE", price: "123", side: "ASK" });
      assert.match(traded.json.trades[0].id, /^\d{17}$/);
      const ticker = yield* rest("/v1/ticker?markets=KRW-DOGE");
      assert.isTrue("body" in ticker && JSON.parse(ticker.body)[0].trade_price === 123);
      assert.deepStrictEqual((yield* ask("POST", "/_sim/script", { word: "ban", ip: "127.0.0.1", forMs: 60_000 })).json, { done: true });
      assert.deepInclude(yield* rest("/v1/market/all"), { status: 418 });
      assert.isTrue((yield* ask("GET", "/_sim/state")).json.halted);
      assert.strictEqual((yield* ask("POST", "/_sim/reset")).status, 200);
      assert.deepInclude(yield* rest("/v1/market/all"), { status: 200 });
      assert.deepInclude((yield* ask("GET", "/_sim/state")).json, { halted: false, bans: [], faults: [] });
    }).pipe(Effect.provide(controlled)),
  );

  it.live("listings, delistings and maintenance", () =>
    Effect.gen(function* () {
      const say = (body: unknown) => Effect.map(ask("POST", "/_sim/script", body), ({ status }) => status);
      assert.strictEqual(yield* say({ word: "list", market: "KRW-NEW" }), 200);
      assert.deepInclude(yield* rest("/v1/trades/ticks?market=KRW-NEW"), { status: 200 });
      assert.strictEqual(yield* say({ word: "list", market: "KRW-NEW" }), 400);
      assert.strictEqual(yield* say({ word: "delist", market: "KRW-NEW" }), 200);
      assert.deepInclude(yield* rest("/v1/trades/ticks?market=KRW-NEW"), { status: 404 });
      assert.strictEqual(yield* say({ word: "maintenance", forMs: 60_000 }), 200);
      assert.deepInclude(yield* rest("/v1/market/all"), { status: 500 });
    }).pipe(Effect.provide(controlled)),
  );

  it.live("cuts of sockets and refusals of new ones", () =>
    Effect.gen(function* () {
      const client = yield* listening("KRW-BTC");
      const closed = Effect.callback<number>((resume) => void client.on("close", (code) => resume(Effect.succeed(code))));
      yield* ask("POST", "/_sim/script", { word: "refuse-upgrades", forMs: 60_000 });
      const [code] = yield* Effect.all([closed, ask("POST", "/_sim/script", { word: "cut-sockets" })], { concurrency: "unbounded" });
      assert.strictEqual(code, 1006);
      const { socketUrl } = yield* LoopbackServer;
      const status = yield* Effect.callback<number | undefined>((resume) => {
        new WebSocket(socketUrl).on("unexpected-response", (_, response) => resume(Effect.succeed(response.statusCode)));
      });
      assert.strictEqual(status, 503);
    }).pipe(Effect.scoped, Effect.provide(controlled)),
  );

  it.live("time: it stops, moves on by command, and runs faster", () =>
    Effect.gen(function* () {
      const paused = yield* ask("POST", "/_sim/time", { pause: true });
      assert.deepInclude(paused.json, { paused: true, speed: 1 });
      const later = yield* ask("POST", "/_sim/time", { advanceMs: 3_600_000, speed: 100 });
      assert.deepStrictEqual(later.json, { nowMs: paused.json.nowMs + 3_600_000, speed: 100, paused: true });
      assert.strictEqual((yield* ask("GET", "/_sim/state")).json.nowMs, later.json.nowMs);
      assert.deepInclude((yield* ask("POST", "/_sim/time", { resume: true })).json, { paused: false });
    }).pipe(Effect.provide(controlled)),
  );
});

describe("the control port refuses", () => {
  const refused: ReadonlyArray<readonly [method: string, path: string, body: unknown, status: number, field: string | null]> = [
    ["GET", "/", undefined, 404, null],
    ["GET", "/v1/ticker", undefined, 404, null],
    ["GET", "//", undefined, 400, "path"],
    ["GET", "/_sim/ledger/prices", undefined, 404, null],
    ["GET", "/_sim/ledger/trades/more", undefined, 404, null],
    ["DELETE", "/_sim/faults/99", undefined, 404, null],
    ["DELETE", "/_sim/state", undefined, 405, null],
    ["GET", "/_sim/reset", undefined, 405, null],
    ["OPTIONS", "/_sim/faults", undefined, 405, null],
    ["GET", "/_sim/ledger/trades?since=soon", undefined, 400, "since"],
    ["GET", "/_sim/ledger/trades?limit=0", undefined, 400, "limit"],
    ["GET", "/_sim/ledger/trades?limit=1001", undefined, 400, "limit"],
    ["GET", "/_sim/ledger/trades?makret=KRW-BTC", undefined, 400, "makret"],
    ["DELETE", "/_sim/faults/%E0%A4%A", undefined, 400, "path"],
    ["POST", "/_sim/faults", "{", 400, "body"],
    ["POST", "/_sim/faults", [], 400, "body"],
    ["POST", "/_sim/faults", {}, 400, "verb"],
    ["POST", "/_sim/faults", { verb: "hnag" }, 400, "verb"],
    ["POST", "/_sim/faults", { verb: "dns-failure" }, 409, "verb"],
    ["POST", "/_sim/faults", { verb: "hang", door: "proxy" }, 400, "door"],
    ["POST", "/_sim/faults", { verb: "latency", door: "exchange" }, 400, "door"],
    ["POST", "/_sim/faults", { verb: "server_error", colour: "red" }, 400, "colour"],
    ["POST", "/_sim/faults", { verb: "server-error", status: "many" }, 400, "status"],
    ["POST", "/_sim/faults", { verb: "hang", colour: "red" }, 400, "colour"],
    ["POST", "/_sim/faults", { verb: "latency", latencyMs: "long" }, 400, "latencyMs"],
    ["POST", "/_sim/faults", { verb: "hang", pairs: ["times=often"] }, 400, "pairs"],
    ["POST", "/_sim/faults", { verb: "hang", times: 1, pairs: [] }, 400, "pairs"],
    ["POST", "/_sim/time", {}, 400, "body"],
    ["POST", "/_sim/time", { speed: 0 }, 400, "speed"],
    ["POST", "/_sim/time", { pause: true, resume: true }, 400, "resume"],
    ["POST", "/_sim/time", { advanceMs: -1 }, 400, "advanceMs"],
    ["POST", "/_sim/time", { faster: true }, 400, "faster"],
    ["POST", "/_sim/script", {}, 400, "word"],
    ["POST", "/_sim/script", { word: "toString" }, 400, "word"],
    ["POST", "/_sim/script", { word: "trade", market: "KRW-BTC" }, 400, "price"],
    ["POST", "/_sim/script", { word: "trade", market: "KRW-NOPE", price: 1 }, 400, "market"],
    ["POST", "/_sim/script", { word: "trade", market: "KRW-BTC", price: -1 }, 400, "price"],
    ["POST", "/_sim/script", { word: "path", market: "KRW-BTC", prices: [] }, 400, "prices"],
    ["POST", "/_sim/script", { word: "ban", ip: "127.0.0.1", forMs: 0 }, 400, "forMs"],
    ["POST", "/_sim/script", " ".repeat(70_000), 413, "body"],
  ];
  for (const [method, path, body, status, field] of refused) {
    it.live(`${method} ${path.slice(0, 60)} ${JSON.stringify(body)?.slice(0, 60) ?? "without a body"}: ${status}`, () =>
      Effect.gen(function* () {
        const answered = yield* ask(method, path, body);
        assert.strictEqual(answered.status, status, answered.text);
        assert.deepStrictEqual([answered.json.error.status, answered.json.error.field], [status, field], answered.text);
        assert.isString(answered.json.error.message);
      }).pipe(Effect.provide(controlled)),
    );
  }

  it.live("a web page: an Origin, another site, a name that is not this machine's", () =>
    Effect.gen(function* () {
      const { port } = yield* ControlServer;
      const status = (headers: http.OutgoingHttpHeaders) => Effect.map(ask("GET", "/_sim/state", undefined, headers), (one) => one.status);
      assert.strictEqual(yield* status({ origin: "http://example.com" }), 403);
      assert.strictEqual(yield* status({ origin: "null" }), 403);
      assert.strictEqual(yield* status({ origin: `http://127.0.0.1:${port}` }), 403);
      assert.strictEqual(yield* status({ "sec-fetch-site": "cross-site" }), 403);
      for (const host of ["example.com", `evil.example:${port}`, "127.0.0.1.example.com", "localhost.example.com"])
        assert.strictEqual(yield* status({ host }), 403, host);
      for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, "[::1]"]) assert.strictEqual(yield* status({ host }), 200, host);
    }).pipe(Effect.provide(controlled)),
  );

  it.live("to be found on the exchange's own port", () =>
    Effect.gen(function* () {
      for (const { path } of endpoints) assert.deepInclude(yield* rest(path), { status: 404 });
    }).pipe(Effect.provide(controlled)),
  );
});
