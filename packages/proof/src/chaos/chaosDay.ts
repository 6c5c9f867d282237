/**
 * A day of trouble in virtual time: the socket is dropped every ten minutes, one REST request in a hundred fails, and each channel is out for five
 * minutes once. A program streams the tickers of two markets and asks for one of them every half minute; right after each loss of a channel
 * somebody asks until the answer is fresh. What an answer calls fresh is held against what the exchange knows.
 */
import type { Answer } from "@naru/router/domain/Answer";
import type { Ticker } from "@naru/router/domain/Ticker";
import { NetworkError } from "@naru/router/errors/MarketDataError";
import { getTicker, streamTicker } from "@naru/router/MarketData";
import type { Transport } from "@naru/router/transport/Transport";
import { Exchange, Sim } from "@naru/sim";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Option from "effect/Option";
import * as Stream from "effect/Stream";
import { runVirtual } from "../soak/runVirtual.ts";
import { AnswerCheck } from "../world/checks/AnswerCheck.ts";
import { Chance } from "../world/engine/Chance.ts";
import { Truth } from "../world/Truth.ts";
import { Findings } from "../world/Violation.ts";

const markets = ["KRW-BTC", "KRW-ADA"];
const minuteMs = 60_000;
const dropEveryMs = 10 * minuteMs;
const outageMs = 5 * minuteMs;
const askEveryMs = 30_000;
const askAgainMs = 100;
/** What a question has, and what it accepts: the product's own defaults. */
const [deadlineMs, maxAgeMs] = [5_000, 2_000];
/** A call may end this long after its deadline: the way back is not part of it. */
const lateMs = 100;
/** From asking to having, beside what the caller accepts. */
const wayMs = 500;
const errorShare = 0.01;

export interface DayFigures {
  readonly asked: number;
  /** Answers confirmed fresh within the deadline. */
  readonly fresh: number;
  /** What became of the others, by how it was called. */
  readonly others: ReadonlyMap<string, number>;
  /** From each loss of a channel to the first fresh answer, in milliseconds. */
  readonly firstFreshMs: ReadonlyArray<number>;
  /** Labels that were not true. */
  readonly dishonest: ReadonlyArray<string>;
  readonly tiers: ReadonlyMap<string, number>;
  /** Requests that failed on purpose, sockets that were dropped. */
  readonly failedRequests: number;
  readonly sockets: number;
}

export interface DayOptions {
  readonly seed: number;
  readonly hours: number;
}

export const chaosDay = async ({ seed, hours }: DayOptions): Promise<DayFigures> => {
  const chance = new Chance(seed).branch("chaos");
  const network = new FlakyRest(chance.branch("requests"));
  // Nobody sleeps here, and looking whether somebody did is most of the work of a quiet second.
  const config = { sleepLookEveryMs: 0 };
  const layer = Sim.layerTest({ seed, config, ledger: { frames: "off" }, decorate: { transport: (inner) => network.around(inner) } });
  const { value } = await runVirtual(seed, Effect.scoped(day(chance.branch("outages"), hours * 60 * minuteMs)).pipe(Effect.provide(layer)));
  return { ...value, failedRequests: network.failed };
};

/** One request in a hundred fails before it is sent, or is answered with an error. */
class FlakyRest {
  failed = 0;
  readonly #chance: Chance;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  readonly around = (inner: Transport["Service"]): Transport["Service"] => ({
    ...inner,
    rest: (request) =>
      Effect.suspend(() => {
        if (!this.#chance.flip(errorShare)) return inner.rest(request);
        this.failed++;
        if (this.#chance.flip(0.5)) return Effect.succeed({ status: 503, headers: {}, body: new Uint8Array() });
        return Effect.fail(new NetworkError({ phase: "headers", host: new URL(request.url).host, code: "ECONNRESET", detail: null }));
      }),
  });
}

const day = Effect.fnUntraced(function* (chance: Chance, lengthMs: number) {
  const exchange = yield* Exchange;
  const watch = new Watch(new AnswerCheckOf(new Truth(exchange)), yield* Clock.Clock, () => exchange.nowOf(clock));
  const clock = yield* Clock.Clock;
  yield* Effect.forkScoped(Stream.runDrain(streamTicker(markets)));
  // The first of both lies in the first half of the day, the second in the other.
  const [first, second] = [chance.int(minuteMs, lengthMs / 2 - outageMs), chance.int(lengthMs / 2, lengthMs - outageMs - minuteMs)];
  const isRestFirst = chance.flip(0.5);
  yield* Effect.forkScoped(Effect.andThen(Effect.sleep(isRestFirst ? first : second), watch.after(restOut)));
  yield* Effect.forkScoped(Effect.andThen(Effect.sleep(isRestFirst ? second : first), watch.after(socketOut)));
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(dropEveryMs), watch.after(Sim.cutSockets))));
  for (let atMs = 0, turn = 0; atMs < lengthMs; atMs += askEveryMs, turn++) {
    yield* Effect.forkScoped(watch.ask(markets[turn % markets.length] ?? ""));
    yield* Effect.sleep(askEveryMs);
  }
  return { ...watch.figures(), sockets: exchange.ledger.connections().length };
});

