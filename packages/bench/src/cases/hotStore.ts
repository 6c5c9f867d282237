/**
 * The hot store by itself, beside a plain `Map` of as many keys; the same read as an Effect that is run, beside `Effect.sync`; and how long the event
 * loop works at a stretch while ten thousand callers come to the warm cache at once, beside as many fibers that do nothing.
 */
import { Cache } from "@naru/router/cache/Cache";
import { type HotEntry, HotStore } from "@naru/router/cache/HotStore";
import type { Market } from "@naru/router/domain/Market";
import { keyId, type KeyId } from "@naru/router/domain/StreamKey";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import type { Case, Reading, Side } from "../Case.ts";

const keys = Array.from({ length: 300 }, (_, i) => keyId({ kind: "ticker", market: `KRW-M${i}` as Market }));
const reads = 5_000_000;
const runs = 200_000;
const callers = 10_000;
/** They come so often: two thousand turns of the loop, of which the collector of garbage takes its share. */
const times = 10;

type Read = (id: KeyId) => unknown;

const hotStore = (): Read => {
  const store = new HotStore(10_000);
  const entry = (value: number): HotEntry => ({
    ...{ value, exchangeTimeMs: value, receivedNanos: 0n, receivedMs: 0, confirmedNanos: 0n, channel: "websocket" },
  });
  for (const [i, id] of keys.entries()) store.put(id, entry(i));
  return (id) => store.get(id);
};

const plainMap = (): Read => {
  const map = new Map<KeyId, unknown>(keys.map((id, i) => [id, { value: i }]));
  return (id) => map.get(id);
};

/** CPU nanoseconds of one read. */
const readNs = (read: Read): number => {
  let found = 0;
  const loop = (times: number) => {
    for (let i = 0; i < times; i++) if (read(keys[i % keys.length] ?? keys[0]!) !== undefined) found++;
  };
  loop(200_000);
  const before = process.cpuUsage();
  loop(reads);
  const { user, system } = process.cpuUsage(before);
  if (found !== reads + 200_000) throw new Error("a key was not found");
  return ((user + system) * 1_000) / reads;
};

/** CPU microseconds of one `runPromise`. */
const runUs = async (read: Effect.Effect<unknown>): Promise<number> => {
  for (let i = 0; i < 20_000; i++) await Effect.runPromise(read);
  const before = process.cpuUsage();
  for (let i = 0; i < runs; i++) await Effect.runPromise(read);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / runs;
};

/**
 * How long a turn of the event loop works while every caller has its own, in milliseconds of this process's CPU time, by the 99th percentile. What other
 * programs take of the machine meanwhile would show in a delay by the clock, and not here.
 */
const turnMs = async (ask: (nth: number, time: number) => Effect.Effect<unknown>): Promise<number> => {
  const all = Effect.fnUntraced(function* (time: number) {
    const fibers = yield* Effect.forEach(Array.from({ length: callers }), (_, nth) =>
      // They come as callers do, in turns, and not in one piece of work of the loop.
      Effect.andThen(nth % 50 === 0 ? Effect.promise(() => new Promise(setImmediate)) : Effect.void, Effect.forkChild(ask(nth, time))),
    );
    return yield* Effect.forEach(fibers, Fiber.join);
  });
  // The first ones only have the code compiled.
  await Effect.runPromise(all(0));
  const turns: Array<number> = [];
  let before = process.cpuUsage();
  const turn = (): void => {
    const { user, system } = process.cpuUsage(before);
    turns.push((user + system) / 1_000);
    before = process.cpuUsage();
    next = setImmediate(turn);
  };
  let next = setImmediate(turn);
  for (let time = 1; time <= times; time++) {
    const values = await Effect.runPromise(all(time));
    if (values.length !== callers) throw new Error("not every caller was answered");
  }
  clearImmediate(next);
  turns.sort((a, b) => a - b);
  return turns[Math.floor(turns.length * 0.99)] ?? Number.NaN;
};

const run = async (side: Side): Promise<Reading> => {
  const read = side === "base" ? plainMap() : hotStore();
  const id = keys[7] ?? keys[0]!;
  const warm = await Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const cache = yield* Cache;
        const ask = (nth: number, time: number) => {
          const key = { kind: "candles", market: "KRW-BTC" as Market, parts: [`${time} ${nth % 50}`] } as const;
          return side === "base" ? Effect.yieldNow : cache.warm(key, 1_000, Effect.as(Effect.yieldNow, nth), { boundMs: () => 1_000 });
        };
        return yield* Effect.promise(() => turnMs(ask));
      }).pipe(Effect.provide(Cache.layer)),
    ),
  );
  const figures = { read: readNs(read), "as an Effect": await runUs(Effect.sync(() => read(id))), "loop turn": warm };
  return { figures, work: reads + runs + times * callers };
};

export const subject: Case = {
  name: "hot-store",
  about: "what a read of memory costs below all ranking, and whether ten thousand callers hold anything up",
  base: "a Map of as many keys; Effect.sync of its read; fibers that yield once",
  candidate: "the hot store; Effect.sync of its read; callers of the warm cache",
  figures: [
    { name: "read", unit: "ns/read", better: "lower" },
    { name: "as an Effect", unit: "us/run", better: "lower" },
    { name: "loop turn", unit: "ms of CPU, 99th percentile", better: "lower" },
  ],
  rounds: 5,
  isolation: "child",
  run,
};
