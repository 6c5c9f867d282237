/**
 * The whole live side under seeded bad luck: streams and reads come and go while sockets close, stall, hang, stop taking bytes and speak out of
 * turn. After every step the router's word is held against what the scripted exchange knows.
 */
import { assert, describe, it } from "@effect/vitest";
import { Clock, Effect, Exit, Logger, Random, Scope, Stream } from "effect";
import { TestClock } from "effect/testing";
import type { StreamElement } from "../../src/domain/StreamElement.ts";
import type { Market } from "../../src/domain/Market.ts";
import { keyId, type StreamKey } from "../../src/domain/StreamKey.ts";
import type { Ticker } from "../../src/domain/Ticker.ts";
import type { Trade } from "../../src/domain/Trade.ts";
import { DecodeError } from "../../src/errors/MarketDataError.ts";
import type { RouterConfigShape } from "../../src/RouterConfig.ts";
import { Subscriptions } from "../../src/stream/Subscriptions.ts";
import { mostInAny } from "../transport/sessionScene.ts";
import {
  market,
  ScriptedExchange,
  type ScriptedSocket,
  shortId,
  ticker,
  tickerKey,
  trade,
  tradesKey,
  type Upgrade,
  watched,
} from "./exchange.ts";

const markets = Array.from({ length: 6 }, (_, at) => market(`KRW-A${at}`));
const keys: ReadonlyArray<StreamKey> = markets.flatMap((of) => [tickerKey(of), tradesKey(of)]);

interface Consumer {
  readonly keys: ReadonlyArray<StreamKey>;
  readonly elements: Array<StreamElement<unknown>>;
  readonly scope: Scope.Closeable;
}

/** The exchange's own knowledge, by socket: which keys have spoken since they were last subscribed there without a break. */
class Witness {
  readonly exchange = new ScriptedExchange();
  readonly spoken = new Map<ScriptedSocket, Map<string, number>>();
  nowMs = 0;
  #made = 0;

  constructor() {
    this.exchange.onSend = (socket) => {
      const codes = socket.sent.at(-1) ?? [];
      const before = this.spoken.get(socket) ?? new Map<string, number>();
      this.spoken.set(socket, new Map([...before].filter(([code]) => codes.includes(code))));
    };
  }

  get open(): ReadonlyArray<ScriptedSocket> {
    return this.exchange.sockets.filter((socket) => !socket.closed && !socket.terminated);
  }

  /** A frame about a key, whether it is subscribed there or not: late ones of what was subscribed before come as well. */
  speak(socket: ScriptedSocket, key: StreamKey, snapshot = false): void {
    const code = keyId(key);
    const isSubscribed = socket.sent.at(-1)?.includes(code) === true;
    if (isSubscribed) this.spoken.get(socket)?.set(code, this.nowMs);
    // What waits to be sent is no reason for an answer.
    else if (socket.stuck) return;
    const made = ++this.#made;
    const message = key.kind === "ticker" ? ticker(key.market, made, this.nowMs, snapshot) : trade(key.market, made, snapshot);
    socket.push(message._tag === "Trade" ? { ...message, value: { ...message.value, tradeTimeMs: this.nowMs } } : message);
  }

  /** A frame about a market that cannot be read. */
  garble(socket: ScriptedSocket, of: Market): void {
    for (const code of this.spoken.get(socket)?.keys() ?? []) if (code.endsWith(`:${of}`)) this.spoken.get(socket)?.delete(code);
    const error = new DecodeError({ stage: "json", path: "", detail: "torn" });
    socket.push({ _tag: "Undecodable", error, lost: { market: of } });
  }

  /** When an open socket last brought a word of it; undefined when it is not live. */
  lastWordMs(key: StreamKey): number | undefined {
    const words = this.open.flatMap((socket) => this.spoken.get(socket)?.get(keyId(key)) ?? []);
    return words.length === 0 ? undefined : Math.max(...words);
  }
}

/** A small deterministic generator: a failure names its seed. */
const generator = (seed: number) => () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
};

const closeCodes = [1000, 1001, 1006, 1006, 1006, 1009, 1011];
const upgrades: ReadonlyArray<Upgrade> = ["unreachable", "hang", { status: 503 }, { status: 429 }, "accept", "interrupted"];

