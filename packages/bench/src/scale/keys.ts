/**
 * What the two memories cost with a thousand to a million keys: the hot store, which every frame writes, and the warm store, which keeps answers of REST; beside
 * a plain `Map` of as many. And what happens beyond their bounds: a store of a tenth of the keys is offered all of them.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { WarmKey } from "@naru/router/cache/Cache";
import { type HotEntry, HotStore } from "@naru/router/cache/HotStore";
import { WarmStore } from "@naru/router/cache/WarmStore";
import type { Market } from "@naru/router/domain/Market";
import { keyId, type KeyId } from "@naru/router/domain/StreamKey";
import type { Case, Reading, Side } from "../Case.ts";
import { type Curve, figuresOf, type Points, readingOf } from "./Curve.ts";
import { cpuNanosEach } from "./timed.ts";

export const curve: Curve = {
  name: "scale-keys",
  along: "keys",
  sizes: [1_000, 10_000, 100_000, 1_000_000],
  lines: [
    { name: "hot put", unit: "ns CPU/put", whole: "times size" },
    { name: "hot get", unit: "ns CPU/get", whole: "times size" },
    { name: "hot put beyond the bound", unit: "ns CPU/put", whole: "times size" },
    { name: "hot bytes", unit: "bytes/key, without the value", whole: "times size" },
    { name: "warm put", unit: "ns CPU/put", whole: "times size" },
    { name: "warm get", unit: "ns CPU/get", whole: "times size" },
    { name: "warm put beyond the bound", unit: "ns CPU/put", whole: "times size" },
    { name: "warm bytes", unit: "bytes/key, without the value", whole: "times size" },
  ],
  limit:
    "Their bounds, `hotCapacity`, `warmCapacity` and `warmBytes`: at them the key written, or used, longest ago leaves with every new one. Without them it is the delay of main memory: a look-up among a million keys finds nothing in the processor's caches, in a plain `Map` as here.",
};

/** What is measured of either memory. */
interface Memory<Key> {
  readonly keys: (count: number) => ReadonlyArray<Key>;
  readonly make: (capacity: number) => Store<Key>;
}
interface Store<Key> {
  readonly put: (key: Key, nth: number) => void;
  readonly get: (key: Key) => unknown;
  readonly size: () => number;
}

const value = {};

const entryAt = (nth: number): HotEntry => ({
  ...{ value, exchangeTimeMs: nth, receivedNanos: 0n, receivedMs: 0, confirmedNanos: 0n, channel: "websocket" },
});

const hotKeys = (count: number): ReadonlyArray<KeyId> =>
  Array.from({ length: count }, (_, i) => keyId({ kind: "ticker", market: `KRW-M${i}` as Market }));

const hot: Memory<KeyId> = {
  keys: hotKeys,
  make: (capacity) => {
    const store = new HotStore(capacity);
    return { put: (key, nth) => void store.put(key, entryAt(nth)), get: (key) => store.get(key), size: () => store.size };
  },
};

const warmKeys = (count: number): ReadonlyArray<WarmKey> =>
  Array.from({ length: count }, (_, i) => ({ kind: "candles", market: `KRW-M${i % 1_000}` as Market, parts: ["1m", `${i}`] }));

const warm: Memory<WarmKey> = {
  keys: warmKeys,
  make: (capacity) => {
    const store = new WarmStore({ capacity, bytes: Number.MAX_SAFE_INTEGER });
    return {
      put: (key, nth) => store.put(key, { value, sinceNanos: BigInt(nth), lifeMs: 1_000, volatility: 0 }),
      get: (key) => store.get(key),
      size: () => store.size,
    };
  },
};

/**
 * The plain way: a `Map` by the same text, which for the warm store's questions must be made of them too, and a ring of its keys for what leaves at the bound:
 * the first of a `Map` that others left before is found only by walking over the holes they left.
 */
