/** What the checklist says about REST limits: the header, the window, the escalation to a block, and the rule about `Origin`. */
import { assert, describe } from "@effect/vitest";
import { Transport } from "@naru/router/transport/Transport";
import { Clock, Effect } from "effect";
import { Exchange, SpeedClock } from "../../src/index.ts";
import { Addresses, type Suite, textOf } from "./door.ts";

export const restLimits = ({ name, test, testWith, get, settle, fetch, handshake }: Suite): void => {
  /** So many requests at once; their statuses in order. */
  const burst = (target: string, count: number) =>
    settle(
      Effect.flatMap(Effect.all([Transport, Addresses]), ([transport, { rest }]) =>
        Effect.forEach(Array.from({ length: count }), () => transport.rest({ url: rest + target, headers: {} }), {
          concurrency: "unbounded",
        }),
      ),
    );
  const statuses = (target: string, count: number) =>
    Effect.map(burst(target, count), (answers) => answers.map((answer) => answer.status).toSorted());
  const times = (status: number, count: number) => Array.from({ length: count }, () => status);

  describe(`${name}: limits`, () => {
    test("names the group on the wire and what is left of it, on every routed answer (§8 REST: header)", () =>
      Effect.gen(function* () {
        for (const [target, group] of [
          ["/v1/market/all", "market; min=600; sec=9"],
          ["/v1/ticker?markets=KRW-DOT", "ticker; min=600; sec=9"],
          ["/v1/ticker/all?quote_currencies=BTC", "ticker; min=600; sec=8"],
          ["/v1/orderbook?markets=KRW-DOT", "orderbook; min=600; sec=9"],
          ["/v1/orderbook/instruments?markets=KRW-DOT", "orderbook; min=600; sec=8"],
          ["/v1/orderbook/supported_levels?markets=KRW-DOT", "orderbook; min=600; sec=7"],
          ["/v1/trades/ticks?market=KRW-DOT", "crix-trades; min=600; sec=9"],
          ["/v1/candles/minutes/1?market=KRW-DOT", "candles; min=600; sec=9"],
          ["/v1/candles/days?market=KRW-NOPE", "candles; min=600; sec=8"],
        ] as const) {
          const { headers } = yield* get(target);
          // Over real sockets a second may pass in between; the group never changes.
          assert.strictEqual(headers["remaining-req"]?.split(";")[0], `group=${group.split(";")[0]}`);
          assert.match(headers["remaining-req"] ?? "", /; min=600; sec=[789]$/);
          assert.strictEqual(headers["limit-by-ip"], "Yes");
        }
      }));

    test("refuses the eleventh request of a second and says nothing of it to other groups (§8 REST: limit)", () =>
      Effect.gen(function* () {
        const exchange = yield* Exchange;
        // The exchange's time stands still, so that all of them arrive within a second however busy the machine is.
        const clock = new SpeedClock(yield* Clock.Clock, Effect.runFork);
        clock.pause();
        exchange.keepTime(clock);
        const answers = yield* burst("/v1/market/all", 11);
        assert.deepStrictEqual(answers.map((answer) => answer.status).toSorted(), [...times(200, 10), 429]);
        const refused = answers.find((answer) => answer.status === 429)!;
        assert.strictEqual(textOf(refused), "Too many API requests.");
        assert.match(refused.headers["content-type"] ?? "", /^text\/plain/);
        assert.strictEqual(refused.headers["remaining-req"], "group=market; min=600; sec=0");
        assert.strictEqual((yield* get("/v1/ticker?markets=KRW-BTC")).status, 200);
        assert.strictEqual(exchange.ledger.maxInWindow("market", 1_000), 10);
        assert.strictEqual(exchange.ledger.rejected, 1);
      }));

    testWith({ limits: { limitedBody: "json", windowMs: 60_000 } }, "says so as JSON when it is told to (§3.5)", () =>
      Effect.gen(function* () {
        const refused = (yield* burst("/v1/market/all", 11)).find((answer) => answer.status === 429)!;
        assert.strictEqual(textOf(refused), '{"error":{"name":"too_many_requests","message":"Too many API requests."}}');
        assert.match(refused.headers["content-type"] ?? "", /^application\/json/);
      }),
    );

    testWith({ limits: { windowMs: 60_000, banAfter: 3 } }, "blocks an address that goes on with 418 for a set time (§8 REST: block)", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* statuses("/v1/market/all", 14), [...times(200, 10), 418, ...times(429, 3)]);
        const banned = yield* get("/v1/ticker?markets=KRW-BTC");
        assert.strictEqual(banned.status, 418);
        assert.match(textOf(banned), /^Too many API requests\. Blocked for (?:60|59) seconds\.$/);
        assert.strictEqual((yield* handshake({})).status, 418);
      }),
    );

    testWith(
      { limits: { windowMs: 60_000, errorsConsume: false } },
      "lets refused queries pass without counting them when it is told to (§7)",
      () =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* statuses("/v1/ticker?markets=KRW-NOPE", 20), times(404, 20));
          assert.strictEqual((yield* get("/v1/ticker?markets=KRW-NOPE")).headers["remaining-req"], "group=ticker; min=600; sec=10");
          assert.strictEqual((yield* get("/v1/ticker?markets=KRW-BTC")).headers["remaining-req"], "group=ticker; min=600; sec=9");
        }),
    );

    testWith({ limits: { windowMs: 60_000 } }, "counts refused queries like any other (§7)", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* statuses("/v1/ticker?markets=KRW-NOPE", 12), [...times(404, 10), 429, 429]);
      }),
    );

    test("lets one request with an Origin through in ten seconds, over REST and sockets together (§8 REST: Origin)", () =>
      Effect.gen(function* () {
        const origin = { origin: "https://example.com" };
        const first = yield* fetch("/v1/market/all", origin);
        assert.deepStrictEqual([first.status, first.headers["remaining-req"]], [200, "group=origin; min=6; sec=0"]);
        const second = yield* fetch("/v1/ticker?markets=KRW-BTC", origin);
        assert.deepStrictEqual([second.status, second.headers["remaining-req"]], [429, "group=origin; min=6; sec=0"]);
        assert.strictEqual((yield* handshake(origin)).status, 429);
        assert.strictEqual((yield* fetch("/v1/ticker?markets=KRW-BTC", {})).status, 200);
      }));
  });
};