const steps = 120;

/** Bad luck of one seed, and then a good end. */
const live = Effect.fnUntraced(function* (witness: Witness, seed: number) {
  const { exchange } = witness;
  witness.nowMs = Number((yield* Clock.Clock).monotonicTimeNanosUnsafe()) / 1e6;
  const random = generator(seed);
  const below = (n: number) => Math.floor(random() * n);
  const oneOf = <A>(list: ReadonlyArray<A>): A | undefined => list[below(list.length)];
  const subscriptions = yield* Subscriptions;
  let consumers: ReadonlyArray<Consumer> = [];
  const ended: Array<Consumer> = [];
  const pass = (ms: number) =>
    Effect.andThen(
      Effect.sync(() => (witness.nowMs += ms)),
      TestClock.adjust(ms),
    );

  const join = Effect.gen(function* () {
    const kind = random() < 0.5 ? "ticker" : "trades";
    const chosen = keys.filter((key) => key.kind === kind && random() < 0.4);
    if (chosen.length === 0) return;
    const consumer: Consumer = { keys: chosen, elements: [], scope: yield* Scope.make() };
    yield* subscriptions.events(kind, chosen, {}).pipe(
      Stream.runForEach((element: StreamElement<unknown>) => Effect.sync(() => consumer.elements.push(element))),
      Effect.forkIn(consumer.scope, { startImmediately: true }),
    );
    consumers = [...consumers, consumer];
  });

  const leave = Effect.suspend(() => {
    const consumer = oneOf(consumers);
    if (consumer === undefined) return Effect.void;
    consumers = consumers.filter((other) => other !== consumer);
    ended.push(consumer);
    return Scope.close(consumer.scope, Exit.void);
  });

  const step = Effect.suspend((): Effect.Effect<unknown> => {
    const socket = oneOf(witness.open);
    switch (below(16)) {
      case 0:
        return join;
      case 1:
        return leave;
      case 2:
        return Effect.sync(() => subscriptions.wantForReads(oneOf(keys)!));
      case 3:
        return Effect.sync(() => socket?.close(oneOf(closeCodes)));
      case 4:
        return Effect.sync(() => exchange.upgrades.push(oneOf(upgrades)!));
      case 5:
        if (socket !== undefined) socket.answersPings = !socket.answersPings;
        return Effect.void;
      case 6:
        if (socket !== undefined && random() < 0.3) socket.stuck = true;
        return Effect.void;
      case 7:
        if (socket !== undefined) socket.listed = random() < 0.3 ? undefined : [];
        return Effect.void;
      case 8:
        return pass(below(20_000));
      case 9:
        return pass(below(70));
      case 10:
        // A careless program: more changes than messages may be sent.
        return Effect.forEach(Array.from({ length: 12 }), (_, at) => Effect.andThen(at % 2 === 0 ? join : leave, pass(55)));
      case 11:
        return Effect.sync(() => {
          if (socket !== undefined) witness.garble(socket, oneOf(markets)!);
        });
      default:
        if (socket !== undefined) {
          for (const key of keys) if (random() < 0.4) witness.speak(socket, key, random() < 0.3);
        }
        return pass(below(2_000));
    }
  });

  const check = (at: string) => {
    for (const key of keys) {
      const wordMs = witness.lastWordMs(key);
      const confirmed = subscriptions.confirmedNanos(key);
      const isLive = subscriptions.isLive(key);
      // What is on its way to a socket that takes no bytes is not live any more, though the exchange does not know it yet.
      if (isLive || !witness.open.some((socket) => socket.stuck)) assert.strictEqual(isLive, wordMs !== undefined, `${at}: ${keyId(key)}`);
      assert.strictEqual(confirmed !== undefined, isLive, at);
      if (confirmed === undefined || wordMs === undefined) continue;
      assert.isAtMost(Number(confirmed) / 1e6, Math.min(witness.nowMs, wordMs + 60_000), `${at}: ${keyId(key)} is confirmed`);
    }
    assert.strictEqual(subscriptions.connected(), witness.open.length > 0, `${at}: connected`);
  };

  for (let at = 0; at < steps; at++) {
    yield* step;
    yield* pass(0);
    check(`seed ${seed}, step ${at}`);
  }

  // The luck is over: everything is accepted, answered and taken again.
  exchange.upgrades.length = 0;
  for (const socket of witness.open) Object.assign(socket, { stuck: false, answersPings: true });
  yield* join;
  yield* pass(120_000);
  const wanted = new Set(consumers.flatMap((consumer) => consumer.keys.map(keyId)));
  for (const key of keys) {
    if (!wanted.has(keyId(key))) continue;
    const carrying = witness.open.filter((socket) => socket.sent.at(-1)?.includes(keyId(key)));
    assert.isAbove(carrying.length, 0, `seed ${seed}: nobody carries ${keyId(key)}`);
    for (const socket of carrying) witness.speak(socket, key);
  }
  yield* pass(10_000);
  check(`seed ${seed}, in the end`);
  const before = consumers.map(({ elements }) => elements.length);
  for (const socket of witness.open) for (const key of keys) witness.speak(socket, key);
  yield* pass(0);
  consumers.forEach((consumer, index) => {
    const fresh = consumer.elements.slice(before[index]).flatMap((element) => (element._tag === "Live" ? [element.market] : []));
    assert.deepStrictEqual([...new Set(fresh)].toSorted(), consumer.keys.map((key) => key.market).toSorted(), `seed ${seed}: starved`);
  });
  for (const consumer of [...consumers, ...ended]) told(consumer, consumers.includes(consumer), `seed ${seed}`);
  for (const socket of exchange.sockets) {
    assert.isAtMost(mostInAny(socket.messagesAt, 1_000), 5, `seed ${seed}`);
    assert.isAtMost(mostInAny(socket.messagesAt, 60_000), 100, `seed ${seed}`);
  }
  return {
    connects: exchange.connects,
    resumed: consumers.flatMap(({ elements }) => elements).filter(({ _tag }) => _tag === "Resumed").length,
  };
});

