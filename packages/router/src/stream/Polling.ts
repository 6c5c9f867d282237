/**
 * REST in place of a silent socket: reads the streamed tickers and books that are not live, and hands them to the hub, until they are. What to read
 * when is decided by `pollPlan.ts`; what a consumer gets of it by the hub, where the newer value wins.
 *
 * It never uses more than two requests a second, nor more than half of a group's limit. A failed reading is no error of any stream: they are
 * told that the link is down, and the next round comes later.
 */
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Option from "effect/Option";
import type { Orderbook } from "../domain/Orderbook.ts";
import type { Ticker } from "../domain/Ticker.ts";
import type { MarketDataError } from "../errors/MarketDataError.ts";
import type { Limit, LimitTable } from "../limits/LimitTable.ts";
import { RouterConfig } from "../RouterConfig.ts";
import { MessageBudget } from "../transport/MessageBudget.ts";
import { receiptOf } from "../transport/Receipt.ts";
import { Rest, type RestResult } from "../transport/RestCall.ts";
import { monotonicMs } from "../transport/Session.ts";
import { Signal } from "../transport/Signal.ts";
import { type RestCall, Venue } from "../transport/Venue.ts";
import type { FrameHub } from "./FrameHub.ts";
import { type PollBatch, PollPlan } from "./pollPlan.ts";

/** All requests of the polling together. */
const pace: Limit = { limit: 2, windowMs: 1_000 };
/** Requests under way at the same time: one that hangs does not hold up the others. */
const concurrency = 2;

type State = Ticker | Orderbook;

export interface Polling {
  /** There may be keys to read now. Synchronous. */
  readonly wake: () => void;
  /** Works for ever. */
  readonly run: (hub: FrameHub) => Effect.Effect<never>;
}

export const makePolling: Effect.Effect<Polling, never, Rest | Venue> = Effect.gen(function* () {
  const config = yield* RouterConfig;
  const clock = yield* Clock.Clock;
  const read = yield* makeReader;
  const signal = new Signal();
  const plan = new PollPlan({ reseedAfterMs: config.reseedAfterMs, everyMs: config.pollEveryMs });

  const round = Effect.fn("Polling.round")(function* (hub: FrameHub) {
    const batches = plan.round(hub.states.unserved(clock.monotonicTimeNanosUnsafe()), monotonicMs(clock));
    const ends = yield* Effect.forEach(batches, (batch) => read(hub, batch), { concurrency });
    for (const [index, end] of ends.entries()) {
      const batch = batches[index];
      if (batch !== undefined && end.refused) plan.refused(batch);
    }
    const answered = ends.length === 0 || ends.some((end) => end.answered || end.refused);
    plan.ended(answered, Math.max(0, ...ends.map((end) => end.retryAfterMs)), monotonicMs(clock));
  });

  const work = Effect.fnUntraced(function* (hub: FrameHub) {
    const dueMs = plan.dueMs(hub.states.unserved(clock.monotonicTimeNanosUnsafe()));
    const leftMs = dueMs - monotonicMs(clock);
    if (leftMs > 0) return yield* signal.waitAtMost(leftMs);
    yield* Effect.catchCause(round(hub), (cause) => {
      // Our own interruption passes this by; whatever is caught here must not end the polling.
      plan.ended(false, 0, monotonicMs(clock));
      return Effect.logError("Reading for silent streams failed", cause);
    });
  });

  return { wake: () => signal.notify(), run: (hub) => Effect.forever(work(hub)) };
});

interface ReadEnd {
  readonly answered: boolean;
  /** The exchange refused the list for a market in it. */
  readonly refused: boolean;
  readonly retryAfterMs: number;
}

const makeReader = Effect.gen(function* () {
  const venue = yield* Venue;
  const rest = yield* Rest;
  const clock = yield* Clock.Clock;
  const { pollEveryMs } = yield* RouterConfig;
  const budgets = new Budgets(venue.limits);

  const send = Effect.fnUntraced(function* (call: RestCall<State>, markets: ReadonlySet<string>) {
    const waitMs = budgets.take(call.group, monotonicMs(clock)) - monotonicMs(clock);
    if (waitMs > 0) yield* Effect.sleep(waitMs);
    // A reading that takes two rounds is out of date; a repeated attempt would be one more request than the pace allows.
    const deadlineNanos = clock.monotonicTimeNanosUnsafe() + BigInt(Math.round(2 * pollEveryMs * 1e6));
    return yield* rest.run(call, { priority: "normal", deadlineNanos, attempts: 1, expects: (row) => markets.has(row.market) });
  });

  return (hub: FrameHub, batch: PollBatch): Effect.Effect<ReadEnd> => {
    const { kind, depth } = batch;
    const calls: ReadonlyArray<RestCall<State>> = kind === "ticker" ? venue.tickers(batch.markets) : venue.orderbooks(batch.markets, depth);
    const markets = new Set<string>(batch.markets);
    const supply = ({ rows, receivedNanos, receivedMs }: RestResult<State>) => {
      const receipt = receiptOf(receivedNanos, receivedMs);
      for (const row of rows) {
        const key = kind === "ticker" ? { kind, market: row.market } : { kind, market: row.market, levels: depth };
        hub.states.supply(key, row, receipt, depth);
      }
    };
    const read = (call: RestCall<State>) => Effect.exit(Effect.tap(send(call, markets), (result) => Effect.sync(() => supply(result))));
    return Effect.map(Effect.forEach(calls, read, { concurrency }), (exits) => ({
      answered: exits.some(Exit.isSuccess),
      refused: exits.some((exit) => errorOf(exit)?._tag === "MarketUnknown"),
      retryAfterMs: Math.max(0, ...exits.map((exit) => errorOf(exit)?.retryAfterMs ?? 0)),
    }));
  };
});

const errorOf = (exit: Exit.Exit<unknown, MarketDataError>): MarketDataError | undefined =>
  Exit.isSuccess(exit) ? undefined : Option.getOrUndefined(Exit.findErrorOption(exit));

/** The polling's own pace: {@link pace} over all, half of the limit in every group. */
class Budgets {
  readonly #all = new MessageBudget([pace]);
  readonly #groups = new Map<string, MessageBudget>();
  readonly #limits: LimitTable;

  constructor(limits: LimitTable) {
    this.#limits = limits;
  }

  /** Books one request, and says when it may go. */
  take(group: string, nowMs: number): number {
    const budget = this.#groups.get(group) ?? new MessageBudget(halfOf(this.#limits.groups[group]));
    this.#groups.set(group, budget);
    const atMs = Math.max(this.#all.earliestMs(nowMs), budget.earliestMs(nowMs));
    this.#all.sent(atMs);
    budget.sent(atMs);
    return atMs;
  }
}

/** Half as many requests; where that is none, one in twice the time. */
const halfOf = (limit: Limit | undefined): ReadonlyArray<Limit> => {
  if (limit === undefined) return [];
  return [limit.limit >= 2 ? { ...limit, limit: Math.floor(limit.limit / 2) } : { ...limit, windowMs: 2 * limit.windowMs }];
};
