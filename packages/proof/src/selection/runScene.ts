/**
 * One scene in virtual time, through the whole product: every question is asked of the router, and beside it, in the same instant, of REST by the
 * onlooker; what the socket brought or would have brought, the onlooker sees for itself, because a question that wants the socket subscribes to it
 * whoever answers in the end. So both channels are replayed for every question, and the quicker one that is fresh enough was the right one.
 */
import type { Channel } from "@naru/router/domain/Provenance";
import type { Question } from "@naru/router/domain/Question";
import type { QuestionSpec } from "@naru/router/explain";
import { explain, getCandles, getOrderbook, getTicker, getTrades } from "@naru/router/MarketData";
import { channelOf, defaultRankOptions, rank, type RankFacts, type RankOptions } from "@naru/router/select/TierRank";
import type { Transport } from "@naru/router/transport/Transport";
import { defaultOriginMs, overRoad, Script, Sim } from "@naru/sim";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import { runVirtual } from "../soak/runVirtual.ts";
import { type Asked, drawScene, type Network, type Scene } from "./Scene.ts";
import { askRest, isTrue, type Subject, Onlooker } from "./Onlooker.ts";

/** One question and how it went. */
export interface Judged {
  readonly question: Question;
  /** What was known when it was asked. */
  readonly facts: RankFacts;
  /** Which channel the router put first, and how sure it was. */
  readonly chosen: Channel;
  readonly confidence: number;
  /** When each channel had, or would have had, an answer that is fresh enough, in milliseconds since the question; infinity for never. */
  readonly restMs: number;
  readonly socketMs: number;
  /** When the router had one; infinity for never. */
  readonly tookMs: number;
  /** Requests it sent meanwhile. */
  readonly requests: number;
}

/** As long as a caller waits. */
const waitMs = 5_000;

export const runScene = async (
  seed: number,
  questions: number,
  ranking: RankOptions = defaultRankOptions,
): Promise<ReadonlyArray<Judged>> => (await runVirtual(seed, sceneOf(drawScene(seed, questions), ranking))).value;

const sceneOf = ({ network, questions, seed }: Scene, ranking: RankOptions): Effect.Effect<ReadonlyArray<Judged>> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock;
    const now = () => clock.currentTimeMillisUnsafe() + defaultOriginMs;
    const onlooker = new Onlooker(now);
    let own: Transport["Service"] | undefined;
    const layer = Sim.layerTest({
      seed,
      // Places for reads and their time are short, so that keys come and go; what asks by itself is off, for requests are counted.
      config: { auditEveryMs: 0, tickerAuditEveryMs: 0, lingerMs: 8_000, maxReadSubscriptions: 12, socketFormat: "full", ranking },
      socket: { snapshotDelayMs: [network.snapshotMs, network.snapshotMs] },
      // The onlooker asks from the same address; the router keeps the exchange's true limit by itself.
      limits: { perWindow: 1_000 },
      network: { restLatencyMs: 0, connectLatencyMs: 0 },
      decorate: {
        transport: (far) => {
          // A connection of its own, on a road like the router's.
          own = overRoad(far, network.rest, seed + 1);
          return onlooker.watch({ rest: overRoad(far, network.rest, seed).rest, socket: overRoad(far, network.socket, seed).socket });
        },
      },
    });
    return yield* Effect.gen(function* () {
      yield* weather(network);
      const judged: Array<Judged> = [];
      for (const asked of questions) {
        yield* Effect.sleep(asked.afterMs);
        if (own !== undefined) judged.push(yield* judge(asked, onlooker, own, now));
      }
      return judged;
    }).pipe(Effect.scoped, Effect.provide(layer));
  }).pipe(Effect.orDie);

