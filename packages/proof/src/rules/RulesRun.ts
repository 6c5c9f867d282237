/**
 * Half an hour of the seven rules of `examples/seven-rules`, in virtual time over the emulated exchange, with drops drawn from a seed and a
 * place that changes hands every five minutes. Everything that goes into the rules is noted with the exchange's time at which they saw it.
 */
import { type Input, inputs } from "@naru/examples/seven-rules/inputs";
import { MarketDesk, type Output } from "@naru/examples/seven-rules/MarketDesk";
import { sevenRules } from "@naru/examples/seven-rules/sevenRules";
import { type Planned, story } from "@naru/examples/seven-rules/story";
import { Market } from "@naru/router/domain/Market";
import type { MarketDataError } from "@naru/router/errors/MarketDataError";
import type { MarketData } from "@naru/router/MarketData";
import { Exchange, type ExchangeModel, type Fault, Sim } from "@naru/sim";
import type * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Layer from "effect/Layer";
import * as Logger from "effect/Logger";
import * as Stream from "effect/Stream";
import { Chance } from "../world/engine/Chance.ts";
import { Engine } from "../world/engine/Engine.ts";

/** One market watched without a break: what the rules were given, and what they said. */
export interface Watch {
  readonly market: Market;
  readonly seen: Array<{ readonly atMs: number; readonly input: Input }>;
  readonly said: Array<Output>;
  readonly desk: MarketDesk;
  endedMs: number;
}

export interface RulesRun {
  readonly exchange: ExchangeModel;
  readonly watches: ReadonlyArray<Watch>;
  readonly drops: ReadonlyArray<Planned>;
}

export interface RulesPlan {
  readonly seed: number;
  /** Watched from beginning to end. The first one crashes, the second one surges. */
  readonly steady: ReadonlyArray<string>;
  /** One after another in the last place, five minutes each. */
  readonly takingTurns: ReadonlyArray<string>;
}

/** Turns of five minutes; 30 minutes in all. */
const turns = 6;
const turnMs = 300_000;
/** A link that was silent for so long is given up. Half-open links are found in less than what the proof allows. */
const config = { pingAfterMs: 400, deadAfterMs: 1_200 };

/** Runs the plan; fails when a strategy did. */
export const runRules = async (plan: RulesPlan): Promise<RulesRun> => {
  const chance = new Chance(plan.seed).branch("rules");
  const drops = drawDrops(chance.branch("drops"));
  const engine = new Engine(chance.branch("engine"));
  const watches: Array<Watch> = [];
  const life = Effect.gen(function* () {
    const exchange = yield* Exchange;
    yield* Effect.forkScoped(Effect.orDie(story({ crashes: plan.steady[0] ?? "", surges: plan.steady[1] ?? "" }, drops)));
    const follow = (market: string) => followMarket(Market.make(market), exchange, watches);
    yield* Effect.raceFirst(
      Effect.all(plan.steady.map(follow), { concurrency: "unbounded", discard: true }),
      Effect.forEach(Array.from({ length: turns }), (_, turn) =>
        Effect.timeoutOption(follow(plan.takingTurns[turn % plan.takingTurns.length] ?? ""), turnMs),
      ),
    );
    return exchange;
  });
  const layer = Layer.provideMerge(Sim.layerTest({ seed: plan.seed, config, ledger: { frames: "off" } }), Logger.layer([]));
  const exit = await engine.run(Effect.scoped(life).pipe(Effect.provide(layer)), () => {});
  if (Exit.isFailure(exit)) throw new Error(`the run failed: ${String(exit.cause)}`);
  return { exchange: exit.value, watches, drops };
};

const followMarket = (market: Market, exchange: ExchangeModel, watches: Array<Watch>): Effect.Effect<void, MarketDataError, MarketData> =>
  Effect.clockWith((clock: Clock.Clock) => {
    const watch: Watch = { market, seen: [], said: [], desk: new MarketDesk(market, sevenRules), endedMs: Number.POSITIVE_INFINITY };
    watches.push(watch);
    return Stream.runForEach(inputs(market), (input) =>
      Effect.sync(() => {
        watch.seen.push({ atMs: exchange.nowOf(clock), input });
        watch.said.push(...watch.desk.take(input));
      }),
    ).pipe(
      Effect.ensuring(
        Effect.sync(() => {
          watch.endedMs = exchange.nowOf(clock);
        }),
      ),
    );
  });

/** Every kind twice, in a drawn order: two drops in each turn, over before the turn is. */
const drawDrops = (chance: Chance): ReadonlyArray<Planned> =>
  chance.sample([...kinds, ...kinds], 2 * turns).map((kind, i) => {
    const [earliestMs, latestMs] = i % 2 === 0 ? [30_000, 100_000] : [150_000, 220_000];
    return { atMs: Math.floor(i / 2) * turnMs + chance.int(earliestMs, latestMs), faults: kind(chance) };
  });

const kinds: ReadonlyArray<(chance: Chance) => ReadonlyArray<Fault>> = [
  () => [{ verb: "cut", times: 1 }],
  () => [{ verb: "cut", how: "rst", times: 1 }],
  () => [{ verb: "close", code: 1001, forMs: 1 }],
  (chance) => [
    { verb: "cut", times: 1 },
    { verb: "refuse-upgrade", status: 503, forMs: chance.int(2_000, 20_000) },
  ],
  () => [{ verb: "half_open", stops: "out", forMs: 30_000 }],
  () => [{ verb: "half_open", stops: "both", forMs: 30_000 }],
];