const plainly = <Key, Value>(keys: Memory<Key>["keys"], id: (key: Key) => string, entry: (nth: number) => Value): Memory<Key> => ({
  keys,
  make: (capacity) => {
    const map = new Map<string, Value>();
    const written: Array<string> = [];
    return {
      put: (key, nth) => {
        const name = id(key);
        map.set(name, entry(nth));
        const oldest = written[nth % capacity];
        written[nth % capacity] = name;
        if (map.size > capacity && oldest !== undefined) map.delete(oldest);
      },
      get: (key) => map.get(id(key)),
      size: () => map.size,
    };
  },
});

const gc: () => void = (() => {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
})();

const heapUsed = (): number => {
  for (let i = 0; i < 3; i++) gc();
  return process.memoryUsage().heapUsed;
};

/** Operations of a reading, at least: small stores are made, or gone through, so often. */
const leastOperations = 200_000;
/** Keys are asked for far from one another. The step and a size have no common divisor. */
const step = 7_919;

const measured = <Key>(name: string, { keys, make }: Memory<Key>, size: number): Readonly<Record<string, number>> => {
  const given = keys(size);
  const operations = Math.max(size, leastOperations);
  const times = Math.max(1, Math.min(3, 600_000 / operations));
  const again = operations / size;
  const bounded = (capacity: number) => () => {
    for (let round = 0; round < again; round++) {
      const store = make(capacity);
      for (let i = 0; i < size; i++) store.put(given[i] ?? given[0]!, i);
      if (store.size() !== Math.min(size, capacity)) throw new Error(`${name}: ${store.size()} keys of ${size} at a bound of ${capacity}`);
    }
  };
  const put = cpuNanosEach(times, operations, bounded(size));
  const beyond = cpuNanosEach(times, operations, bounded(size / 10));
  const before = heapUsed();
  const store = make(size);
  for (let i = 0; i < size; i++) store.put(given[i] ?? given[0]!, i);
  const bytes = (heapUsed() - before) / size;
  const get = cpuNanosEach(times, operations, () => {
    let found = 0;
    for (let i = 0; i < operations; i++) if (store.get(given[(i * step) % size] ?? given[0]!) !== undefined) found++;
    if (found !== operations) throw new Error(`${name}: ${operations - found} of ${operations} keys were not found`);
  });
  return { [`${name} put`]: put, [`${name} get`]: get, [`${name} put beyond the bound`]: beyond, [`${name} bytes`]: bytes };
};

const memoriesOf = (side: Side): { readonly hot: Memory<KeyId>; readonly warm: Memory<WarmKey> } =>
  side === "base"
    ? {
        hot: plainly(hotKeys, (key) => key, entryAt),
        warm: plainly(
          warmKeys,
          ({ kind, market, parts }) => JSON.stringify([kind, market, ...parts]),
          (nth) => ({ value, since: nth }),
        ),
      }
    : { hot, warm };

const run = (side: Side): Promise<Reading> => {
  const memories = memoriesOf(side);
  const points: Record<string, Array<number>> = {};
  // The first size once more than is counted: it has the code compiled.
  for (const [nth, size] of [curve.sizes[0] ?? 1, ...curve.sizes].entries()) {
    const found = { ...measured("hot", memories.hot, size), ...measured("warm", memories.warm, size) };
    if (nth > 0) for (const [name, cost] of Object.entries(found)) (points[name] ??= []).push(cost);
  }
  return Promise.resolve({ figures: readingOf(curve, points satisfies Points), work: leastOperations });
};

export const subject: Case = {
  name: curve.name,
  about: "what a put and a get of the hot and the warm store cost, and an entry weighs, with more keys",
  base: "a Map of the same keys, and a ring of them for what leaves at the bound",
  candidate: "the hot store; the warm store",
  figures: figuresOf(curve),
  rounds: 3,
  seconds: 40,
  maxMs: 900_000,
  isolation: "child",
  run,
};
