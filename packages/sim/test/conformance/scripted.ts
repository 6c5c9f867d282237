/** What a script may order: answers instead of the truth, cut and silent sockets, refused upgrades. */
import { assert, describe } from "@effect/vitest";
import { Effect } from "effect";
import { Exchange, Script } from "../../src/index.ts";
import { type Suite, textOf as text } from "./door.ts";

export const scripted = ({ name, test, get, open, subscribed }: Suite): void => {
  describe(`${name}: a script`, () => {
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
