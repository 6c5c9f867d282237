import { assert, describe, it } from "@effect/vitest";
import { type Fault, type FaultEntry, FaultSet, ExchangeModel } from "../../src/index.ts";

/** How the moments 0…n-1 fare under one fault. */
const moments = (fault: Fault, n: number, seed = 1): string => {
  const set = new FaultSet(seed);
  set.on(fault, 0);
  return Array.from({ length: n }, (_, ms) => (happens(set, ms, "here") ? "x" : ".")).join("");
};

/** Whether a ping without its pong happens now. */
const happens = (set: FaultSet, ms: number, on: string): boolean =>
  set.having("ignoresPing").some(
    (active) =>
      set.fire(
        active,
        ms,
        () => on,
        () => true,
      ) === true,
  );

describe("a fault that is on", () => {
  it("happens every time, or so often, or each nth time, or within its time", () => {
    assert.strictEqual(moments({ verb: "no-pong" }, 8), "xxxxxxxx");
    assert.strictEqual(moments({ verb: "no-pong", times: 3 }, 8), "xxx.....");
    assert.strictEqual(moments({ verb: "no-pong", every: 3 }, 8), "..x..x..");
    assert.strictEqual(moments({ verb: "no-pong", every: 2, times: 2 }, 8), ".x.x....");
    assert.strictEqual(moments({ verb: "no-pong", afterMs: 2, forMs: 3 }, 8), "..xxx...");
    assert.strictEqual(moments({ verb: "no-pong", probability: 0 }, 8), "........");
  });

  it("happens by a chance that the seed decides", () => {
    const half: Fault = { verb: "no-pong", probability: 0.5 };
    const seen = moments(half, 1_000);
    assert.strictEqual(moments(half, 1_000), seen);
    assert.notStrictEqual(moments(half, 1_000, 2), seen);
    assert.closeTo(seen.split("x").length / 1_000, 0.5, 0.06);
  });

  it("is listed as JSON with its defaults and how often it happened, until it is switched off by id or by verb", () => {
    const set = new FaultSet(1);
    const ids = [
      set.on({ verb: "close-unanswered" }, 5),
      set.on({ verb: "no-pong", afterMs: 10, forMs: 20 }, 5),
      set.on({ verb: "no-pong" }, 5),
    ];
    assert.deepStrictEqual(ids, [1, 2, 3]);
    happens(set, 16, "here");
    const listed = JSON.parse(JSON.stringify(set.list()));
    assert.deepInclude(listed[1], { id: 2, fromMs: 15, untilMs: 35, fired: 1 });
    assert.deepInclude(listed[2], { id: 3, fromMs: 5, untilMs: null, fired: 0 });
    assert.deepInclude(listed[1].fault, { verb: "no-pong", every: 1, probability: 1 });
    assert.deepStrictEqual(
      set.list(35).map(({ id }) => id),
      [1, 3],
    );
    assert.deepStrictEqual([set.off(1), set.off(1), set.off("no-pong"), set.off("no-pong")], [1, 0, 2, 0]);
    assert.deepStrictEqual(set.list(), []);
  });

  it("is one of at most a thousand; those whose time is over make room", () => {
    const set = new FaultSet(1);
    for (let i = 0; i < 1_000; i++) set.on({ verb: "no-pong", forMs: 10 }, 0);
    assert.throws(() => set.on({ verb: "no-pong" }, 9), /more than 1000 faults are on/);
    set.on({ verb: "no-pong" }, 10);
    assert.strictEqual(set.list().length, 1);
    set.clear();
    assert.strictEqual(set.list().length, 0);
  });

  it("cannot be switched on with a parameter out of range", () => {
    assert.throws(() => new FaultSet(1).on({ verb: "slow-headers", delayMs: -1 }, 0), /delayMs/);
  });

  it("tells the witness of each time: when, which, on what", () => {
    const seen: Array<FaultEntry> = [];
    const set = new FaultSet(1, (entry) => seen.push(entry));
    set.on({ verb: "no-pong", every: 2 }, 0);
    for (let ms = 0; ms < 4; ms++) happens(set, ms, `bytes ${ms}`);
    assert.deepStrictEqual(seen, [
      { atMs: 1, id: 1, verb: "no-pong", on: "bytes 1" },
      { atMs: 3, id: 1, verb: "no-pong", on: "bytes 3" },
    ]);
  });
});

