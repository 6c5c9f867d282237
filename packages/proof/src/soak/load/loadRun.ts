/**
 * The client under load, in the process that is measured: the whole product over real sockets, fed by a second process, with a consumer of every kind that keeps
 * up and one of tickers that does not. An even load for long, then four times as much for some seconds, then the even one again.
 */
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import type { StreamElement } from "@naru/router/domain/StreamElement";
import { MarketData } from "@naru/router/MarketData";
import { defaultRouterConfig } from "@naru/router/RouterConfig";
import { layerFor } from "@naru/upbit/Upbit";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Logger from "effect/Logger";
import type * as Scope from "effect/Scope";
import * as Stream from "effect/Stream";
import { heapAfterCollection } from "../measured.ts";
import { departureOffset, firstNumber, type FromServer, type LoadPlan, numberOfTrade, type Sent, type ToServer } from "./LoadPlan.ts";
import { growthPercent, LagWindows, recoveredAfter, StateTally, TradeTally } from "./LoadTally.ts";

export interface LoadOptions {
  readonly markets: number;
  readonly framesPerSecond: number;
  /** Before anything is measured, in seconds. */
  readonly warmSeconds: number;
  /** Of the even load, in seconds; the heap is looked at sixty times in it, at most once a second. */
  readonly soakSeconds: number;
  /** With the flight recorder, whose packing takes other threads and their share of the cores. */
  readonly isRecorded: boolean;
  readonly burst: { readonly framesPerSecond: number; readonly seconds: number; readonly settleSeconds: number };
}

export interface Loaded {
  readonly sent: Sent;
  readonly trades: { readonly given: number; readonly lost: number; readonly twice: number };
  /** By consumer: what is neither given nor told, and what it was told was replaced. */
  readonly states: Readonly<Record<"tickers" | "books" | "slow", { readonly unaccounted: number; readonly conflated: number }>>;
  /** What a stream told that is neither a value nor a conflation, and streams that ended. */
  readonly troubles: ReadonlyArray<string>;
  /** Of the even load. */
  readonly framesPerSecond: number;
  readonly delayP99Ms: number;
  readonly delayMaxMs: number;
  readonly heapGrowthPercent: number;
  readonly heapMiB: number;
  readonly rssMiB: number;
  /** Of it outside of the heap: what sockets read into, and what the recorder holds. */
  readonly buffersMiB: number;
  /** Percent. */
  readonly coreShare: number;
  readonly lagMs: number;
  /** Of the burst. */
  readonly burstLagMs: number;
  readonly recoveredMs: number;
  readonly mostWaitingMiB: number;
}

/**
 * Without the questions that the router asks by itself: the exchange behind these frames does not know of them. And with fewer ids of trades remembered, so that
 * they are as many as there may be long before the heap is judged: by default that takes seven minutes of this load.
 */
const config = {
  ...{ auditEveryMs: 0, tickerAuditEveryMs: 0, candleAuditEveryMs: 0, dailyCheckCron: "", verifyAfterMs: 3_600_000 },
  tradeMemory: 1_000,
};
const unrecorded = { flightRecorder: { ...defaultRouterConfig.flightRecorder, windowMs: 0 } };
/** One turn of the event loop reads up to two megabytes of a socket: more trades than are held by default. */
const bufferSize = 65_536;
/** Of the consumer that does not keep up: in one pause a burst brings it twice what its buffer holds and more, however smoothly it comes. */
const slow = { bufferSize: 256, pauseMs: 100 };
/** Lags are normal again when they are no more than this above what they were, in microseconds. */
const normalMicros = 10_000;

