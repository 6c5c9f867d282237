import { assert, describe, it } from "@effect/vitest";
import { StorageError } from "../../src/errors/MarketDataError.ts";
import { defaultRouterConfig, layer as configLayer } from "../../src/RouterConfig.ts";
import { FlightFolder, type FlightFolderShape, makeMemoryFolder } from "../../src/tape/FlightFolder.ts";
import { FlightRecorder, layerTransport } from "../../src/tape/FlightRecorder.ts";
import type { StampedEvent } from "../../src/tape/TapeEvent.ts";
import { Transport } from "../../src/transport/Transport.ts";
import { Venue } from "../../src/transport/Venue.ts";
import { Effect, Exit, Fiber, Latch, Layer } from "effect";
import { TestClock } from "effect/testing";

const venue = Layer.succeed(Venue, { id: "v", host: "h", simulated: true } as Venue["Service"]);

const recorder = (folder: FlightFolderShape | undefined, knobs: Partial<typeof defaultRouterConfig.flightRecorder> = {}) =>
  FlightRecorder.layer.pipe(
    Layer.provide(venue),
    Layer.provide(configLayer({ flightRecorder: { ...defaultRouterConfig.flightRecorder, ...knobs } })),
    Layer.provide(Layer.succeed(FlightFolder, folder)),
  );

const eventsOf = (text: string | undefined): ReadonlyArray<StampedEvent> =>
  (text ?? "")
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => JSON.parse(line) as StampedEvent);

const only = (folder: ReturnType<typeof makeMemoryFolder>) => [...folder.written.values()];