describe("the reach of a fault", () => {
  const nowMs = Date.UTC(2026, 0, 5, 3);
  const statusOf = (exchange: ExchangeModel, target: string, door: "memory" | "loopback" = "memory"): number | string => {
    const outcome = exchange.handleRest({ method: "GET", target, headers: {}, ip: target, door }, nowMs);
    return outcome._tag === "Response" ? outcome.status : outcome._tag;
  };
  const statuses = (fault: Fault, ...targets: ReadonlyArray<string>) => {
    const exchange = new ExchangeModel();
    exchange.faults.on(fault, nowMs);
    return targets.map((target) => statusOf(exchange, target));
  };

  it("is a path and everything below it", () => {
    const targets = ["/v1/ticker?markets=KRW-BTC", "/v1/ticker/all?quote_currencies=KRW", "/v1/tickers", "/v1/orderbook?markets=KRW-BTC"];
    assert.deepStrictEqual(statuses({ verb: "server-error", path: "/v1/ticker" }, ...targets), [503, 503, 404, 200]);
    assert.deepStrictEqual(statuses({ verb: "server-error", path: "/v1/" }, ...targets), [503, 503, 503, 503]);
  });

  it("is the requests that name a market", () => {
    assert.deepStrictEqual(
      statuses(
        { verb: "server-error", market: "KRW-BTC" },
        "/v1/ticker?markets=KRW-ETH,krw-btc",
        "/v1/trades/ticks?market=KRW-BTC",
        "/v1/ticker?markets=KRW-ETH",
        "/v1/market/all",
      ),
      [503, 503, 200, 200],
    );
  });

  it("is the rows of a market among others", () => {
    const exchange = new ExchangeModel();
    exchange.faults.on({ verb: "nonsense-price", market: "KRW-BTC" }, nowMs);
    const outcome = exchange.handleRest({ method: "GET", target: "/v1/ticker?markets=KRW-BTC,KRW-ETH", headers: {}, ip: "a" }, nowMs);
    const text = outcome._tag === "Response" ? new TextDecoder().decode(outcome.body) : "";
    assert.deepStrictEqual(text.match(/"trade_price":0\.0,/g)?.length, 1);
    assert.match(text, /"KRW-BTC".*"trade_price":0\.0,.*"KRW-ETH"/);
  });

  it("is the doors that can show it", () => {
    const exchange = new ExchangeModel();
    exchange.faults.on({ verb: "connect-refused" }, nowMs);
    assert.strictEqual(statusOf(exchange, "/v1/market/all", "loopback"), 200);
    assert.strictEqual(statusOf(exchange, "/v1/market/all"), "ConnectFailed");
    assert.strictEqual(exchange.ledger.faultCount("connect-refused"), 1);
  });
});

describe("faults together", () => {
  const nowMs = Date.UTC(2026, 0, 5, 3);

  it("that change records and headers do both at once", () => {
    const exchange = new ExchangeModel();
    exchange.faults.on({ verb: "clock-skew", aheadMs: 3_600_000, times: 1 }, nowMs);
    const outcome = exchange.handleRest({ method: "GET", target: "/v1/ticker?markets=KRW-BTC", headers: {}, ip: "a" }, nowMs);
    assert.deepInclude(outcome._tag === "Response" ? outcome.headers : {}, { date: "Mon, 05 Jan 2026 04:00:00 GMT" });
    assert.include(outcome._tag === "Response" ? new TextDecoder().decode(outcome.body) : "", `"timestamp":${nowMs + 3_600_000}`);
    assert.deepStrictEqual([exchange.ledger.faultCount("clock-skew"), exchange.faults.list()], [1, []]);
  });

  it("act on answers of any size", () => {
    const exchange = new ExchangeModel();
    exchange.faults.on({ verb: "huge-body" }, nowMs);
    exchange.faults.on({ verb: "invalid-utf8" }, nowMs);
    const outcome = exchange.handleRest({ method: "GET", target: "/v1/market/all", headers: {}, ip: "a" }, nowMs);
    const body = outcome._tag === "Response" ? outcome.body : new Uint8Array();
    assert.deepStrictEqual([body.length, body.indexOf(0xff)], [9 * 1024 * 1024 + 1, 3]);
  });

  it("act one after another on an answer; the one that was first gives it", () => {
    const exchange = new ExchangeModel();
    exchange.faults.on({ verb: "slow-headers", delayMs: 70 }, nowMs);
    exchange.faults.on({ verb: "server-error", status: 502 }, nowMs);
    exchange.faults.on({ verb: "server-error", status: 504 }, nowMs);
    const outcome = exchange.handleRest({ method: "GET", target: "/v1/market/all", headers: {}, ip: "a" }, nowMs);
    assert.deepInclude(outcome, { _tag: "Response", status: 502, delivery: { headersDelayMs: 70 } });
    assert.deepStrictEqual(
      exchange.ledger.faults().map(({ verb }) => verb),
      ["server-error", "slow-headers"],
    );
    assert.deepStrictEqual(
      exchange.ledger.requests().map(({ verdict, status }) => [verdict, status]),
      [["fault", 502]],
    );
  });
});
