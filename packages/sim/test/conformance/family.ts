/** The two last lines of the checklist: the region switch and Bithumb. Every difference by itself is in the tests of the profiles. */
import { assert, describe } from "@effect/vitest";
import { Effect } from "effect";
import { Script } from "../../src/index.ts";
import { type Suite, textOf, ticket } from "./door.ts";

export const family = ({ name, testWith, get, text, open, subscribed }: Suite): void => {
  describe(`${name}: the family`, () => {
    testWith(
      { profile: "upbit-id" },
      "switches the region: no Korean name, market_warning, no level, English texts, and WRONG_FORMAT for a level (§8 Region switch)",
      () =>
        Effect.gen(function* () {
          yield* Script.halt;
          const list = yield* text("/v1/market/all?is_details=true");
          assert.match(list, /^\[\{"market":"IDR-BTC","english_name":"Bitcoin","market_warning":"NONE"\}/);
          assert.notMatch(yield* text("/v1/orderbook?markets=IDR-BTC"), /level/);
          assert.strictEqual((yield* get("/v1/orderbook?markets=IDR-BTC&level=0")).status, 400);
          const client = yield* subscribed([{ type: "orderbook", codes: ["IDR-BTC"] }], 1);
          assert.notMatch(client.frames[0]!, /level/);
          yield* client.send([ticket, { type: "orderbook", codes: ["IDR-BTC"], level: 0 }]);
          yield* client.until(() => client.closes.length > 0);
          assert.strictEqual(client.frames.at(-1), '{"error":{"message":"Requested using wrong format.","name":"WRONG_FORMAT"}}');
          assert.strictEqual(client.closes[0]!.code, 1000);
        }),
    );

    testWith(
      { profile: "bithumb" },
      "speaks as Bithumb: Korean to, epochs nine hours ahead, microseconds and 15 levels of books with zeros, errors with 200 (§8 Bithumb profile)",
      () =>
        Effect.gen(function* () {
          yield* Script.halt;
          const korea = 9 * 3_600_000;
          const { timeMs } = yield* Script.trade("KRW-BTC", { price: 91_196_000 });
          assert.include(yield* text("/v1/ticker?markets=KRW-BTC"), `"trade_timestamp":${timeMs + korea},"opening_price":`);
          const minute = new Date(Math.floor(timeMs / 60_000) * 60_000 + 60_000 + korea).toISOString().slice(0, 19);
          assert.include(yield* text(`/v1/candles/minutes/1?market=KRW-BTC&to=${minute}`), `"trade_price":91196000,"timestamp":${timeMs},`);
          const unknown = yield* get("/v1/ticker?markets=KRW-NOPE");
          assert.deepStrictEqual([unknown.status, textOf(unknown)], [200, '{"error":{"name":404,"message":"Code not found"}}']);
          assert.isUndefined(unknown.headers["remaining-req"]);
          const client = yield* open;
          yield* client.send([ticket, { type: "orderbook", codes: ["KRW-BTC"], isOnlySnapshot: true }]);
          yield* client.until(() => client.frames.length >= 1);
          const [book] = client.messages();
          const units = book!["orderbook_units"] as ReadonlyArray<Record<string, number>>;
          assert.deepStrictEqual([units.length, book!["level"]], [15, 1]);
          assert.match(client.frames[0]!, /"timestamp":\d{16},/);
          // Whether the book of one market has such a level now depends on the moment; among many there is one.
          const codes = ["BTC", "ETH", "XRP", "SOL", "DOGE", "ADA", "TRX", "AVAX"].map((base) => `KRW-${base}`);
          const books: ReadonlyArray<{ readonly orderbook_units: ReadonlyArray<Record<string, number>> }> = JSON.parse(
            yield* text(`/v1/orderbook?markets=${codes.join(",")}`),
          );
          const all = books.flatMap((one) => one.orderbook_units);
          assert.isTrue(all.some((unit) => unit["ask_price"]! > 0 && unit["ask_size"] === 0));
        }),
    );
  });
};