describe("the flight recorder", () => {
  it.effect("writes what it holds when it is asked, with why and for which time", () => {
    const folder = makeMemoryFolder();
    return Effect.gen(function* () {
      const flight = yield* FlightRecorder;
      flight.recording?.frame(1, "a");
      yield* TestClock.adjust("3 seconds");
      flight.told({ event: "mode", from: "normal", to: "degraded", level: 1, reason: "r" });
      const dump = yield* flight.dump("by hand");
      assert.deepInclude(dump, { reason: "by hand", fromMs: 0, toMs: 3_000 });
      assert.deepStrictEqual(flight.status().last, dump);
      const events = eventsOf(folder.written.get(dump.path));
      assert.deepStrictEqual(
        events.map(({ event }) => event),
        ["flight", "frame", "mode", "end"],
      );
      assert.deepInclude(events[0], { reason: "by hand", mode: "normal" });
    }).pipe(Effect.provide(recorder(folder)));
  });

  it.effect("keeps its distance between those that it writes by itself, and loses no reason meanwhile", () => {
    const folder = makeMemoryFolder();
    return Effect.gen(function* () {
      const flight = yield* FlightRecorder;
      flight.dumpSoon("first");
      yield* TestClock.adjust("1 millis");
      assert.strictEqual(folder.written.size, 1);
      flight.dumpSoon("second");
      flight.dumpSoon("third");
      yield* TestClock.adjust("59 seconds");
      assert.strictEqual(folder.written.size, 1);
      yield* flight.dump("asked for");
      assert.strictEqual(folder.written.size, 2, "whoever asks does not wait");
      yield* TestClock.adjust("1 seconds");
      assert.strictEqual(folder.written.size, 3);
      assert.strictEqual(flight.status().last?.reason, "second; third");
      yield* TestClock.adjust("10 minutes");
      assert.strictEqual(folder.written.size, 3);
    }).pipe(Effect.provide(recorder(folder)));
  });

  it.effect("keeps so many recordings and no more", () => {
    const folder = makeMemoryFolder();
    return Effect.gen(function* () {
      const flight = yield* FlightRecorder;
      for (let nth = 0; nth < 5; nth++) yield* flight.dump(`number ${nth}`);
      assert.deepStrictEqual(
        only(folder).map((text) => (eventsOf(text)[0] as { readonly reason?: string }).reason),
        ["number 3", "number 4"],
      );
      assert.strictEqual(flight.status().dumps, 5);
    }).pipe(Effect.provide(recorder(folder, { dumpsKept: 2 })));
  });

  it.effect("leaves the oldest out of a recording that would be too long", () => {
    const folder = makeMemoryFolder();
    return Effect.gen(function* () {
      const flight = yield* FlightRecorder;
      for (let nth = 0; nth < 10; nth++) {
        flight.recording?.frame(1, `${nth} `.padEnd(10_000, "x"));
        flight.recording?.readEnd(1);
        yield* TestClock.adjust("30 seconds");
      }
      yield* flight.dump("short");
      const numbers = eventsOf(only(folder)[0]).flatMap((event) =>
        event.event === "frame" && "text" in event ? [Number.parseInt(event.text, 10)] : [],
      );
      assert.deepStrictEqual(numbers, [7, 8, 9]);
    }).pipe(Effect.provide(recorder(folder, { dumpBytes: 35_000 })));
  });

  it.effect("tells that a recording could not be written and tries again after the distance, and nobody else notices", () => {
    const memory = makeMemoryFolder();
    const disk = { isFull: true };
    const folder: FlightFolderShape = {
      ...memory,
      write: (name, kept, feed) =>
        disk.isFull
          ? Effect.fail(new StorageError({ operation: "write", path: name, code: "ENOSPC", detail: null }))
          : memory.write(name, kept, feed),
    };
    return Effect.gen(function* () {
      const flight = yield* FlightRecorder;
      flight.dumpSoon("why");
      yield* TestClock.adjust("30 seconds");
      assert.include(flight.status().failure, "ENOSPC");
      assert.strictEqual((yield* Effect.flip(flight.dump("by hand")))._tag, "StorageError");
      disk.isFull = false;
      yield* TestClock.adjust("30 seconds");
      assert.strictEqual(flight.status().last?.reason, "why");
      assert.isNull(flight.status().failure);
    }).pipe(Effect.provide(recorder(folder)));
  });

  it.effect("writes what it was asked for before it ends", () => {
    const folder = makeMemoryFolder();
    return Effect.gen(function* () {
      yield* Effect.provide(
        Effect.gen(function* () {
          const flight = yield* FlightRecorder;
          flight.dumpSoon("first");
          yield* TestClock.adjust("1 millis");
          flight.dumpSoon("the last thing that happened");
        }),
        recorder(folder),
      );
      assert.include(only(folder)[1], "the last thing that happened");
    });
  });

  it.effect("packs what is full while it goes on, and unpacks it for a recording", () => {
    const memory = makeMemoryFolder();
    const packed = new Map<Uint8Array, Uint8Array<ArrayBuffer>>();
    const folder: FlightFolderShape = {
      ...memory,
      pack: (bytes) =>
        Effect.sync(() => {
          const small = new Uint8Array(8);
          packed.set(small, bytes.slice());
          return small;
        }),
      unpack: (small) => Effect.sync(() => packed.get(small) ?? new Uint8Array()),
    };
    return Effect.gen(function* () {
      const flight = yield* FlightRecorder;
      for (let nth = 0; nth < 200; nth++) {
        flight.recording?.frame(1, `${nth} `.padEnd(1_000, "x"));
        flight.recording?.readEnd(1);
        yield* TestClock.adjust("1 seconds");
      }
      assert.isAbove(packed.size, 3);
      assert.isBelow(flight.status().bytes, 70_000);
      yield* flight.dump("all");
      const numbers = eventsOf(only(memory)[0]).flatMap((event) =>
        event.event === "frame" && "text" in event ? [Number.parseInt(event.text, 10)] : [],
      );
      assert.deepStrictEqual(
        numbers,
        Array.from({ length: 200 }, (_, nth) => nth),
      );
    }).pipe(Effect.provide(recorder(folder)));
  });

  it.effect("packs a few pieces at a time where many wait, and all of them in the end", () => {
    const memory = makeMemoryFolder();
    const isFree = Latch.makeUnsafe(false);
    const at = { once: 0, most: 0, done: 0 };
    const folder: FlightFolderShape = {
      ...memory,
      pack: (bytes) =>
        Effect.gen(function* () {
          at.most = Math.max(at.most, ++at.once);
          yield* isFree.await;
          at.once--;
          at.done++;
          return bytes.slice(0, 8);
        }),
    };
    return Effect.gen(function* () {
      const flight = yield* FlightRecorder;
      for (let nth = 0; nth < 200; nth++) {
        flight.recording?.frame(1, `${nth} `.padEnd(1_000, "x"));
        flight.recording?.readEnd(1);
        yield* TestClock.adjust("1 seconds");
      }
      assert.deepStrictEqual(at, { once: 3, most: 3, done: 0 });
      const plain = flight.status().bytes;
      yield* isFree.open;
      yield* TestClock.adjust("1 seconds");
      assert.strictEqual(at.most, 3);
      assert.strictEqual(at.once, 0);
      assert.isAbove(at.done, 5);
      assert.isBelow(flight.status().bytes, plain / 2);
    }).pipe(Effect.provide(recorder(folder)));
  });

  it.effect("is off by its knob and without a folder: nothing is kept, and asking for a recording says so", () =>
    Effect.gen(function* () {
      for (const [folder, knobs] of [[makeMemoryFolder(), { windowMs: 0 }] as const, [undefined, {}] as const]) {
        yield* Effect.gen(function* () {
          const flight = yield* FlightRecorder;
          assert.isUndefined(flight.recording);
          flight.dumpSoon("why");
          assert.deepInclude(flight.status(), { on: false, bytes: 0 });
          assert.strictEqual((yield* Effect.flip(flight.dump("why")))._tag, "Closed");
        }).pipe(Effect.provide(recorder(folder, knobs)));
        assert.strictEqual(folder?.written.size ?? 0, 0);
      }
    }),
  );

  it.effect("has no secret in it: not of headers, of addresses, nor of what an answer set", () => {
    const folder = makeMemoryFolder();
    const headers = { "set-cookie": "sid=C4NARY", "remaining-req": "group=ticker" };
    const inner = Transport.layerTest({ rest: () => Effect.succeed({ status: 200, headers, body: new Uint8Array() }) });
    return Effect.gen(function* () {
      const flight = yield* FlightRecorder;
      const transport = yield* Transport;
      const asked = { authorization: "Bearer C4NARY", "x-api-key": "C4NARY", accept: "a" };
      yield* transport.rest({ url: "https://me:C4NARY@h/v1/ticker?access_key=C4NARY&markets=KRW-BTC", headers: asked });
      const socket = transport.socket("wss://me:C4NARY@h/ws?token=C4NARY", {
        onFrame: () => {},
        onReadEnd: () => {},
        onPong: () => {},
        onClose: () => {},
      });
      assert.isTrue(Exit.isFailure(yield* Effect.exit(Effect.scoped(socket))));
      yield* flight.dump("look");
      const [text = ""] = only(folder);
      assert.notInclude(text, "C4NARY");
      assert.include(text, "markets=KRW-BTC");
      assert.include(text, "remaining-req");
    }).pipe(Effect.provide(layerTransport.pipe(Layer.provide(inner), Layer.provideMerge(recorder(folder)))));
  });

  it.effect("lets others run while it writes", () => {
    const folder = makeMemoryFolder();
    return Effect.gen(function* () {
      const flight = yield* FlightRecorder;
      for (let nth = 0; nth < 1_000; nth++) flight.recording?.frame(1, "x".repeat(1_000));
      let turns = 0;
      const other = yield* Effect.forkChild(
        Effect.forever(
          Effect.andThen(
            Effect.sync(() => void turns++),
            Effect.yieldNow,
          ),
        ),
        { startImmediately: true },
      );
      yield* flight.dump("long");
      assert.isAbove(turns, 5);
      yield* Fiber.interrupt(other);
    }).pipe(Effect.provide(recorder(folder)));
  });
});
