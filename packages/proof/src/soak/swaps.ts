/**
 * The streamed market is swapped again and again: the stream of one market is closed and that of another opened, by each kind, over a network of
 * 50 ms each way, while other streams run on. It shows that a swap is one message on the socket that is open. It fails when a swap costs a
 * reconnect, when the streams beside it lose or repeat anything, or when the first element of the new market comes too late.
 *
 * With the snapshot delay recorded at the real exchange, and without: the first is what a user sees, the second what is ours.
 */
import type { StreamElement } from "@naru/router/domain/StreamElement";
import { health, streamTickerEvents, streamTradesEvents } from "@naru/router/MarketData";
import { Exchange, Script, Sim } from "@naru/sim";
import * as Clock from "effect/Clock";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Stream from "effect/Stream";
import { Truth } from "../world/Truth.ts";
import { Chance } from "../world/engine/Chance.ts";
import { atLeast, type Bounds, exactly, type Report, timings } from "./Figures.ts";
import { delayedSockets } from "./delayed.ts";
import { runVirtual } from "./runVirtual.ts";
import { type OpenStream, streamKinds } from "./streamKinds.ts";
import { TradeAccount } from "./TradeAccount.ts";

/** Swapped between, quiet ones among them. */
const pool = ["KRW-SOL", "KRW-DOGE", "KRW-USDT", "KRW-ADA", "KRW-TRX", "KRW-AVAX", "BTC-ETH"];
/** Streamed beside them all the time. */
const beside = ["KRW-BTC", "KRW-ETH", "KRW-XRP"];

/** Each way, for messages, requests and upgrades alike: 100 ms there and back. */
const latencyMs = 50;
/** No first element by then is none. */
const patienceMs = 5_000;

/** What was promised for the first element, with the exchange's delay and without. */
const bounds: Readonly<Record<"recorded" | "none", Bounds>> = {
  recorded: { p50: 600, p99: 1_000 },
  none: { p50: 300, p95: 300, p99: 1_000 },
};

export interface SwapsOptions {
  /** Swaps of each kind, with and without the snapshot delay. */
  readonly swaps: number;
}

export const swaps = async ({ swaps }: SwapsOptions, say: (line: string) => void): Promise<Report> => {
  const reports: Array<Report> = [];
  for (const delay of ["recorded", "none"] as const) {
    const run = await swapAll(swaps, delay);
    const name = delay === "recorded" ? "snapshot delay" : "no delay";
    say(`${name}: ${run.first.length} swaps`);
    const of = (kind: string) => run.first.filter((swap) => swap.kind === kind).map(({ ms }) => ms);
    reports.push({
      rows: [
        ...streamKinds.map(([kind]) => timings(`${name}: first ${kind} of the new market`, of(kind), bounds[delay])),
        exactly(`${name}: swaps`, run.first.length, swaps * streamKinds.length),
        exactly(`${name}: reconnects`, run.reconnects, 0),
        atLeast(`${name}: subscriptions sent`, run.requests, run.first.length),
        exactly(`${name}: trades missing beside`, run.missing.count, 0),
        atLeast(`${name}: trades beside`, run.delivered, run.first.length),
        exactly(`${name}: reconnects, gaps and drops told beside`, run.told, 0),
      ],
      problems: [...run.problems, ...run.missing.examples],
    });
  }
  return { rows: reports.flatMap(({ rows }) => rows), problems: reports.flatMap(({ problems }) => problems) };
};

const swapAll = async (count: number, delay: "recorded" | "none") => {
  const chance = new Chance(26);
  const program = Effect.gen(function* () {
    const exchange = yield* Exchange;
    const clock = yield* Clock.Clock;
    const account = new TradeAccount(new Truth(exchange), beside);
    let told = 0;
    const take = (element: Parameters<typeof account.element>[0]) =>
      Effect.sync(() => {
        if (element._tag !== "Live" && element._tag !== "Recovered") told++;
        account.element(element);
      });
    yield* Effect.forkScoped(Stream.runForEach(streamTradesEvents(beside), take));
    yield* Effect.forkScoped(Stream.runDrain(streamTickerEvents(beside)));
    yield* Effect.sleep("3 seconds");
    const first: Array<{ readonly kind: string; readonly ms: number }> = [];
    for (const [kind, open] of streamKinds) {
      let streaming = yield* opened("KRW-BCH", open);
      for (let swap = 0; swap < count; swap++) {
        // At any moment between two frames, and slowly enough for the exchange's limit of messages in a minute.
        yield* Effect.sleep(chance.int(800, 1_800));
        yield* Fiber.interrupt(streaming.fiber);
        streaming = yield* opened(pool[swap % pool.length] ?? "KRW-SOL", open);
        first.push({ kind, ms: streaming.ms });
      }
      yield* Fiber.interrupt(streaming.fiber);
    }
    const endMs = exchange.nowOf(clock);
    yield* Script.halt;
    yield* Effect.sleep("5 seconds");
    const { ledger } = exchange;
    return {
      ...{ first, told, delivered: account.delivered, problems: account.problems, missing: account.missingUpTo(endMs) },
      reconnects: Math.max((yield* health).link.reconnects, (ledger.counters()["connection"] ?? 0) - 1),
      requests: ledger.frameCount("in", "request"),
    };
  });
  const exchange = Sim.layerTest({
    seed: 26,
    ledger: { frames: "off" },
    markets: { rates: { "KRW-BTC": 120, "KRW-ETH": 60, "KRW-XRP": 60 } },
    network: { restLatencyMs: 2 * latencyMs, connectLatencyMs: 2 * latencyMs },
    decorate: { transport: delayedSockets(latencyMs) },
    ...(delay === "none" ? { socket: { snapshotDelayMs: [0, 0] } } : {}),
  });
  const { value } = await runVirtual(26, Effect.scoped(program).pipe(Effect.provide(exchange)));
  return value;
};

/** Opens a stream; answers when the first element of its market has come, with how long that took from the asking. */
const opened = Effect.fnUntraced(function* (market: string, open: OpenStream) {
  const clock = yield* Clock.Clock;
  const startedMs = clock.currentTimeMillisUnsafe();
  const heard = yield* Deferred.make<number>();
  const look = (element: StreamElement<unknown>) =>
    Effect.sync(() => {
      if (element._tag === "Live" && element.market === market)
        Deferred.doneUnsafe(heard, Effect.succeed(clock.currentTimeMillisUnsafe() - startedMs));
    });
  const fiber = yield* Effect.forkScoped(Stream.runForEach(open(market), look));
  const ms = yield* Effect.timeoutOrElse(Deferred.await(heard), { duration: patienceMs, orElse: () => Effect.succeed(patienceMs) });
  return { fiber, ms };
});
