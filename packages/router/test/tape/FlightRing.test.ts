import { assert, describe, it } from "@effect/vitest";
import { entryHeaderBytes, type Piece } from "../../src/tape/FlightPiece.ts";
import { FlightRing, questionsPerSecond } from "../../src/tape/FlightRing.ts";
import { beginningOf, stretchesOf } from "../../src/tape/flightText.ts";
import type { StampedEvent } from "../../src/tape/TapeEvent.ts";
import { type Clock, Effect } from "effect";

/** A clock that a test moves. */
const hand = () => {
  const at = { ms: 1_000_000 };
  const clock: Clock.Clock = {
    currentTimeMillisUnsafe: () => at.ms,
    currentTimeMillis: Effect.sync(() => at.ms),
    currentTimeNanosUnsafe: () => BigInt(at.ms) * 1_000_000n,
    currentTimeNanos: Effect.sync(() => BigInt(at.ms) * 1_000_000n),
    monotonicTimeNanosUnsafe: () => BigInt(at.ms) * 1_000_000n,
    monotonicTimeNanos: Effect.sync(() => BigInt(at.ms) * 1_000_000n),
    sleep: () => Effect.void,
  };
  return { at, clock };
};

const subject = { venue: "v", host: "h", simulated: true, reason: "test", config: {} };

/** All that a ring would write. */
const textOf = (ring: FlightRing): ReadonlyArray<StampedEvent> => {
  const pieces = ring.take();
  const first = pieces[0] as Piece;
  const texts = [beginningOf(subject, first, 0), ...pieces.flatMap(({ bytes, used }) => [...stretchesOf(bytes, used, first.startedNanos)])];
  const [, ...lines] = texts.join("").trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as StampedEvent);
};

const ring = (bounds: { readonly windowMs?: number; readonly bytes?: number } = {}) => {
  const { at, clock } = hand();
  return { at, ring: new FlightRing({ windowMs: 600_000, bytes: 1 << 20, ...bounds }, clock) };
};

const frames = (events: ReadonlyArray<StampedEvent>) =>
  events.flatMap((event) => (event.event === "frame" && "text" in event ? [event.text] : []));

