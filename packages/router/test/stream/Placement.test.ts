import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import { keyId, type StreamKey } from "../../src/domain/StreamKey.ts";
import { homesOf, placeAll, type PlacementOptions, socketsFor, standInFor } from "../../src/stream/Placement.ts";
import { bookKey, candleKey, market, tickerKey, tradesKey } from "./exchange.ts";

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }));

/** Four kinds of so many markets, by names like the exchange's. */
const keysOf = (markets: number): ReadonlyArray<StreamKey> =>
  Array.from({ length: markets }, (_, at) => market(`KRW-${at.toString(36).toUpperCase()}COIN`)).flatMap((of) => [
    tickerKey(of),
    tradesKey(of),
    bookKey(of, 15),
    candleKey(of),
  ]);

const names = keysOf(250).map(keyId);
const shareOf = (socket: number, sockets: number, copies = 1): number =>
  names.filter((id) => homesOf(id, sockets, copies).includes(socket)).length / names.length;

describe("where a key lives", () => {
  it("a socket more takes its fair share from all, and moves nothing between the old ones", () => {
    for (let sockets = 1; sockets < 10; sockets++) {
      const moved = names.filter((id) => homesOf(id, sockets, 1)[0] !== homesOf(id, sockets + 1, 1)[0]);
      for (const id of moved) assert.deepStrictEqual(homesOf(id, sockets + 1, 1), [sockets]);
      const fair = names.length / (sockets + 1);
      // Four standard deviations of a fair draw.
      assert.approximately(moved.length, fair, 4 * Math.sqrt(fair * (1 - 1 / (sockets + 1))), `${sockets} sockets`);
    }
  });

  it("keys spread evenly, also with two copies", () => {
    for (let sockets = 2; sockets <= 8; sockets++) {
      for (const copies of [1, 2]) {
        for (let socket = 0; socket < sockets; socket++) {
          const fair = copies / sockets;
          assert.approximately(shareOf(socket, sockets, copies), fair, Math.max(0.001, 4 * Math.sqrt((fair * (1 - fair)) / names.length)));
        }
      }
    }
  });

  it("the kinds of one market are spread as well, for none of them may fill a socket alone", () => {
    const together = keysOf(250).filter((key) => homesOf(keyId(key), 2, 1)[0] === homesOf(keyId(tickerKey(key.market)), 2, 1)[0]);
    // The tickers are with themselves; of the other three quarters about half.
    assert.approximately(together.length / 1_000, 0.25 + 0.375, 0.05);
  });

  it.prop(
    "copies live on different sockets, of those that exist, and the first choice stays first with more copies",
    { at: between(0, names.length - 1), sockets: between(1, 16), copies: between(1, 3) },
    ({ at, sockets, copies }) => {
      const homes = homesOf(names[at]!, sockets, copies);
      assert.strictEqual(new Set(homes).size, Math.min(sockets, copies));
      for (const home of homes) assert.isTrue(home >= 0 && home < sockets);
      assert.strictEqual(homes[0], homesOf(names[at]!, sockets, 1)[0]);
    },
  );

  it.prop(
    "whoever stands in is up, is the first choice where that is up, and is nobody only when nobody is",
    { at: between(0, names.length - 1), up: Schema.Array(between(0, 7)).check(Schema.isMaxLength(8)) },
    ({ at, up }) => {
      const standIn = standInFor(names[at]!, up);
      const choice = homesOf(names[at]!, 8, 8);
      assert.strictEqual(
        standIn,
        choice.find((socket) => up.includes(socket)),
      );
    },
  );

  it("the placement of all is that of each", () => {
    const keys = keysOf(5);
    const placed = placeAll(keys, 3, 2);
    assert.deepStrictEqual(
      placed,
      keys.map((key) => ({ id: keyId(key), homes: homesOf(keyId(key), 3, 2) })),
    );
  });
});

describe("how many sockets", () => {
  const options: PlacementOptions = { keysPerSocket: 100, maxSockets: 4, copies: 1 };

  it("one is enough until it would be filled to nine tenths, and never are there more than allowed", () => {
    assert.deepStrictEqual(
      [0, 1, 90, 91, 180, 181, 270, 271, 10_000].map((keys) => socketsFor(keys, 1, options)),
      [1, 1, 1, 2, 2, 3, 3, 4, 4],
    );
  });

  it("one is given up only when the others are filled to six tenths then", () => {
    assert.deepStrictEqual(
      [91, 90, 61, 60, 1, 0].map((keys) => socketsFor(keys, 2, options)),
      [2, 2, 2, 1, 1, 1],
    );
  });

  it("two copies are two sockets from the first key on, where two are allowed", () => {
    const twice = { ...options, copies: 2 };
    assert.deepStrictEqual(
      [0, 1, 90, 91].map((keys) => socketsFor(keys, 1, twice)),
      [2, 2, 2, 3],
    );
    assert.strictEqual(socketsFor(50, 1, { ...twice, maxSockets: 1 }), 1);
  });

  it.prop(
    "asked again nothing changes, more keys never want fewer, and a key more or less after a change changes nothing back",
    {
      keys: between(0, 600),
      used: between(1, 6),
      keysPerSocket: between(1, 200),
      maxSockets: between(1, 6),
      copies: between(1, 2),
    },
    ({ keys, used, ...knobs }) => {
      const current = Math.min(used, knobs.maxSockets);
      const sockets = socketsFor(keys, current, knobs);
      assert.strictEqual(socketsFor(keys, sockets, knobs), sockets);
      assert.isAtMost(sockets, knobs.maxSockets);
      assert.isAtLeast(socketsFor(keys + 1, current, knobs), sockets);
      // Sockets so small that one key is a quarter of one have no room for hysteresis.
      if (sockets !== current && knobs.keysPerSocket >= 10) {
        for (const keysNow of [keys - 1, keys + 1]) {
          const changedBack =
            sockets > current ? socketsFor(keysNow, sockets, knobs) < sockets : socketsFor(keysNow, sockets, knobs) > sockets;
          assert.isFalse(changedBack && keysNow >= 0, `${keysNow} keys`);
        }
      }
    },
    { arbitrary: { runs: 500 } },
  );
});
