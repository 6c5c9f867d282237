/**
 * A market that trades minutes to hours apart, watched for a day, and five busy ones for an hour, in virtual time and without a fault. It shows
 * that silence of a market is not taken for a dead link, nor its last price for an old one. It fails when the link is given up without need
 * (a watchdog that takes quiet for death), when a read is labelled stale or refused, or when a trade is missing.
 *
 * The day runs twice: with a book, whose frames keep the link busy, and without, where only pings do.
 */
import type { StreamElement } from "@naru/router/domain/StreamElement";
import { getTicker, health, streamOrderbookEvents, streamTickerEvents, streamTradesEvents } from "@naru/router/MarketData";
import { Exchange, Script, Sim } from "@naru/sim";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Stream from "effect/Stream";
import { Truth } from "../world/Truth.ts";
import { atLeast, exactly, noted, type Report, timings } from "./Figures.ts";
import { runVirtual } from "./runVirtual.ts";
import { TradeAccount } from "./TradeAccount.ts";

/** Trades some fifty minutes apart. */
const quietMarket = "BTC-DOT";
const busyMarkets = ["KRW-BTC", "KRW-ETH", "KRW-XRP", "KRW-SOL", "KRW-DOGE"];
const askEveryMs = 20 * 60_000;
const minuteMs = 60_000;

export interface QuietOptions {
  /** Virtual time with the quiet market. */
  readonly quietMs: number;
  /** Virtual time with the busy ones. */
  readonly busyMs: number;
}

export const quiet = async ({ quietMs, busyMs }: QuietOptions, say: (line: string) => void): Promise<Report> => {
  const withBook = await day(quietMs, true);
  say(`the quiet market with its book: ${withBook.ticks} elements in ${quietMs / minuteMs} virtual minutes`);
  const without = await day(quietMs, false);
  say(`without: ${without.ticks} elements`);
  const busy = await busyTime(busyMs);
  say(`five busy markets: ${busy.delivered} trades in ${busyMs / minuteMs} virtual minutes`);
  return {
    rows: [
      ...dayRows("quiet", withBook),
      ...dayRows("silent", without),
      exactly("busy: reconnects", busy.reconnects, 0),
      exactly("busy: trades missing", busy.missing.count, 0),
      atLeast("busy: trades", busy.delivered, busyMs / minuteMs),
      noted("busy: REST requests", busy.restRequests),
      noted("busy: socket messages sent", busy.sent),
    ],
    problems: [...withBook.failures, ...without.failures, ...busy.problems, ...busy.missing.examples],
  };
};

type Day = Awaited<ReturnType<typeof day>>;

const dayRows = (name: string, { reconnects, told, asked, stale, failures, restRequests, sent, received, ticks }: Day) => [
  exactly(`${name}: reconnects`, reconnects, 0),
  exactly(`${name}: told of a reconnect, gap or drop`, told, 0),
  atLeast(`${name}: reads`, asked, 1),
  exactly(`${name}: reads labelled stale`, stale, 0),
  exactly(`${name}: reads failed`, failures.length, 0),
  atLeast(`${name}: elements`, ticks, 2),
  noted(`${name}: REST requests`, restRequests),
  noted(`${name}: socket messages and pings sent`, sent),
  noted(`${name}: frames received`, received),
];