/** What the network does by itself, from now on. */
const weather = Effect.fnUntraced(function* ({ lateMs, laterRestServerMs, outage, restServerMs }: Network) {
  yield* Script.fault({ verb: "slow-headers", delayMs: restServerMs });
  const late = Effect.gen(function* () {
    yield* Effect.sleep(15_000);
    yield* Script.fault({ verb: "late-frames", delayMs: lateMs, forMs: 30_000 });
  });
  if (lateMs > 0) yield* Effect.forkScoped(late);
  const turns = Effect.gen(function* () {
    yield* Effect.sleep(45_000);
    yield* Script.endFault("slow-headers");
    yield* Script.fault({ verb: "slow-headers", delayMs: laterRestServerMs });
  });
  yield* Effect.forkScoped(turns);
  if (outage === undefined) return;
  const away = Effect.gen(function* () {
    yield* Effect.sleep(outage.atMs);
    yield* Script.refuseUpgrades(outage.forMs);
    yield* Script.cutSockets;
  });
  yield* Effect.forkScoped(away);
});

const judge = Effect.fnUntraced(function* ({ spec }: Asked, onlooker: Onlooker, own: Transport["Service"], now: () => number) {
  const { facts, question, ranked } = yield* explain(spec);
  const { maxAgeMs, realtime } = question.intent;
  const startedMs = now();
  const before = onlooker.requests;
  const subject = subjectOf(spec);
  const memory = onlooker.snapshot();
  const arrivals = realtime && subject !== undefined && onlooker.connected ? onlooker.listen(subject) : [];
  const byRest = yield* Effect.forkChild(
    Effect.map(askRest(own, urlOf(spec)), (answer) => ({ answer, tookMs: now() - startedMs })),
    { startImmediately: true },
  );
  const exit = yield* Effect.exit(asked(spec));
  const tookMs = now() - startedMs;
  const requests = onlooker.requests - before;
  const { answer, tookMs: restTookMs } = yield* Fiber.join(byRest);
  const restMs = answer === undefined || restTookMs > waitMs ? Number.POSITIVE_INFINITY : restTookMs;
  // What has not come by now came later than REST, or never.
  const fresh = arrivals.find((frame) => isTrue(frame, answer?.trueMs) || (!frame.isSnapshot && frame.atMs - frame.madeMs <= maxAgeMs));
  const isRemembered = subject !== undefined && memory(subject, maxAgeMs, startedMs, answer?.trueMs);
  const socketMs = isRemembered ? 0 : fresh === undefined ? Number.POSITIVE_INFINITY : fresh.atMs - startedMs;
  const first = ranked.tiers[0]?.tier;
  const chosen: Channel = first === undefined ? "rest" : channelOf(first);
  const isAnswered = Exit.isSuccess(exit);
  return {
    question,
    facts,
    chosen,
    confidence: ranked.confidence,
    restMs,
    socketMs,
    tookMs: isAnswered ? tookMs : Number.POSITIVE_INFINITY,
    requests,
  };
});

/** What the formula alone would put first. */
export const byFormula = ({ facts, question }: Judged): Channel => {
  const first = rank(question, { ...facts, measured: undefined, lead: undefined }, defaultRankOptions).tiers[0]?.tier;
  return first === undefined ? "rest" : channelOf(first);
};

const asked = (spec: QuestionSpec) => {
  switch (spec.kind) {
    case "ticker":
      return Effect.asVoid(getTicker(spec.market, spec));
    case "orderbook":
      return Effect.asVoid(getOrderbook(spec.market, spec));
    case "trades":
      return Effect.asVoid(getTrades(spec.market, spec));
    case "candles":
      return Effect.asVoid(getCandles(spec.market, spec.interval, spec));
  }
};

/** What the socket could bring of it. */
const subjectOf = (spec: QuestionSpec): Subject | undefined =>
  spec.kind === "candles" ? undefined : `${spec.kind === "trades" ? "trade" : spec.kind} ${spec.market}`;

const urlOf = (spec: QuestionSpec): string => {
  const at = "http://onlooker/v1";
  switch (spec.kind) {
    case "ticker":
      return `${at}/ticker?markets=${spec.market}`;
    case "orderbook":
      return `${at}/orderbook?markets=${spec.market}`;
    case "trades":
      return `${at}/trades/ticks?market=${spec.market}&count=1`;
    case "candles":
      return `${at}/candles/minutes/1?market=${spec.market}&count=50`;
  }
};
