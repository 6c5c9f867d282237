import { assert, describe, it } from "@effect/vitest";
import { defaultRouterConfig } from "@naru/router/RouterConfig";
import { Effect } from "effect";
import { messagesPerTurn, ReadTurns } from "../src/ReadTurns.ts";

/** A socket that has very many reads of so many messages for its reader, each in a microtask of its own, while it does not pause. */
const flooded = (perRead: number) => {
  const socket = {
    isPaused: false,
    came: 0,
    reads: 0,
    pause: () => void (socket.isPaused = true),
    resume: () => {
      socket.isPaused = false;
      void read();
    },
  };
  const turns = new ReadTurns(socket, () => void socket.reads++);
  const read = async () => {
    for (let reads = 0; reads < 32 && !socket.isPaused; reads++) {
      for (let message = 0; message < perRead; message++) {
        turns.message();
        socket.came++;
      }
      await Promise.resolve();
    }
  };
  return { socket, read };
};

const turn = Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)));

describe("the reads of a flood", () => {
  it.live("leave everybody a turn, long before a consumer's buffer can be full", () =>
    Effect.gen(function* () {
      // Trades of the shortest spelling: a read of 64 KiB has some 250 of them.
      const perRead = 250;
      const { socket, read } = flooded(perRead);
      void read();
      for (let turns = 1; turns <= 5; turns++) {
        const before = socket.came;
        yield* turn;
        assert.isAtMost(socket.came - before, messagesPerTurn + perRead);
        assert.strictEqual(socket.reads * perRead, socket.came);
      }
      assert.isAtLeast(socket.came, 4 * messagesPerTurn);
      assert.isBelow(messagesPerTurn + perRead, defaultRouterConfig.streamBuffer);
    }),
  );

  it.live("go on without a pause where a turn brings few messages", () =>
    Effect.gen(function* () {
      const { socket, read } = flooded(1);
      void read();
      yield* turn;
      assert.deepStrictEqual([socket.came, socket.reads, socket.isPaused], [32, 32, false]);
    }),
  );
});
