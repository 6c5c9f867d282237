/**
 * Ten thousand random events of a socket: streams that come and go, reads, links that are cut, refused or left to close. At every one of them,
 * and at every instant in between, the router's word about its link is held against the exchange's own count of open sockets.
 */
import { assert, describe, it } from "@effect/vitest";
import { explain, getTicker, streamOrderbookEvents, streamTickerEvents } from "@naru/router/MarketData";
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
    const seen = { instants: 0, decisions: 0, open: 0, closed: 0, links: 0 };
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
            : streamOrderbookEvents(market);
          streams.push(yield* Effect.forkScoped(Stream.runDrain(stream)));
        }),
        leave: Effect.suspend(() => {
          const [fiber] = streams.splice(chance.int(0, streams.length), 1);
          return fiber === undefined ? Effect.void : Fiber.interrupt(fiber);
        }),
        read: Effect.ignore(getTicker(chance.pick(markets), { realtime: true, deadline: 500 })),
        cut: Script.cutSockets,
        refuse: Effect.suspend(() => Script.refuseUpgrades(chance.int(50, 1_000))),
        allow: Script.refuseUpgrades(0),
      };
      // Cut seldom enough that a link lives between two cuts.
      const names = ["open", "open", "open", "leave", "leave", "read", "read", "read", "read", "cut", "refuse", "allow"] as const;
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
      seen.links = exchange.ledger.counters()["connection"] ?? 0;
    });
    const layer = Sim.layerTest({
      seed: 3,
      // A handshake takes no time, or the exchange would know of a socket before its client can.
      network: { connectLatencyMs: 0 },
      // Every link counts as stable, so that the next one comes soon and there are many.
      config: { lingerMs: 2_000, stableAfterMs: 1 },
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
    assert.isAbove(seen.links, events / 100);
    // Both states, or nothing was compared.
    assert.isAbove(seen.open, events / 10);
    assert.isAbove(seen.closed, events / 10);
  });
});

type Services = Sim.Services;
