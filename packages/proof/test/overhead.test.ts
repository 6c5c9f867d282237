/** What a caller waits for over real sockets, and how much of it is the router's own. */
import { assert, describe, it } from "@effect/vitest";
import { getCandles, getOrderbook, getTicker, getTrades } from "@naru/router/MarketData";
import type { Transport } from "@naru/router/transport/Transport";
import { Sim } from "@naru/sim";
import { Effect } from "effect";
import { percentile } from "../src/soak/Figures.ts";

/** How long a request is under way, of all that a call takes. */
const onTheWire = { ms: 0 };
const timed = (inner: Transport["Service"]): Transport["Service"] => ({
  ...inner,
  rest: (request) =>
    Effect.suspend(() => {
      const started = performance.now();
      return Effect.ensuring(
        inner.rest(request),
        Effect.sync(() => void (onTheWire.ms += performance.now() - started)),
      );
    }),
});

const fresh = { strategy: "rest_only", maxAge: 0, context: "research" } as const;
const questions = [
  (market: string) => getTicker(market, fresh),
  (market: string) => getOrderbook(market, fresh),
  (market: string) => getTrades(market, { ...fresh, count: 10 }),
  (market: string) => getCandles(market, "1m", { ...fresh, count: 10 }),
];
const markets = ["KRW-BTC", "KRW-ETH"];

/** Each question about each market, one after another: milliseconds in all, and those that were not the wire's. */
const round = Effect.forEach(
  markets.flatMap((market) => questions.map((ask) => ask(market))),
  (call) =>
    Effect.gen(function* () {
      onTheWire.ms = 0;
      const started = performance.now();
      yield* call;
      const totalMs = performance.now() - started;
      return { totalMs, ownMs: totalMs - onTheWire.ms };
    }),
);

describe("an exchange that answers after 30 ms", () => {
  it.live("is heard after less than 100 ms on average, of which the router takes less than 2 in nearly every call (R001-26)", () =>
    Effect.gen(function* () {
      yield* Sim.fault({ verb: "slow-headers", delayMs: 30 });
      yield* round; // code, connections and the list of markets are loaded before anything is measured
      const totals: Array<number> = [];
      let own = Array.from({ length: markets.length * questions.length }, () => Number.POSITIVE_INFINITY);
      // The machine may stall a call in one round; the code would do so in each. It takes the fewest rounds that show it.
      for (let rounds = 0; rounds < 20 && !(percentile(own, 0.95) < 2); rounds++) {
        const calls = yield* round;
        totals.push(...calls.map(({ totalMs }) => totalMs));
        own = own.map((ms, call) => Math.min(ms, calls[call]?.ownMs ?? Number.NaN));
      }
      assert.isBelow(percentile(own, 0.95), 2);
      assert.isAtLeast(Math.min(...totals), 30);
      assert.isBelow(totals.reduce((sum, ms) => sum + ms, 0) / totals.length, 100);
    }).pipe(Effect.provide(Sim.layerLoopback({ seed: 4, decorate: { transport: timed } }))),
  );
});
