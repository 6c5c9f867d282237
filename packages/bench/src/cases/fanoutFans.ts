/** The ways to hand tickers to many that the fan-out case compares. */
import { EventEmitter } from "node:events";
import type { Ticker } from "@naru/router/domain/Ticker";
import * as Effect from "effect/Effect";
import * as PubSub from "effect/PubSub";
import * as Queue from "effect/Queue";
import * as Stream from "effect/Stream";
import type { Side } from "../Case.ts";
import type { Fan, Fans, UseFan } from "./fanout.ts";
import { market, newTickers, playFeed } from "./fanoutFeed.ts";

export const fansOf = (side: Side): Fans => {
  switch (side) {
    case "base":
      return { functions: plainly(arrayFan), fibers: plainly(queueFan) };
    case "emitter":
      return { functions: plainly(emitterFan), fibers: undefined };
    case "pubsub":
      return { functions: undefined, fibers: plainly(pubsubFan) };
    default:
      return {
        functions: (use) => playFeed(({ data, read }) => use({ read, subscribe: callbacksOf(data) })),
        fibers: (use) => playFeed(({ data, read }) => use({ read, subscribe: fibersOf(data) })),
      };
  }
};

type Data = Parameters<Parameters<typeof playFeed>[0]>[0]["data"];

const callbacksOf =
  (data: Data): Fan["subscribe"] =>
  (count, got) =>
    times(
      count,
      data.subscribe(market, ["ticker"], ({ element }) => {
        if (element._tag === "Live") got(1);
      }),
    );

const fibersOf =
  (data: Data): Fan["subscribe"] =>
  (count, got) =>
    times(
      count,
      Effect.forkScoped(
        Stream.runForEachArray(data.streamTickerEvents(market), (elements) =>
          Effect.sync(() => {
            let live = 0;
            for (const element of elements) if (element._tag === "Live") live++;
            got(live);
          }),
        ),
      ),
    );

/** So many times. What `Effect.repeat` tells each of its runs about itself would be held by every subscriber. */
const times = <E, R>(count: number, subscribe: Effect.Effect<unknown, E, R>): Effect.Effect<void, E, R> =>
  Effect.forEach(Array.from({ length: count }), () => subscribe, { discard: true });

const plainly =
  (fan: () => Effect.Effect<Fan>) =>
  <A>(use: UseFan<A>): Promise<A> =>
    Effect.runPromise(Effect.scoped(Effect.orDie(Effect.flatMap(fan(), use))));

const each = (count: number, run: () => void): Effect.Effect<void> =>
  Effect.sync(() => {
    for (let i = 0; i < count; i++) run();
  });

const arrayFan = (): Effect.Effect<Fan> =>
  Effect.sync(() => {
    const ticker = newTickers();
    const listeners: Array<(value: Ticker) => void> = [];
    return {
      read: (frames) => {
        for (let i = 0; i < frames; i++) {
          const value = ticker();
          for (const listener of listeners) listener(value);
        }
      },
      subscribe: (count, got) => each(count, () => listeners.push((value) => got(value.market === market ? 1 : 0))),
    };
  });

const emitterFan = (): Effect.Effect<Fan> =>
  Effect.sync(() => {
    const ticker = newTickers();
    const emitter = new EventEmitter().setMaxListeners(0);
    return {
      read: (frames) => {
        for (let i = 0; i < frames; i++) emitter.emit("ticker", ticker());
      },
      subscribe: (count, got) => each(count, () => emitter.on("ticker", (value: Ticker) => got(value.market === market ? 1 : 0))),
    };
  });

const queueFan = (): Effect.Effect<Fan> =>
  Effect.sync(() => {
    const ticker = newTickers();
    const queues: Array<Queue.Queue<Ticker>> = [];
    return {
      read: (frames) => {
        for (let i = 0; i < frames; i++) {
          const value = ticker();
          for (const queue of queues) Queue.offerUnsafe(queue, value);
        }
      },
      subscribe: (count, got) =>
        times(
          count,
          Effect.gen(function* () {
            const queue = yield* Queue.sliding<Ticker>(4_096);
            queues.push(queue);
            yield* Effect.forkScoped(Effect.forever(Effect.map(Queue.takeAll(queue), (values) => got(values.length))));
          }),
        ),
    };
  });

const pubsubFan = (): Effect.Effect<Fan> =>
  Effect.map(PubSub.sliding<Ticker>(4_096), (pubsub) => {
    const ticker = newTickers();
    return {
      read: (frames) => Effect.runSync(PubSub.publishAll(pubsub, Array.from({ length: frames }, ticker))),
      subscribe: (count, got) =>
        times(
          count,
          Effect.gen(function* () {
            const subscription = yield* PubSub.subscribe(pubsub);
            yield* Effect.forkScoped(Effect.forever(Effect.map(PubSub.takeAll(subscription), (values) => got(values.length))));
          }),
        ),
    };
  });