/** What one consumer was told adds up: down and up in turns, values that never go back, trades that never repeat. */
const told = ({ elements }: Consumer, isThere: boolean, seed: string): void => {
  let isDown = false;
  for (const { _tag } of elements) {
    if (_tag === "Reconnecting") isDown = true;
    if (_tag !== "Resumed") continue;
    assert.isTrue(isDown, `${seed}: resumed without having been told to be down`);
    isDown = false;
  }
  if (isThere) assert.isFalse(isDown, `${seed}: never told to be back`);
  const seen = new Map<string, number>();
  const ids = new Set<number>();
  for (const element of elements) {
    if (element._tag !== "Live" && element._tag !== "Recovered") continue;
    if ("id" in (element.value as object)) {
      const id = shortId(element.value as Trade);
      assert.isFalse(ids.has(id), `${seed}: trade ${id} came twice`);
      ids.add(id);
    } else {
      const { timestampMs } = element.value as Ticker;
      assert.isAtLeast(timestampMs, seen.get(element.market) ?? 0, `${seed}: a ticker went back`);
      seen.set(element.market, timestampMs);
    }
  }
};

const seeds = Array.from({ length: 25 }, (_, seed) => seed + 1);

const runs: ReadonlyArray<readonly [name: string, knobs: Partial<RouterConfigShape>]> = [
  ["one socket at first", {}],
  ["several sockets", { keysPerSocket: 4, maxSockets: 4 }],
  ["two copies of every key", { copies: 2, keysPerSocket: 8 }],
];

describe("whatever happens to the sockets", () => {
  for (const [name, knobs] of runs) {
    it.effect(`what is said to be live is, messages stay within their limits, and every consumer is told the truth: ${name}`, () =>
      Effect.gen(function* () {
        let connects = 0;
        let resumed = 0;
        for (const seed of seeds) {
          const witness = new Witness();
          const world = yield* witness.exchange.run(live(witness, seed), { ...watched, ...knobs }).pipe(Random.withSeed(seed));
          connects += world.connects;
          resumed += world.resumed;
        }
        // Bad luck there was.
        assert.isAbove(connects, 10 * seeds.length);
        assert.isAbove(resumed, seeds.length / 2);
      }).pipe(Effect.provide(Logger.layer([]))),
    );
  }
});