export const loadHere = async (options: LoadOptions): Promise<Loaded> => {
  const state = mkdtempSync(join(tmpdir(), "naru-load-"));
  process.env["NARU_STATE"] = state;
  const program = Effect.gen(function* () {
    const server = yield* startServer({ markets: options.markets });
    return yield* Effect.provide(
      underLoad(options, server),
      layerFor({ venue: server.url, config: options.isRecorded ? config : { ...config, ...unrecorded }, history: "off" }),
    );
  });
  try {
    return await Effect.runPromise(Effect.scoped(program).pipe(Effect.provide(Logger.layer([]))));
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
};

interface Consumers {
  readonly trades: TradeTally;
  readonly tickers: StateTally;
  readonly books: StateTally;
  readonly slow: StateTally;
  readonly lags: LagWindows;
  readonly troubles: Array<string>;
}

const secondsOf = ({ warmSeconds, soakSeconds, burst }: LoadOptions): number =>
  warmSeconds + soakSeconds + burst.seconds + burst.settleSeconds;

const underLoad = Effect.fnUntraced(function* (options: LoadOptions, server: LoadServer) {
  const { framesPerSecond, warmSeconds, soakSeconds, burst } = options;
  const consumers = yield* consume(server.codes, 2 * secondsOf(options) + 60);
  const { trades, tickers, books, lags, troubles } = consumers;
  yield* server.rate(framesPerSecond);
  yield* until(() => tickers.last > 0 && books.last > 0 && trades.last > 0, "the first values");
  yield* Effect.sleep(warmSeconds * 1_000);
  const even = yield* soak(soakSeconds, server, consumers);
  const soakEnd = lags.windows;
  const lag = middleOf(lags.between(soakEnd - even.windows, soakEnd));

  yield* say(`${burst.framesPerSecond} frames/s for ${burst.seconds} s`);
  yield* server.rate(burst.framesPerSecond);
  yield* Effect.sleep(burst.seconds * 1_000);
  yield* server.rate(framesPerSecond);
  const burstEnd = lags.windows;
  yield* Effect.sleep(burst.settleSeconds * 1_000);
  const after = lags.between(burstEnd, lags.windows);
  yield* server.rate(0);
  const { sent, mostWaiting } = yield* server.count;
  yield* until(
    () => trades.last >= sent.trade && tickers.last >= sent.ticker && books.last >= sent.orderbook && consumers.slow.last >= sent.ticker,
    "the last values",
  );
  const stateOf = (tally: StateTally, of: number) => ({ unaccounted: tally.unaccounted(of), conflated: tally.conflated });
  return {
    // The closing of the layer ends the streams too, and is no trouble.
    ...{ sent, troubles: [...troubles], ...even.figures },
    trades: { given: trades.count, lost: trades.lost(sent.trade), twice: trades.twice },
    states: {
      tickers: stateOf(tickers, sent.ticker),
      books: stateOf(books, sent.orderbook),
      slow: stateOf(consumers.slow, sent.ticker),
    },
    lagMs: lag / 1_000,
    burstLagMs: Math.max(...lags.between(soakEnd, lags.windows)) / 1_000,
    recoveredMs: (recoveredAfter(after, lag + normalMicros) * lags.windowMicros) / 1_000,
    mostWaitingMiB: mostWaiting / 2 ** 20,
  } satisfies Loaded;
});

/** The even load: what it takes of the process, looked at while it runs. */
const soak = Effect.fnUntraced(function* (seconds: number, server: LoadServer, { lags, trades }: Consumers) {
  const clock = yield* Clock.Clock;
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const everySeconds = Math.max(1, seconds / 60);
  const heaps: Array<number> = [];
  const [windows, sentBefore, beganNanos, before] = [
    lags.windows,
    (yield* server.count).sent,
    clock.monotonicTimeNanosUnsafe(),
    process.cpuUsage(),
  ];
  const lived = () => Number(clock.monotonicTimeNanosUnsafe() - beganNanos) / 1e9;
  while (lived() < seconds) {
    delay.enable();
    yield* Effect.sleep(everySeconds * 1_000);
    // The collection is this measurement's own, and holds the loop up.
    delay.disable();
    heaps.push(heapAfterCollection());
    const figures = `heap ${mebi(heaps.at(-1) ?? 0)} MiB, delay p99 ${(delay.percentile(99) / 1e6).toFixed(1)} ms, ${trades.count} trades`;
    yield* say(`${Math.round(lived())} of ${seconds} s: ${figures}`);
  }
  const { user, system } = process.cpuUsage(before);
  const took = lived();
  const { sent } = yield* server.count;
  const total = (of: Sent) => of.ticker + of.trade + of.orderbook;
  return {
    windows: lags.windows - windows,
    figures: {
      framesPerSecond: (total(sent) - total(sentBefore)) / took,
      delayP99Ms: delay.percentile(99) / 1e6,
      delayMaxMs: delay.max / 1e6,
      heapGrowthPercent: growthPercent(heaps),
      heapMiB: mebi(heaps.at(-1) ?? Number.NaN),
      rssMiB: mebi(process.memoryUsage().rss),
      buffersMiB: mebi(process.memoryUsage().external),
      coreShare: (user + system) / 1e4 / took,
    },
  };
});

const mebi = (bytes: number): number => Math.round((bytes / 2 ** 20) * 10) / 10;
const middleOf = (values: ReadonlyArray<number>): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** To standard error: the last line of the output is what was measured. */
const say = (line: string) => Effect.sync(() => console.error(`  ${line}`));

const consume = Effect.fnUntraced(function* (codes: ReadonlyArray<string>, seconds: number) {
  const data = yield* MarketData;
  const clock = yield* Clock.Clock;
  const tallies: Consumers = {
    ...{ trades: new TradeTally(), tickers: new StateTally(), books: new StateTally(), slow: new StateTally() },
    ...{ lags: new LagWindows(seconds), troubles: [] },
  };
  const trouble = (what: string): void => {
    if (tallies.troubles.length < 10) tallies.troubles.push(what);
  };
  const take = <A>(name: string, stream: Stream.Stream<StreamElement<A>, unknown>, value: (value: A) => void, tally?: StateTally) => {
    const one = (element: StreamElement<A>): void => {
      if (element._tag === "Live") value(element.value);
      else if (element._tag === "Dropped" && tally !== undefined) tally.dropped(element.count);
      else if (element._tag !== "Resumed") trouble(`${name}: ${JSON.stringify(element).slice(0, 300)}`);
    };
    return (pauseMs: number) =>
      Stream.runForEachArray(stream, (elements) => {
        for (const element of elements) one(element);
        return pauseMs === 0 ? Effect.void : Effect.sleep(pauseMs);
      }).pipe(
        Effect.tapCause((cause) => Effect.sync(() => trouble(`${name} ended: ${String(cause).slice(0, 300)}`))),
        Effect.forkScoped,
      );
  };
  yield* take("trades", data.streamTradesEvents(codes, { bufferSize }), ({ id }) => tallies.trades.given(numberOfTrade(id)))(0);
  yield* take(
    "tickers",
    data.streamTickerEvents(codes),
    ({ volume24h, value24h }) => {
      tallies.tickers.live(volume24h.number - firstNumber);
      const nowMicros = Number(clock.monotonicTimeNanosUnsafe() / 1_000n);
      tallies.lags.late(nowMicros - (value24h.number - departureOffset), nowMicros);
    },
    tallies.tickers,
  )(0);
  const books = data.streamOrderbookEvents(codes, { levels: 30 });
  yield* take("books", books, ({ totalAskSize }) => tallies.books.live(totalAskSize.number - firstNumber), tallies.books)(0);
  const slowly = data.streamTickerEvents(codes, { bufferSize: slow.bufferSize });
  yield* take("slow", slowly, ({ volume24h }) => tallies.slow.live(volume24h.number - firstNumber), tallies.slow)(slow.pauseMs);
  return tallies;
});

const until = Effect.fnUntraced(function* (isSo: () => boolean, what: string) {
  for (let tries = 0; !isSo(); tries++) {
    if (tries > 600) return yield* Effect.die(new Error(`${what} did not come within 30 s`));
    yield* Effect.sleep("50 millis");
  }
});

interface LoadServer {
  readonly url: string;
  readonly codes: ReadonlyArray<string>;
  readonly rate: (framesPerSecond: number) => Effect.Effect<void>;
  readonly count: Effect.Effect<Extract<FromServer, { readonly _tag: "Sent" }>>;
}

/** Ends with the scope. Whoever waits for its word when it dies, dies. */
const startServer = (plan: LoadPlan): Effect.Effect<LoadServer, never, Scope.Scope> =>
  Effect.gen(function* () {
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => fork(fileURLToPath(new URL("./loadServer.ts", import.meta.url)), [JSON.stringify(plan)], { execArgv: [] })),
      (child) => Effect.sync(() => child.kill("SIGKILL")),
    );
    const { url, codes } = yield* next(child, "Ready");
    const tell = (message: ToServer) => Effect.sync(() => void child.send(message));
    return {
      ...{ url, codes },
      rate: (framesPerSecond) => tell({ _tag: "Rate", framesPerSecond }),
      count: Effect.suspend(() => {
        child.send({ _tag: "Count" } satisfies ToServer);
        return next(child, "Sent");
      }),
    };
  });

const next = <T extends FromServer["_tag"]>(child: ChildProcess, tag: T): Effect.Effect<Extract<FromServer, { readonly _tag: T }>> =>
  Effect.callback((resume) => {
    const onMessage = (message: FromServer) => {
      if (message._tag !== tag) return;
      stop();
      resume(Effect.succeed(message as Extract<FromServer, { readonly _tag: T }>)); // the tag was compared
    };
    const onExit = (code: number | null, signal: string | null) => {
      stop();
      resume(Effect.die(new Error(`the loading process ended with ${signal ?? code}`)));
    };
    const stop = () => void child.off("message", onMessage).off("exit", onExit);
    child.on("message", onMessage).on("exit", onExit);
    return Effect.sync(stop);
  });