const restOut = Effect.orDie(Sim.fault({ verb: "reset", path: "/v1", forMs: outageMs }));
const socketOut = Effect.andThen(Sim.refuseUpgrades(outageMs), Sim.cutSockets);

/** Whether what is called fresh is. */
class AnswerCheckOf {
  readonly findings = new Findings(() => 0);
  readonly #truth: Truth;
  readonly #check: AnswerCheck;

  constructor(truth: Truth) {
    this.#truth = truth;
    this.#check = new AnswerCheck("the program", truth, this.findings);
  }

  /** `nowMs`: the exchange's time. */
  readonly answer = (market: string, answer: Answer<Ticker>, nowMs: number): void => {
    const { tradeTimeMs } = answer.value;
    if (dayOf(tradeTimeMs) === dayOf(nowMs)) return this.#check.answer([market], answer, nowMs, maxAgeMs, 0);
    // Until a market's first trade of a day its figures may be of either day, and the last trade is of the one before.
    const last = this.#truth.lastTrade(market, nowMs - maxAgeMs - wayMs);
    if (!answer.provenance.stale && last !== undefined && tradeTimeMs < last.ms)
      this.findings.report("honest-label", `${market} of ${tradeTimeMs} is called fresh, and traded at ${last.ms}`);
  };
}

const dayOf = (ms: number): number => Math.floor(ms / 86_400_000);

/** Asks, and counts what comes of it. */
class Watch {
  readonly #check: AnswerCheckOf;
  readonly #clock: Clock.Clock;
  readonly #exchangeNowMs: () => number;
  readonly #others = new Map<string, number>();
  readonly #tiers = new Map<string, number>();
  readonly #firstFreshMs: Array<number> = [];
  #asked = 0;
  #fresh = 0;

  constructor(check: AnswerCheckOf, clock: Clock.Clock, exchangeNowMs: () => number) {
    this.#check = check;
    this.#clock = clock;
    this.#exchangeNowMs = exchangeNowMs;
  }

  /** One question of the program. */
  ask(market: string) {
    return Effect.map(this.#question(market), (end) => {
      this.#asked++;
      if (end === "fresh") this.#fresh++;
      else this.#others.set(end, (this.#others.get(end) ?? 0) + 1);
    });
  }

  /** A channel is lost by `loss`: how long until an answer is fresh again. */
  after<E, R>(loss: Effect.Effect<unknown, E, R>) {
    return Effect.gen({ self: this }, function* () {
      yield* loss;
      const lostMs = this.#clock.currentTimeMillisUnsafe();
      while ((yield* this.#question(markets[0] ?? "")) !== "fresh") yield* Effect.sleep(askAgainMs);
      this.#firstFreshMs.push(this.#clock.currentTimeMillisUnsafe() - lostMs);
    });
  }

  figures() {
    const { violations } = this.#check.findings;
    return {
      asked: this.#asked,
      fresh: this.#fresh,
      others: this.#others,
      tiers: this.#tiers,
      firstFreshMs: this.#firstFreshMs,
      dishonest: violations.map(({ detail }) => detail),
    };
  }

  #question(market: string) {
    return Effect.gen({ self: this }, function* () {
      const startedMs = this.#clock.currentTimeMillisUnsafe();
      const exit = yield* Effect.exit(getTicker(market));
      const tookMs = this.#clock.currentTimeMillisUnsafe() - startedMs;
      if (Exit.isFailure(exit))
        return Option.match(Exit.findErrorOption(exit), { onNone: () => "crashed", onSome: ({ _tag }) => _tag as string });
      const { provenance } = exit.value;
      this.#tiers.set(provenance.tier, (this.#tiers.get(provenance.tier) ?? 0) + 1);
      this.#check.answer(market, exit.value, this.#exchangeNowMs());
      if (provenance.stale) return "stale";
      return tookMs > deadlineMs + lateMs ? "late" : "fresh";
    });
  }
}
