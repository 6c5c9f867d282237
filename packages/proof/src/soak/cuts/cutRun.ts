/**
 * The exchange in a process of its own, the fault proxy before it, and the live client here over real sockets, in real time: every market's trades
 * and tickers are streamed while the way between is cut again and again. The exchange's trades are a function of its seed, so what it owed is
 * known here without asking it.
 */
import { health, type MarketData, streamTickerEvents, streamTradesEvents } from "@naru/router/MarketData";
import { ExchangeModel, type FaultProxy, makeFaultProxy, type MarketsOptions, type ToxicInput } from "@naru/sim";
import { layerFor } from "@naru/upbit/Upbit";
import * as Effect from "effect/Effect";
import * as Logger from "effect/Logger";
import * as Option from "effect/Option";
import * as Stream from "effect/Stream";
import { Truth } from "../../world/Truth.ts";
import { Chance } from "../../world/engine/Chance.ts";
import { TradeAccount } from "../TradeAccount.ts";
import { type CutFollower, makeFollower } from "./CutFollower.ts";
import { type Cut, type CutPlan, drawCuts } from "./CutPlan.ts";
import { type Counted, type ServedProcess, serveExchange } from "./ServedProcess.ts";

export interface CutRunOptions {
  readonly seed: number;
  readonly markets: MarketsOptions;
  readonly plan: CutPlan;
}

/** What one cut brought. */
export interface CutResult {
  readonly cut: Cut;
  /** It met a link that spoke. */
  readonly hadLink: boolean;
  /** Until the consumers were told; undefined when they were not before it was over. */
  readonly detectedMs: number | undefined;
  /** From its end to the first value made after it. */
  readonly freshMs: number;
}

export interface CutRun {
  readonly results: ReadonlyArray<CutResult>;
  readonly account: TradeAccount;
  /** Exchange time up to which every trade is owed. */
  readonly owedToMs: number;
  /** How long after that moment the last of them came, or the waiting ended. */
  readonly settledMs: number;
  readonly reconnects: number;
  readonly counted: Counted;
}

/** A link that is not back by then will not be; so with a value after a cut. */
const patienceMs = 31_000;
/** So long after the last cut everything must have been given: to read back fifty markets takes some seconds of the exchange's limit. */
const settleMs = 60_000;

/** In that time a link with a busy market has shown how often it speaks. */
const rhythmMs = 3_000;

export const runCuts = ({ seed, markets, plan }: CutRunOptions, say: (line: string) => void): Effect.Effect<CutRun> =>
  Effect.gen(function* () {
    const served = yield* serveExchange({ seed, markets });
    const proxy = yield* makeFaultProxy({ upstream: { port: served.port }, seed });
    const model = new ExchangeModel({ seed, markets });
    // Some markets never trade; of these there is nothing to hear.
    const codes = model.world.markets.flatMap(({ code, rate }) => (rate > 0 ? [code] : []));
    const life = cutLife(codes, new TradeAccount(new Truth(model), codes), drawCuts(plan, new Chance(seed)), { served, proxy, say });
    return yield* Effect.provide(life, layerFor({ venue: proxy.url, profile: { id: "sim", simulated: true } }));
  }).pipe(Effect.scoped, Effect.orDie, Effect.provide(Logger.layer([])));

interface Stage {
  readonly served: ServedProcess;
  readonly proxy: FaultProxy["Service"];
  readonly say: (line: string) => void;
}

const cutLife = Effect.fnUntraced(function* (codes: ReadonlyArray<string>, account: TradeAccount, cuts: ReadonlyArray<Cut>, stage: Stage) {
  const follower = yield* makeFollower(account);
  const streams: ReadonlyArray<Effect.Effect<void, unknown, MarketData>> = [
    Stream.runForEach(streamTradesEvents(codes), (element) => Effect.sync(() => follower.trade(element))),
    Stream.runForEach(streamTickerEvents(codes), (element) => Effect.sync(() => follower.ticker(element))),
  ];
  for (const stream of streams) yield* Effect.forkScoped(Effect.orDie(stream));
  yield* until(follower, () => account.unheard.length === 0);
  stage.say(`${codes.length} markets are heard`);
  // A link shows only by speaking for a while that its silence means something.
  yield* Effect.sleep(rhythmMs);
  const startMs = follower.nowMs();
  const results: Array<CutResult> = [];
  for (const [i, cut] of cuts.entries()) {
    yield* Effect.sleep(Math.max(0, startMs + cut.atMs - follower.nowMs()));
    results.push(yield* suffer(cut, follower, stage));
    stage.say(`${String(i + 1).padStart(3)} of ${cuts.length}  ${resultLine(results.at(-1))}`);
  }
  const owedToMs = follower.nowMs();
  yield* until(follower, () => follower.nowMs() > owedToMs && account.missingUpTo(owedToMs).count === 0, settleMs);
  const settledMs = follower.nowMs() - owedToMs;
  return { results, account, owedToMs, settledMs, reconnects: (yield* health).link.reconnects, counted: yield* stage.served.counted };
}, Effect.scoped);

/** One cut, from a link that speaks to a value made after it. */
const suffer = Effect.fnUntraced(function* (cut: Cut, follower: CutFollower, stage: Stage) {
  const link = yield* Effect.timeoutOption(follower.speaking.await, patienceMs);
  const begin = follower.nowMs();
  follower.cutBegins();
  const heal = yield* begun(cut, stage);
  yield* Effect.sleep(cut.forMs);
  const detectedMs = follower.detectedMs;
  follower.cutEnds();
  const healedMs = follower.nowMs();
  yield* heal;
  yield* Effect.timeoutOption(follower.fresh.await, patienceMs);
  return {
    cut,
    hadLink: Option.isSome(link),
    detectedMs: detectedMs === undefined ? undefined : detectedMs - begin,
    freshMs: (follower.freshMs ?? Infinity) - healedMs,
  };
});

/** Begins a cut; answers how to end it. */
const begun = (cut: Cut, { served, proxy }: Stage) => {
  if (cut.way === "freeze") return Effect.as(served.freeze, served.thaw);
  const toxic: ToxicInput = cut.way === "reset" ? { verb: "reset_peer", direction: "both" } : { verb: "half_open" };
  return Effect.map(proxy.on(toxic), (id) => proxy.off(id));
};

/** Looks again whenever a trade comes, and twice a second where none does, for so long at most. */
const until = (follower: CutFollower, isSo: () => boolean, atMostMs = patienceMs) =>
  Effect.gen(function* () {
    while (!isSo()) {
      follower.moved.closeUnsafe();
      yield* Effect.timeoutOption(follower.moved.await, 500);
    }
  }).pipe(Effect.timeoutOption(atMostMs));

const resultLine = (result: CutResult | undefined): string => {
  if (result === undefined) return "";
  const { cut, detectedMs, freshMs } = result;
  return `${cut.way} of ${cut.forMs} ms: ${detectedMs === undefined ? "not told" : `told after ${detectedMs} ms`}, fresh ${freshMs} ms after it`;
};
