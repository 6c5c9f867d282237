/**
 * What a delivery costs while there are more and more subscribers to one market, 64 frames to a read of the socket: functions that are called, and fibers that
 * take chunks; beside an array of functions and a sliding `Queue` for each fiber.
 */
import * as Effect from "effect/Effect";
import type { Case, Pace, Reading, Side } from "../Case.ts";
import type { Fan, UseFan } from "../cases/fanout.ts";
import { type Curve, figuresOf, readingOf } from "./Curve.ts";
import { median } from "./timed.ts";

export const curve: Curve = {
  name: "scale-subscribers",
  along: "subscribers to one market",
  sizes: [1, 10, 100, 1_000, 10_000],
  lines: [
    { name: "function", unit: "ns CPU/delivery", whole: "times size" },
    { name: "fiber", unit: "ns CPU/delivery", whole: "times size" },
  ],
  limit:
    "The turn of the event loop: every subscriber is served before the next read of the socket. The steps are as many as the subscribers, and each is dearer among ten thousand than among a thousand, because what a subscriber has of its own lies far from what the next one has: plain functions that each touch five objects of their own cost 1.0 times as much among ten thousand where these lie side by side, and 1.9 to 3.1 times where they lie in 11 kB of others.",
};

const framesPerRead = 64;
const stretches = 5;

const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)));
const settle = Effect.repeat(turn, { times: 30 });

/** CPU nanoseconds of a delivery to so many, all of them proved. */
const deliveryNanos = Effect.fnUntraced(function* (fan: Fan, subscribers: number, reads: number, delivered: () => number) {
  const taken: Array<number> = [];
  for (let stretch = -1; stretch < stretches; stretch++) {
    const [before, got] = [process.cpuUsage(), delivered()];
    for (let i = 0; i < reads; i++) {
      fan.read(framesPerRead);
      yield* turn;
    }
    yield* settle;
    const { user, system } = process.cpuUsage(before);
    const owed = reads * framesPerRead * subscribers;
    if (delivered() - got !== owed) return yield* Effect.die(new Error(`${delivered() - got} deliveries, not ${owed}`));
    if (stretch >= 0) taken.push(((user + system) * 1_000) / owed);
  }
  return median(taken);
});

/** Of every size, one after the other: those of a smaller one stay. */
const line = (deliveries: number): UseFan<ReadonlyArray<number>> =>
  Effect.fnUntraced(function* (fan: Fan) {
    const sum = { delivered: 0 };
    const costs: Array<number> = [];
    let subscribed = 0;
    for (const size of curve.sizes) {
      yield* fan.subscribe(size - subscribed, (tickers) => void (sum.delivered += tickers));
      subscribed = size;
      yield* heard(fan, () => sum.delivered);
      const reads = Math.max(2, Math.min(200, Math.round(deliveries / size / framesPerRead)));
      costs.push(yield* deliveryNanos(fan, size, reads, () => sum.delivered));
    }
    return costs;
  });

/** Until the socket is there that brings anything, and everything has been handed out. */
const heard = Effect.fnUntraced(function* (fan: Fan, delivered: () => number) {
  for (let tries = 0; delivered() === 0; tries++) {
    if (tries > 500) return yield* Effect.die(new Error("nothing reaches the subscribers"));
    yield* Effect.sleep("20 millis");
    fan.read(1);
    yield* turn;
  }
  return yield* settle;
});

const run = async (side: Side, pace: Pace): Promise<Reading> => {
  const { fansOf } = await import("../cases/fanoutFans.ts");
  const { functions, fibers } = fansOf(side);
  if (functions === undefined || fibers === undefined) throw new RangeError(`${side} has not both kinds of subscribers`);
  const deliveries = pace === "quick" ? 300_000 : 1_000_000;
  const points = { function: await functions(line(deliveries)), fiber: await fibers(line(deliveries)) };
  return { figures: readingOf(curve, points), work: deliveries };
};

export const subject: Case = {
  name: curve.name,
  about: `what a delivery costs while there are more subscribers, ${framesPerRead} frames to a read`,
  base: "an array of functions; a sliding Queue for each fiber",
  candidate: "subscribe with a callback; streamTicker, taken in chunks",
  figures: figuresOf(curve),
  rounds: 3,
  seconds: 20,
  isolation: "child",
  run,
};
