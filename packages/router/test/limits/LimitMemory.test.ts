/** What a process finds of the one before it: blocks, and what was used a moment ago. Every life has a monotonic clock of its own. */
import { assert, describe, it } from "@effect/vitest";
import { Effect, Layer, Logger } from "effect";
import { TestClock } from "effect/testing";
import { RateLimiter } from "../../src/limits/RateLimiter.ts";
import { type LimitShare, layer as configLayer } from "../../src/RouterConfig.ts";
import { makeMemory, StateStore, type StateStoreShape } from "../../src/state/StateStore.ts";
import { stubVenue } from "../transport/stubVenue.ts";

const noonMs = Date.UTC(2026, 0, 5, 3);

/** What survives: a store whose documents stay when a life is over. */
const disk = (): StateStoreShape => ({ ...makeMemory(), durable: true });

interface Life {
  readonly wallMs: number;
  readonly share?: LimitShare;
}

/** A process from its start to its end in good order. */
const life = <A, E>(store: StateStoreShape, { wallMs, share = { part: 1, of: 1 } }: Life, body: Effect.Effect<A, E, RateLimiter>) =>
  Effect.gen(function* () {
    yield* TestClock.setTime(wallMs);
    const limiter = Layer.fresh(RateLimiter.layer).pipe(Layer.provide(Layer.mergeAll(stubVenue(), configLayer({ limitShare: share }))));
    return yield* Effect.provide(body, limiter);
  }).pipe(Effect.provide(Logger.layer([])), Effect.provideService(StateStore, store), Effect.provide(TestClock.layer()));

const limiter = <A>(read: (limiter: RateLimiter["Service"]) => A) => Effect.map(RateLimiter, read);
const use = (count: number) =>
  Effect.flatMap(RateLimiter, (limiter) =>
    Effect.replicateEffect(
      Effect.flatMap(limiter.acquire("ticker", { priority: "normal", maxWaitMs: 0 }), (grant) => limiter.ended(grant, true)),
      count,
    ),
  );
const block = (forMs: number) => Effect.flatMap(RateLimiter, (limiter) => limiter.block(forMs));

describe("what is remembered of limits", () => {
  it.effect("a block goes on in the next process for as long as it has left, and then one request goes first (D15)", () =>
    Effect.gen(function* () {
      const store = disk();
      yield* life(store, { wallMs: noonMs }, block(60_000));
      const left = yield* life(
        store,
        { wallMs: noonMs + 20_000 },
        Effect.gen(function* () {
          const blockedMs = yield* limiter((limiter) => limiter.blockedMs());
          const refused = yield* Effect.flip(use(1));
          yield* TestClock.adjust("41 seconds");
          const ticker = yield* limiter((limiter) => limiter.snapshot()[0]);
          yield* use(1);
          return { blockedMs, refused, allowed: ticker?.allowed, after: yield* Effect.flip(use(1)) };
        }),
      );
      assert.strictEqual(left.blockedMs, 41_000);
      assert.deepInclude(left.refused, { _tag: "RateLimited", scope: "ip", retryAfterMs: 41_000 });
      assert.strictEqual(left.allowed, 1);
      assert.deepInclude(left.after, { _tag: "RateLimited", scope: "local" });
    }),
  );

  it.effect("a block that ended meanwhile still makes the next one a second one, and after an hour nothing is left of it", () =>
    Effect.gen(function* () {
      const store = disk();
      yield* life(store, { wallMs: noonMs }, block(10_000));
      const again = Effect.andThen(
        block(10_000),
        limiter((limiter) => limiter.blockedMs()),
      );
      assert.strictEqual(yield* life(store, { wallMs: noonMs + 300_000 }, again), 121_000);
      const hourLater = { wallMs: noonMs + 300_000 + 121_000 + 3_600_000 };
      assert.deepStrictEqual(
        yield* life(
          store,
          hourLater,
          limiter((limiter) => [limiter.blockedMs(), limiter.snapshot()[0]?.allowed]),
        ),
        [0, 10],
      );
    }),
  );

  it.effect("a wall clock that was set back makes no block longer than it was", () =>
    Effect.gen(function* () {
      const store = disk();
      yield* life(store, { wallMs: noonMs }, block(60_000));
      assert.strictEqual(
        yield* life(
          store,
          { wallMs: noonMs - 86_400_000 },
          limiter((limiter) => limiter.blockedMs()),
        ),
        61_000,
      );
    }),
  );

  it.effect("what was used a moment ago counts for the next process, and no longer than it does", () =>
    Effect.gen(function* () {
      const store = disk();
      yield* life(store, { wallMs: noonMs }, use(4));
      const waits = limiter((limiter) => [limiter.snapshot()[0]?.used, limiter.waitMs("ticker"), limiter.waitMs("candle")]);
      assert.deepStrictEqual(yield* life(store, { wallMs: noonMs + 500 }, waits), [4, 0, 0]);
      const sixth = Effect.andThen(
        use(6),
        limiter((limiter) => limiter.waitMs("ticker")),
      );
      assert.strictEqual(yield* life(store, { wallMs: noonMs + 500 }, sixth), 550);
      assert.deepStrictEqual(yield* life(store, { wallMs: noonMs + 5_000 }, waits), [0, 0, 0]);
    }),
  );

  it.effect("a process that is killed has said ahead that it uses its share, and the next one of that share waits a window", () =>
    Effect.gen(function* () {
      const killed = disk();
      const store = disk();
      // The last word of the life is lost; what was written while it lasted is not.
      const dying: StateStoreShape = {
        ...killed,
        write: (name, value) =>
          Effect.andThen(
            killed.write(name, value),
            Effect.suspend(() => (ended ? Effect.void : store.write(name, value))),
          ),
      };
      let ended = false;
      const share = { part: 2, of: 3 };
      const dies = Effect.gen(function* () {
        yield* use(1);
        yield* TestClock.adjust("2 seconds");
        yield* use(1);
        yield* TestClock.adjust("100 millis");
        ended = true;
      });
      yield* life(dying, { wallMs: noonMs, share }, dies);
      const waits = limiter((limiter) => [limiter.waitMs("ticker"), limiter.waitMs("candle")]);
      assert.deepStrictEqual(yield* life(store, { wallMs: noonMs + 2_300, share }, waits), [1_050, 0]);
      assert.deepStrictEqual(yield* life(store, { wallMs: noonMs + 2_300, share: { part: 3, of: 3 } }, waits), [0, 0], "another share");
      assert.deepStrictEqual(yield* life(store, { wallMs: noonMs + 5_200, share }, waits), [0, 0]);
    }),
  );

  it.effect("notes that are not ours are warned of and not used", () =>
    Effect.gen(function* () {
      const store = disk();
      yield* store.write("blocks", { "stub.test": { untilMs: "soon" } });
      yield* store.write("use-1of1", ["ticker"]);
      const state = limiter((limiter) => [limiter.blockedMs(), limiter.waitMs("ticker")]);
      assert.deepStrictEqual(yield* life(store, { wallMs: noonMs }, state), [0, 0]);
    }),
  );
});
