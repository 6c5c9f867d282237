/**
 * Any ranges of sparse markets, asked in any order through the whole product over one history file: cut off at any step, the program ended and begun
 * again in between. Every answer is what the exchange's own trades come to, with the right states; and when all of them were answered once, another life
 * of the program answers all of them again without a single request.
 *
 * Time is virtual, the file and its thread are real: between two steps of the clock the thread gets its turn.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as SqliteHistory from "@naru/node/history/SqliteHistory";
import type { CandlesOptions } from "@naru/router/ask";
import { HistoryStore } from "@naru/router/cache/HistoryStore";
import type { Candle } from "@naru/router/domain/Candle";
import { type Interval, nextWindowStart, windowStart } from "@naru/router/domain/Interval";
import { getCandles } from "@naru/router/MarketData";
import { Exchange, Sim } from "@naru/sim";
import { endOf } from "@naru/sim/market/Trade";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import * as Layer from "effect/Layer";
import * as TestClock from "effect/testing/TestClock";
import { atLeast, exactly, type Report } from "../soak/Figures.ts";
import { Chance } from "../world/engine/Chance.ts";
import { Truth } from "../world/Truth.ts";

export interface AnyRangeOptions {
  /** Each has a file, an exchange and questions of its own. */
  readonly rounds: number;
  readonly questions: number;
  /** Lives of the program that are cut off and ended at any time, before the two that answer everything. */
  readonly brokenLives: number;
}

const minuteMs = 60_000;
/** The emulated exchange's time when the clock reads 0: noon of a Monday in Korea. */
const originMs = Date.UTC(2026, 0, 5, 3);
/** A step of the virtual clock: less than a request takes. */
const stepMs = 15;
const markets = ["KRW-BTC", "KRW-ETH"] as const;
/** The longest range that is asked of an interval, in windows: the exchange's record of them is made trade by trade. */
const longest: Readonly<Partial<Record<Interval, number>>> = {
  "1s": 4_000,
  "1m": 2_500,
  "3m": 800,
  "5m": 500,
  "30m": 90,
  "1h": 48,
  "1d": 3,
};

interface Asked {
  readonly market: string;
  readonly interval: Interval;
  readonly fromMs: number;
  readonly toMs: number;
  readonly isFilled: boolean;
}

interface Tally {
  asked: number;
  cut: number;
  wrong: number;
  again: number;
  readonly problems: Array<string>;
}

export const anyRange = (options: AnyRangeOptions, say: (line: string) => void): Effect.Effect<Report> =>
  Effect.gen(function* () {
    const { questions, rounds } = options;
    const tally: Tally = { asked: 0, cut: 0, wrong: 0, again: 0, problems: [] };
    for (let seed = 1; seed <= rounds; seed++) {
      yield* round(seed, options, tally);
      if (seed % 20 === 0) say(`${seed} rounds, ${tally.asked} answers, ${tally.cut} cut off`);
    }
    return {
      rows: [
        atLeast("answers", tally.asked, rounds * questions),
        atLeast("questions cut off in the middle", tally.cut, rounds),
        exactly("answers that are not the exchange's", tally.wrong, 0),
        exactly("requests for what was complete", tally.again, 0),
      ],
      problems: tally.problems,
    };
  });

const newFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "naru-ranges-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true })),
);

/** The lives of one program over one file. */
const round = (seed: number, { brokenLives, questions }: AnyRangeOptions, tally: Tally): Effect.Effect<void> =>
  Effect.gen(function* () {
    const path = join(yield* newFolder, "history.sqlite");
    const chance = new Chance(seed);
    const rates = { "KRW-BTC": chance.pick([0.05, 0.3, 1, 4]), "KRW-ETH": chance.pick([0.02, 0.5, 3]) };
    const asked = Array.from({ length: questions }, () => drawn(chance));
    yield* TestClock.adjust("1 minute");
    for (let nth = 0; nth < brokenLives; nth++)
      yield* life(seed, rates, path, () =>
        Effect.gen(function* () {
          for (const question of chance.sample(asked, Math.ceil(questions / 2))) {
            const cutAfter = chance.flip(0.5) ? chance.int(0, chance.pick([2, 6, 60])) : Infinity;
            yield* answered(question, tally, cutAfter);
          }
        }),
      );
    yield* life(seed, rates, path, () => Effect.forEach(chance.sample(asked, questions), (question) => answered(question, tally)));
    yield* life(seed, rates, path, () =>
      Effect.gen(function* () {
        yield* Effect.forEach(chance.sample(asked, questions), (question) => answered(question, tally));
        const { ledger } = yield* Exchange;
        tally.again += ledger.requests().filter(({ target }) => target.includes("/candles/")).length;
      }),
    );
  }).pipe(Effect.scoped, Effect.provide(TestClock.layer()));

