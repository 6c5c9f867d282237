/**
 * Bars of every KRW market over real sockets: how long after the boundary they are here, what they cost in requests, and whether each is the exchange's
 * own. What came is noted while it runs and held against the tape afterwards, because the exchange lives in the same process.
 */
import type { BarElement } from "@naru/router/domain/Bar";
import { streamBarsEvents } from "@naru/router/MarketData";
import { Exchange, Sim } from "@naru/sim";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Stream from "effect/Stream";
import { atLeast, atMost, exactly, type Report, timings } from "../soak/Figures.ts";
import { Truth } from "../world/Truth.ts";
import { BarCheck } from "./BarCheck.ts";

export interface BarsOptions {
  /** Markets of the exchange, of all currencies; about a third are priced in KRW. */
  readonly markets: number;
  /** KRW markets at least. */
  readonly followed: number;
  readonly forMs: number;
  /** Bars at least of each interval that is followed. */
  readonly bars: Readonly<Record<"1s" | "1m", number>>;
}

/** From the boundary to the bar, by the exchange's clock, milliseconds. */
const promisedMs = 300;
/** What waits for its proof at the boundary, because frames come late to a machine that is busy. */
const mostUnprovedPercent = 1;

interface Seen {
  readonly element: BarElement;
  readonly atMs: number;
}

export const bars = (options: BarsOptions, say: (line: string) => void): Effect.Effect<Report> =>
  Effect.gen(function* () {
    const exchange = yield* Exchange;
    const follow = (interval: string) =>
      Effect.gen(function* () {
        const seen: Array<Seen> = [];
        const note = (element: BarElement) => Effect.map(exchange.now, (atMs) => void seen.push({ element, atMs }));
        const fiber = yield* Effect.forkScoped(Stream.runForEach(streamBarsEvents({ quote: "KRW" }, interval), note));
        return { seen, fiber };
      });
    const seconds = yield* follow("1s");
    const minutes = yield* follow("1m");
    yield* Effect.sleep(Duration.millis(options.forMs));
    yield* Fiber.interrupt(seconds.fiber);
    yield* Fiber.interrupt(minutes.fiber);
    const requests = exchange.ledger.requests();
    const candles = requests.filter(({ path }) => path.startsWith("/v1/candles")).length;
    const audits = requests.filter(({ path }) => path.startsWith("/v1/trades")).length;
    say(`${requests.length} requests: ${candles} for candles, ${audits} audits of trades, the rest for lists and silent markets`);
    const rows: Array<Report["rows"][number]> = [];
    const problems: Array<string> = [];
    for (const [interval, { seen }] of [["1s", seconds] as const, ["1m", minutes] as const]) {
      let atMs = 0;
      const check = new BarCheck(new Truth(exchange), () => atMs);
      for (const one of seen) {
        atMs = one.atMs;
        check.take(one.element);
      }
      const named = check.bars.map(({ candles, empty, unproved }) => candles.length + empty.length + unproved.length);
      const total = named.reduce((a, b) => a + b, 0);
      const unproved = check.bars.reduce((sum, bar) => sum + bar.unproved.length, 0);
      // The newest bars may still wait for their proof.
      const unsettled = check.unsettled().filter((text) => !text.includes(String(check.bars.at(-1)?.openTimeMs)));
      problems.push(...[...check.faults, ...check.untrue, ...unsettled].slice(0, 20));
      rows.push(
        timings(`${interval} bars after their boundary`, check.delaysMs, { p99: promisedMs }),
        atLeast(`${interval} bars`, check.bars.length, options.bars[interval]),
        atLeast(`${interval} bars: markets in each`, Math.min(...named), options.followed),
        atLeast(`${interval} bars: candles and empties held against the tape`, total - unproved, 1),
        atMost(`${interval} bars: unproved at the boundary, %`, (100 * unproved) / Math.max(1, total), mostUnprovedPercent),
        exactly(`${interval} bars: untrue, or never settled`, check.faults.length + check.untrue.length + unsettled.length, 0),
      );
    }
    rows.push(exactly("requests for candles", candles, 0));
    return { rows, problems };
  }).pipe(
    Effect.scoped,
    Effect.provide(Sim.layerLoopback({ seed: 289, markets: { count: options.markets }, ledger: { frames: "off" } })),
    Effect.orDie,
  );
