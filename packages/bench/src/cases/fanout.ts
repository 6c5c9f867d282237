/**
 * Handing one frame to many, at 64 frames to a read of the socket: what each subscriber more costs. Synchronous subscribers are functions, Effect subscribers
 * fibers that take chunks. It is the difference between a hundred subscribers and one, so that the way to the first is not in it.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as Effect from "effect/Effect";
import type * as Scope from "effect/Scope";
import type { Case, Pace, Reading, Side } from "../Case.ts";
import { summarize } from "../Statistics.ts";

const framesPerRead = 64;
const crowd = 100;
/** Enough of them for what else lies on the heap to be little beside theirs. */
const heapCrowd = 2_000;
const stretches = 7;

/** Adds so many subscribers that say what they are given. */
export type Subscribe = (count: number, got: (tickers: number) => void) => Effect.Effect<void, unknown, Scope.Scope>;

/** Something that hands tickers to subscribers of one kind. */
export interface Fan {
  /** One read of the socket with so many tickers in it. */
  readonly read: (frames: number) => void;
  readonly subscribe: Subscribe;
}

/** Runs with a fan of functions or of fibers; `undefined` where a side has none. */
export type Fans = Readonly<Record<"functions" | "fibers", (<A>(use: UseFan<A>) => Promise<A>) | undefined>>;
export type UseFan<A> = (fan: Fan) => Effect.Effect<A, unknown, Scope.Scope>;

const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)));
const settle = Effect.repeat(turn, { times: 50 });

/** CPU nanoseconds of one frame, all of whose deliveries are proved. */
const frameNanos = Effect.fnUntraced(function* (fan: Fan, subscribers: number, delivered: () => number, reads: number) {
  const taken: Array<number> = [];
  for (let stretch = -3; stretch < stretches; stretch++) {
    const [before, got] = [process.cpuUsage(), delivered()];
    for (let i = 0; i < reads; i++) {
      fan.read(framesPerRead);
      yield* turn;
    }
    const { user, system } = process.cpuUsage(before);
    yield* settle;
    const owed = reads * framesPerRead * subscribers;
    if (delivered() - got !== owed) return yield* Effect.die(new Error(`${delivered() - got} deliveries, not ${owed}`));
    if (stretch >= 0) taken.push(((user + system) * 1_000) / (reads * framesPerRead));
  }
  return summarize(taken).median;
});

/** Nanoseconds of one delivery more. */
const deliveryNanos = Effect.fnUntraced(function* (fan: Fan, pace: Pace) {
  const sum = { delivered: 0 };
  const got = (tickers: number): void => void (sum.delivered += tickers);
  const reads = pace === "quick" ? 200 : 300;
  yield* fan.subscribe(1, got);
  for (let tries = 0; sum.delivered === 0; tries++) {
    if (tries > 500) return yield* Effect.die(new Error("nothing reaches the subscriber"));
    yield* Effect.sleep("20 millis");
    fan.read(1);
  }
  yield* settle;
  const one = yield* frameNanos(fan, 1, () => sum.delivered, reads);
  yield* fan.subscribe(crowd - 1, got);
  yield* settle;
  // Some ways to subscribe hand out what is known at once.
  const many = yield* frameNanos(fan, crowd, () => sum.delivered, reads);
  return Math.max(0.01, (many - one) / (crowd - 1));
});

/** Bytes that each subscription more holds. */
const heapBytes = Effect.fnUntraced(function* (fan: Fan) {
  yield* settle;
  const before = collected();
  yield* fan.subscribe(heapCrowd, () => undefined);
  yield* settle;
  return Math.max(1, (collected() - before) / heapCrowd);
});

const collected = (): number => {
  setFlagsFromString("--expose-gc");
  const gc: () => void = runInNewContext("gc");
  for (let i = 0; i < 3; i++) gc();
  return process.memoryUsage().heapUsed;
};

const run = async (side: Side, pace: Pace): Promise<Reading> => {
  const { fansOf } = await import("./fanoutFans.ts");
  const { functions, fibers } = fansOf(side);
  const figures: Record<string, number> = {};
  if (functions !== undefined) figures["function"] = await functions((fan) => deliveryNanos(fan, pace));
  if (fibers !== undefined) {
    const taken = await fibers((fan) => Effect.zip(deliveryNanos(fan, pace), heapBytes(fan)));
    [figures["fiber"], figures["heap"]] = taken;
  }
  return { figures, work: crowd };
};

export const subject: Case = {
  name: "fanout-consumers",
  about: `one more subscriber of ${crowd} to a market, ${framesPerRead} frames to a read`,
  base: "an array of functions; a sliding Queue for each fiber",
  candidate: "subscribe with a callback; streamTicker, taken in chunks",
  peers: { emitter: "an EventEmitter", pubsub: "Effect's sliding PubSub, one publishAll for each read" },
  figures: [
    { name: "function", unit: "ns/delivery", better: "lower" },
    { name: "fiber", unit: "ns/delivery", better: "lower" },
    { name: "heap", unit: "bytes/fiber", better: "lower" },
  ],
  rounds: 5,
  seconds: 6,
  isolation: "child",
  run,
};
