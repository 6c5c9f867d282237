/**
 * A thousand reads that may use nothing but the socket, of every kind it carries, while the exchange loses three frames in a hundred. A read
 * whose one frame is lost must be helped by the next, or by what came before.
 */
import { assert, describe, it } from "@effect/vitest";
import { getCandles, getOrderbook, getTicker, getTrades, type MarketData } from "@naru/router/MarketData";
import type { MarketDataError } from "@naru/router/errors/MarketDataError";
import { Exchange, Script, Sim } from "@naru/sim";
import { Effect, Exit } from "effect";
import { runVirtual } from "../../src/soak/runVirtual.ts";
import { Chance } from "../../src/world/engine/Chance.ts";

const reads = 1_000;
const markets = ["KRW-BTC", "KRW-ETH", "KRW-XRP", "KRW-SOL", "KRW-DOGE", "KRW-USDT", "KRW-ADA", "KRW-SUI"];
const probeMarket = "BTC-XRP";
/** As current as a quiet link is proved by its pings. */
const only = { strategy: "websocket_only", maxAge: 10_000 } as const;

const kinds: ReadonlyArray<
  (market: string) => Effect.Effect<{ readonly provenance: { readonly channel: string } }, MarketDataError, MarketData>
> = [
  (market) => getTicker(market, only),
  (market) => getOrderbook(market, only),
  (market) => getTrades(market, { ...only, count: 1 }),
  (market) => getCandles(market, "1m", { ...only, count: 1 }),
];

describe("reads over the socket alone", () => {
  it("succeed in at least 95 of 100 cases though 3 of 100 frames are lost, without a request (R003-02)", { timeout: 60_000 }, async () => {
    const chance = new Chance(2);
    const program = Effect.gen(function* () {
      const { ledger } = yield* Exchange;
      yield* Script.fault({ verb: "drop-frames", probability: 0.03 });
      const channels: Array<string> = [];
      const failures: Array<string> = [];
      for (let read = 0; read < reads; read++) {
        const exit = yield* Effect.exit(chance.pick(kinds)(chance.pick(markets)));
        if (Exit.isSuccess(exit)) channels.push(exit.value.provenance.channel);
        else failures.push(String(exit.cause));
        yield* Effect.sleep(chance.int(0, 600));
      }
      const subscribed = ledger.frameCount("in", "request");
      const requests = ledger.requests().filter(({ path, target }) => !path.startsWith("/v1/market/") && !target.endsWith(probeMarket));
      return {
        ...{ channels, failures, subscribed, requests: requests.length },
        lost: ledger.faultCount("drop-frames"),
        frames: ledger.frameCount("out"),
      };
    });
    // Kept so shortly that most reads need a subscription of their own, and its first frame.
    // That is more changes than a connection may send messages, so a read may also wait for its turn: it has its whole five seconds.
    const attemptDeadlinesMs = [200, 500, 1_000, 3_300];
    // Audits ask REST by themselves, and so do probes once three reads in a row were not answered: of a market that nobody reads.
    const quiet = { tickerAuditEveryMs: 0, candleAuditEveryMs: 0, probeMarket };
    const layer = Sim.layerTest({ seed: 2, config: { lingerMs: 2_000, attemptDeadlinesMs, ...quiet } });
    const { value } = await runVirtual(2, Effect.scoped(program).pipe(Effect.provide(layer)));
    assert.isAtLeast(value.channels.length, reads * 0.95, value.failures.slice(0, 3).join("\n"));
    assert.deepStrictEqual([...new Set(value.channels)], ["websocket"]);
    assert.strictEqual(value.requests, 0);
    assert.isAbove(value.subscribed, reads / 10);
    // As many frames as were to be lost were lost.
    assert.isAbove(value.lost / (value.frames + value.lost), 0.02);
  });
});