describe("the ring", () => {
  it("gives back what went in: text, bytes, bytes that are no text, answers and events, each with its clocks", () => {
    const { at, ring: held } = ring();
    held.record({ event: "connect", socket: 1, host: "h", target: "/" });
    at.ms += 5;
    held.frame(1, "비트코인");
    held.frame(1, new TextEncoder().encode('{"a":1}'));
    held.readEnd(1);
    held.frame(1, Uint8Array.of(0xff, 0xfe));
    held.readEnd(1);
    held.response(4, 200, { etag: "x" }, new TextEncoder().encode("[1]"));
    const [, ...events] = textOf(held);
    const stamp = { wall: 1_000_005, mono: 5e6 };
    assert.deepStrictEqual(events, [
      { event: "connect", wall: 1_000_000, mono: 0, socket: 1, host: "h", target: "/" },
      { event: "frame", ...stamp, socket: 1, binary: false, text: "비트코인" },
      { event: "frame", ...stamp, socket: 1, binary: true, text: '{"a":1}' },
      { event: "read_end", ...stamp, socket: 1 },
      { event: "frame", ...stamp, socket: 1, binary: true, base64: "//4=" },
      { event: "read_end", ...stamp, socket: 1 },
      { event: "response", ...stamp, request: 4, status: 200, headers: { etag: "x" }, text: "[1]" },
    ]);
  });

  it("copies what it is lent, and stamps a read once", () => {
    const { at, ring: held } = ring();
    const lent = new TextEncoder().encode("aa");
    held.frame(1, lent);
    lent.fill(98);
    at.ms += 7;
    held.frame(1, lent);
    held.readEnd(1);
    held.frame(1, lent);
    const [, ...events] = textOf(held);
    assert.deepStrictEqual(frames(events), ["aa", "bb", "bb"]);
    assert.deepStrictEqual(
      events.map(({ mono }) => mono),
      [0, 0, 0, 7e6],
    );
  });

  it("forgets what is older than its window, to a twentieth of it", () => {
    const { at, ring: held } = ring({ windowMs: 20_000 });
    for (let second = 0; second < 100; second++) {
      held.frame(1, `second ${second}`);
      held.readEnd(1);
      at.ms += 1_000;
    }
    const kept = frames(textOf(held));
    assert.strictEqual(kept.at(-1), "second 99");
    assert.isAtLeast(kept.length, 20);
    assert.isAtMost(kept.length, 22);
    assert.isAtMost(held.spanMs, 22_000);
    at.ms += 60_000;
    assert.deepStrictEqual(frames(textOf(held)), [], "and all of it in the end, although nothing came since");
  });

  it("never takes more memory than it was given, and gives up the oldest", () => {
    const bytes = 256 * 1024;
    const { at, ring: held } = ring({ bytes });
    const lengths = [3, 30, 300, 3_000, 30_000];
    for (let nth = 0; nth < 5_000; nth++) {
      held.frame(1, `${nth} `.padEnd(lengths[nth % lengths.length] ?? 0, "x"));
      if (nth % 3 === 0) held.readEnd(1);
      at.ms += 1;
      assert.isAtMost(held.bytes, bytes);
    }
    const kept = frames(textOf(held)).map((text) => Number.parseInt(text, 10));
    assert.isAbove(kept.length, 10);
    assert.deepStrictEqual(
      kept,
      Array.from({ length: kept.length }, (_, index) => 5_000 - kept.length + index),
    );
  });

  it("counts what is too large to be kept where it would stand", () => {
    const { ring: held } = ring({ bytes: 1 << 20 });
    held.frame(1, "before");
    held.frame(1, new Uint8Array(300_000));
    held.frame(1, new Uint8Array(400_000));
    held.record({ event: "pong", socket: 1 });
    const [, , dropped, pong] = textOf(held);
    assert.deepInclude(dropped, { event: "dropped", events: 2, bytes: 700_000, reason: "too_large", sinceMono: 0, sinceWall: 1_000_000 });
    assert.strictEqual(pong?.event, "pong");
  });

  it("keeps so many questions of a second and counts the others", () => {
    const { at, ring: held } = ring();
    for (let nth = 0; nth < 1_000; nth++) held.asked({ nth }, 1);
    at.ms += 1_000;
    held.asked({ nth: 1_000 }, 1);
    const [, ...events] = textOf(held);
    assert.strictEqual(events.length, questionsPerSecond + 2);
    assert.deepInclude(events.at(-2), { event: "dropped", events: 1_000 - questionsPerSecond, reason: "too_many_questions" });
    assert.deepInclude(events.at(-1), { event: "ask", question: { nth: 1_000 } });
  });

  it("begins with what was open when its oldest piece began, and with nothing that ended before", () => {
    const { at, ring: held } = ring({ windowMs: 1_000 });
    const opened = (socket: number) => {
      held.record({ event: "connect", socket, host: "h", target: "/" });
      held.record({ event: "open", socket });
      held.record({ event: "send", socket, text: `subscription of ${socket}` });
    };
    opened(1);
    opened(2);
    held.record({ event: "connect", socket: 3, host: "h", target: "/" });
    held.record({ event: "close", socket: 1, code: 1006, reason: "", by: "peer" });
    for (const request of [1, 2]) held.record({ event: "request", request, method: "GET", host: "h", target: "/v1", headers: {} });
    held.response(1, 200, {}, new Uint8Array());
    held.record({ event: "mode", from: "normal", to: "fallback", level: 2, reason: "r" });
    at.ms += 5_000;
    held.frame(2, "late");
    assert.deepStrictEqual(
      textOf(held).map((event) => [event.event, "socket" in event ? event.socket : "request" in event ? event.request : 0]),
      [
        ["flight", 0],
        ["connect", 2],
        ["open", 2],
        ["send", 2],
        ["connect", 3],
        ["request", 2],
        ["frame", 2],
      ],
    );
    assert.deepInclude(textOf(held)[0], { event: "flight", mode: "fallback" });
  });

  it("counts a packed piece with what it takes, and leaves one alone that a recording still reads", () => {
    const { at, ring: held } = ring({ windowMs: 20_000, bytes: 1 << 20 });
    held.frame(1, "x".repeat(10_000));
    at.ms += 2_000;
    held.frame(1, "y");
    held.take();
    const piece = held.unpacked();
    assert.isDefined(piece);
    if (piece === undefined) return;
    assert.isAtLeast(piece.used, 10_000 + entryHeaderBytes);
    const [before, taken, plain] = [held.bytes, held.take()[0], piece.bytes];
    held.packed(piece, new Uint8Array(100));
    assert.strictEqual(held.bytes, before - plain.length + 100);
    assert.strictEqual(taken, piece);
    assert.isTrue(piece.isPacked);
    // Whatever of it named the memory it was plain in would keep that for as long as the piece is there.
    for (const part of Object.values(piece)) assert.isFalse(ArrayBuffer.isView(part) && part.buffer === plain.buffer);
    assert.notStrictEqual(held.unpacked(), piece);
    // One that has left the ring is not counted again.
    at.ms += 100_000;
    const left = held.unpacked();
    held.frame(1, "z");
    const after = held.bytes;
    if (left !== undefined) held.packed(left, new Uint8Array(1));
    assert.strictEqual(held.bytes, after);
  });

  it("writes into the memory of a piece that was packed, and never into one that a recording may still read", () => {
    const bytes = 1 << 20;
    const { at, ring: held } = ring({ bytes });
    const buffers = new Set<ArrayBufferLike>();
    let [nth, packed] = [0, 0];
    const fill = (count: number) => {
      for (const until = nth + count; nth < until; nth++) {
        held.frame(1, `${nth} `.padEnd(1_000, "x"));
        held.readEnd(1);
        at.ms += 1;
        for (let piece = held.unpacked(); piece !== undefined; piece = held.unpacked()) {
          buffers.add(piece.bytes.buffer);
          // What a packer would make of it is not looked at here; it is as long as its first frame.
          held.packed(piece, piece.bytes.slice(0, 1_000));
          packed++;
        }
        assert.isAtMost(held.bytes, bytes);
      }
    };
    fill(3_000);
    assert.isAbove(packed, 40);
    // Those it grew through, and two in turn.
    assert.isAtMost(buffers.size, 6);
    const lengths = held.take().reduce((sum, piece) => sum + piece.bytes.length, 0);
    assert.isAtLeast(held.bytes, lengths);
    assert.isAtMost(held.bytes, lengths + 3 * (bytes >> 4), "with some to write into");
    // Somewhere among these is a piece that is more than half full, whose memory is worth keeping.
    for (let more = 1; more <= 61; more += 12) {
      fill(more);
      const newest = held.take().at(-1);
      assert.isFalse(newest?.isPacked);
      const [plain, was] = [newest?.bytes ?? new Uint8Array(), newest?.bytes.slice()];
      fill(400);
      assert.deepStrictEqual(plain, was);
      assert.notStrictEqual(newest?.bytes, plain);
    }
  });
});