const day = async (lengthMs: number, withBook: boolean) => {
  const program = Effect.gen(function* () {
    const { ledger } = yield* Exchange;
    let [told, ticks, asked, stale] = [0, 0, 0, 0];
    const failures: Array<string> = [];
    const look = ({ _tag }: StreamElement<unknown>) => Effect.sync(() => void (_tag === "Live" || _tag === "Recovered" ? ticks++ : told++));
    yield* Effect.forkScoped(Stream.runForEach(streamTickerEvents(quietMarket), look));
    yield* Effect.forkScoped(Stream.runForEach(streamTradesEvents(quietMarket), look));
    if (withBook) yield* Effect.forkScoped(Stream.runForEach(streamOrderbookEvents(quietMarket), look));
    for (let atMs = askEveryMs; atMs <= lengthMs; atMs += askEveryMs) {
      yield* Effect.sleep(askEveryMs);
      const exit = yield* Effect.exit(getTicker(quietMarket));
      asked++;
      if (Exit.isFailure(exit)) failures.push(`a read after ${atMs / minuteMs} minutes failed: ${String(exit.cause)}`);
      else if (exit.value.provenance.stale) stale++;
    }
    return {
      ...{ told, ticks, asked, stale, failures },
      ...costs(yield* Exchange, (yield* health).link.reconnects),
      received: ledger.frameCount("out"),
    };
  });
  const { value } = await runVirtual(
    56,
    Effect.scoped(program).pipe(Effect.provide(Sim.layerTest({ seed: 56, ledger: { frames: "off" } }))),
  );
  return value;
};

const busyTime = async (lengthMs: number) => {
  const program = Effect.gen(function* () {
    const exchange = yield* Exchange;
    const clock = yield* Clock.Clock;
    const account = new TradeAccount(new Truth(exchange), busyMarkets);
    const take = (element: Parameters<typeof account.element>[0]) => Effect.sync(() => account.element(element));
    yield* Effect.forkScoped(Stream.runForEach(streamTradesEvents(busyMarkets), take));
    yield* Effect.forkScoped(Stream.runDrain(streamTickerEvents(busyMarkets)));
    yield* Effect.forkScoped(Stream.runDrain(streamOrderbookEvents(busyMarkets)));
    yield* Effect.sleep(lengthMs);
    const endMs = exchange.nowOf(clock);
    yield* Script.halt;
    yield* Effect.sleep("5 seconds");
    const { delivered, problems } = account;
    return { delivered, problems, missing: account.missingUpTo(endMs), ...costs(exchange, (yield* health).link.reconnects) };
  });
  const { value } = await runVirtual(
    57,
    Effect.scoped(program).pipe(Effect.provide(Sim.layerTest({ seed: 57, ledger: { frames: "off" } }))),
  );
  return value;
};

/** Connections beyond the first, as both sides count them, and what it took. */
const costs = ({ ledger }: Exchange["Service"], reconnectsTold: number) => ({
  reconnects: Math.max(reconnectsTold, (ledger.counters()["connection"] ?? 0) - 1),
  restRequests: ledger.restCount(),
  sent: ledger.frameCount("in"),
});

export interface SilenceOptions {
  /** Links that fall silent, one after another. */
  readonly links: number;
}

/** The other side of patience: a link that really falls silent while its markets are quiet is found within the promised time. */
export const silence = async ({ links }: SilenceOptions, say: (line: string) => void): Promise<Report> => {
  const program = Effect.gen(function* () {
    const clock = yield* Clock.Clock;
    const found: Array<number> = [];
    let silentFromMs: number | undefined;
    const look = ({ _tag }: StreamElement<unknown>) =>
      Effect.sync(() => {
        if (_tag !== "Reconnecting" || silentFromMs === undefined) return;
        found.push(clock.currentTimeMillisUnsafe() - silentFromMs);
        silentFromMs = undefined;
      });
    yield* Effect.forkScoped(Stream.runForEach(streamTickerEvents(quietMarket), look));
    for (let link = 0; link < links; link++) {
      // Somewhere between two pings, differently each time.
      yield* Effect.sleep(120_000 + link * 1_337);
      silentFromMs = clock.currentTimeMillisUnsafe();
      yield* Script.silenceSockets("20 seconds");
      yield* Effect.sleep("30 seconds");
    }
    return found;
  });
  const { value: found } = await runVirtual(58, Effect.scoped(program).pipe(Effect.provide(Sim.layerTest({ seed: 58 }))));
  say(`${found.length} of ${links} silent links found`);
  return {
    rows: [exactly("silent links found", found.length, links), timings("silence found after", found, { max: 15_500 })],
    problems: [],
  };
};
