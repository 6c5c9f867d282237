/**
 * Ten thousand random events of a socket: streams that come and go, reads, links that are cut, refused or left to close. At every one of them,
 * and at every instant in between, the router's word about its link is held against the exchange's own count of open sockets.
 */
import { assert, describe, it } from "@effect/vitest";
import { explain, getTicker, streamTickerEvents, streamTradesEvents } from "@naru/router/MarketData";
import { Subscriptions } from "@naru/router/stream/Subscriptions";
import { Exchange, Script, Sim } from "@naru/sim";
import { Effect, Fiber, Stream } from "effect";
import { runVirtual } from "../../src/soak/runVirtual.ts";
import { Chance } from "../../src/world/engine/Chance.ts";

const events = 10_000;
const markets = ["KRW-DOT", "KRW-ATOM", "BTC-ETH", "BTC-XRP", "USDT-SOL"];
/** Streams at once. */
const maxStreams = 4;

describe("the router's word about its link", () => {
  it("is the exchange's own, at each decision and each instant of ten thousand random events (R003-03)", { timeout: 60_000 }, async () => {
    const chance = new Chance(3);
    const mismatches: Array<string> = [];
    const seen = { instants: 0, decisions: 0, open: 0, closed: 0 };
    let look = (_where: string): void => {};
    const program = Effect.gen(function* () {
      const exchange = yield* Exchange;
      const subscriptions = yield* Subscriptions;
      const compare = (where: string, said: boolean) => {
        if (said !== exchange.openSockets > 0)
          mismatches.push(`${where}: ${said ? "open" : "closed"} with ${exchange.openSockets} sockets`);
        seen[said ? "open" : "closed"]++;
      };
      look = (where) => compare(where, subscriptions.connected());
      const streams: Array<Fiber.Fiber<void, unknown>> = [];
      const happenings = {
        open: Effect.gen(function* () {
          if (streams.length >= maxStreams) return;
          const market = chance.pick(markets);
          const stream: Stream.Stream<unknown, unknown, Services> = chance.flip(0.5)
            ? streamTickerEvents(market)
            : streamTradesEvents(market);
          streams.push(yield* Effect.forkScoped(Stream.runDrain(stream)));
        }),
        leave: Effect.suspend(() => {
          const [fiber] = streams.splice(chance.int(0, streams.length), 1);
          return fiber === undefined ? Effect.void : Fiber.interrupt(fiber);
        }),
        read: Effect.ignore(getTicker(chance.pick(markets), { realtime: true, deadline: 500 })),
        cut: Script.cutSockets,
        refuse: Effect.suspend(() => Script.refuseUpgrades(chance.int(100, 3_000))),
        allow: Script.refuseUpgrades(0),
      };
      const names = Object.keys(happenings) as ReadonlyArray<keyof typeof happenings>;
      for (let event = 0; event < events; event++) {
        const name = chance.pick(names);
        yield* happenings[name];
        const { facts } = yield* explain({ kind: "ticker", market: chance.pick(markets) });
        compare(`decision ${event} after ${name}`, facts.connected);
        seen.decisions++;
        // Now and then long enough for a link that nobody wants to be closed.
        yield* Effect.sleep(chance.flip(0.01) ? chance.int(2_500, 10_000) : chance.int(0, 200));
      }
      look = () => {};
    });
    const layer = Sim.layerTest({
      seed: 3,
      // A handshake takes no time, or the exchange would know of a socket before its client can.
      network: { connectLatencyMs: 0 },
      config: { lingerMs: 2_000 },
      ledger: { frames: "off" },
    });
    const onInstant = () => {
      seen.instants++;
      look(`instant ${seen.instants}`);
    };
    await runVirtual(3, Effect.scoped(program).pipe(Effect.provide(layer)), { onInstant });
    assert.deepStrictEqual(mismatches.slice(0, 5), []);
    assert.strictEqual(seen.decisions, events);
    assert.isAbove(seen.instants, events);
    // Both states, or nothing was compared.
    assert.isAbove(seen.open, events / 10);
    assert.isAbove(seen.closed, events / 10);
  });
});

type Services = Sim.Services;