const drawn = (chance: Chance): Asked => {
  const market = chance.pick(markets);
  const [interval, most] = chance.pick(Object.entries(longest)) as [Interval, number];
  const lengthMs = nextWindowStart(interval, 0) - windowStart(interval, 0);
  const toMs = originMs - chance.int(2 * minuteMs + lengthMs, 2 * minuteMs + lengthMs + 2 * most * lengthMs);
  // Bounds lie inside of windows as well as between them.
  const fromMs = toMs - chance.int(1, most * lengthMs);
  return { market, interval, fromMs, toMs, isFilled: chance.flip(0.2) };
};

/** The whole product over the file, until the work is done. */
const life = <A>(
  seed: number,
  rates: Readonly<Record<string, number>>,
  path: string,
  work: () => Effect.Effect<A, never, Sim.Services>,
): Effect.Effect<void> => {
  const sim = Sim.layerTest({ seed, markets: { rates }, config: { candleAuditEveryMs: 0, tickerAuditEveryMs: 0, auditEveryMs: 0 } });
  return Effect.gen(function* () {
    const store = yield* HistoryStore;
    yield* Effect.orDie(store.series);
    yield* work();
    // Answered after all that was to be kept before.
    yield* Effect.orDie(store.series);
  }).pipe(Effect.provide(Layer.fresh(sim).pipe(Layer.provideMerge(Layer.fresh(SqliteHistory.layerAt(path))))));
};

/** Asks while the clock moves, for so many steps at most, and holds the answer against the exchange's trades. */
const answered = (question: Asked, tally: Tally, cutAfter = Infinity): Effect.Effect<void, never, Sim.Services> =>
  Effect.gen(function* () {
    const { market, interval, fromMs, toMs, isFilled } = question;
    const options: CandlesOptions = { from: fromMs, to: toMs, fill: isFilled ? "flat" : "none", deadline: 3_600_000 };
    const running = yield* Effect.forkChild(getCandles(market, interval, options), { startImmediately: true });
    let steps = 0;
    for (; running.pollUnsafe() === undefined && steps < cutAfter; steps++) {
      yield* TestClock.adjust(stepMs);
      yield* turn;
    }
    if (running.pollUnsafe() === undefined) {
      tally.cut++;
      return yield* Fiber.interrupt(running);
    }
    const { value } = yield* Effect.orDie(Fiber.join(running));
    tally.asked++;
    const fault = faultOf(new Truth(yield* Exchange), question, value);
    if (fault === undefined) return;
    tally.wrong++;
    if (tally.problems.length < 10) tally.problems.push(`${market} ${interval} ${fromMs} to ${toMs}: ${fault}`);
  });

/** For the thread of the file, which knows no virtual time. */
const turn = Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)));

const faultOf = (truth: Truth, { market, interval, fromMs, toMs, isFilled }: Asked, rows: ReadonlyArray<Candle>): string | undefined => {
  // The wire reads whole seconds, and so does the question.
  const endMs = Math.ceil(toMs / 1_000) * 1_000;
  const firstMs = windowStart(interval, fromMs) === fromMs ? fromMs : nextWindowStart(interval, fromMs);
  const trades = truth.tradesBetween(market, endOf(firstMs - 1), endOf(nextWindowStart(interval, endMs)));
  const traded = new Set(trades.map(({ ms }) => windowStart(interval, ms)));
  const hasClose = truth.lastTrade(market, firstMs - 1) !== undefined;
  const wanted: Array<string> = [];
  for (let openMs = firstMs; openMs < endMs; openMs = nextWindowStart(interval, openMs)) {
    if (traded.has(openMs)) wanted.push(`${openMs} closed`);
    else if (isFilled && (hasClose || wanted.length > 0)) wanted.push(`${openMs} empty`);
  }
  const found = rows.map(({ openTimeMs, state }) => `${openTimeMs} ${state}`);
  const at = wanted.findIndex((row, nth) => row !== found[nth]);
  if (at >= 0 || found.length !== wanted.length)
    return `${found.length} rows instead of ${wanted.length}, the first other one ${found[Math.max(0, at)]} instead of ${wanted[Math.max(0, at)]}`;
  for (const row of rows) {
    const fault = row.state === "empty" ? undefined : truth.faultOfCandle(row);
    if (fault !== undefined) return fault;
  }
  return undefined;
};
