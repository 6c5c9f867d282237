/** Faults of frames on their way: lost, doubled, late, out of order, in another form than expected, or no frames at all by the protocol. */
import { statusFrame } from "../../wire/SocketFrames.ts";
import type { Outgoing, OutFrame } from "../Hooks.ts";
import { choice, fraction, millis, optionalText, whole } from "../Parameter.ts";
import { frameVerb } from "../Verb.ts";

const encoder = new TextEncoder();

const send = (frame: OutFrame): Outgoing => ({ _tag: "Send", frame });

const isData = (frame: OutFrame): boolean => frame.market !== undefined;

/** Wire bytes that no WebSocket peer sends. `deflate`: a compressed message that does not inflate. */
const protocolErrors = {
  deflate: Uint8Array.of(0xc2, 0x06, 0xff, 0xff, 0x00, 0xba, 0xdb, 0xad),
  "reserved-bits": Uint8Array.of(0xb2, 0x02, 0x7b, 0x7d),
  opcode: Uint8Array.of(0x83, 0x02, 0x7b, 0x7d),
  "lone-continuation": Uint8Array.of(0x80, 0x02, 0x7b, 0x7d),
};

export const frameVerbs = [
  frameVerb("zombie", { about: "Data stops while pings and lists are answered", ids: ["B03"] }, {}, () => ({
    onFrameOut: (frame) => (isData(frame) ? [] : undefined),
  })),
  frameVerb(
    "drop-frames",
    { about: "Some frames are lost while the link is up", ids: ["C03"] },
    {
      type: optionalText("Only frames of this type; trades show it best"),
      probability: fraction("How likely each is lost", 0.01),
    },
    () => ({ onFrameOut: (frame) => (isData(frame) ? [] : undefined) }),
  ),
  frameVerb(
    "dup",
    { about: "Frames come more than once", ids: ["B24", "B31"] },
    {
      copies: whole("How many more", 1, { min: 1, max: 1_000 }),
    },
    ({ copies }) => ({
      onFrameOut: (frame) => (isData(frame) ? Array.from({ length: copies + 1 }, () => send(frame)) : undefined),
    }),
  ),
  frameVerb(
    "reorder",
    { about: "Frames are overtaken by later ones", ids: ["B25"] },
    {
      window: whole("By at most so many", 8, { min: 1, max: 1_000 }),
      holdMs: millis("A frame that nothing overtakes leaves after", 250),
    },
    ({ window, holdMs }) => ({
      onFrameOut: (frame, _connection, { chance }) => {
        const overtakenBy = Math.floor(chance() * (window + 1));
        if (!isData(frame) || overtakenBy === 0) return undefined;
        return [{ _tag: "Send", frame, delayMs: holdMs, overtakenBy }];
      },
    }),
  ),
  frameVerb(
    "late-frames",
    { about: "Frames leave late; those of a subscription that was replaced still come", ids: ["B26", "B34"] },
    {
      delayMs: millis("How late", 10_000),
      jitterMs: millis("At most so much more", 0),
    },
    ({ delayMs, jitterMs }) => ({
      onFrameOut: (frame, _connection, { chance }) => [{ _tag: "Send", frame, delayMs: delayMs + Math.floor(chance() * jitterMs) }],
    }),
  ),
  frameVerb(
    "late-snapshot",
    { about: "A snapshot leaves after newer realtime frames", ids: ["C17"] },
    {
      delayMs: millis("How late", 3_000),
    },
    ({ delayMs }) => ({
      onFrameOut: (frame) => (/"(?:stream_type|st)":"SNAPSHOT"/.test(frame.text) ? [{ _tag: "Send", frame, delayMs }] : undefined),
    }),
  ),
  frameVerb("text-frames", { about: "Frames are text instead of binary", ids: ["B22"], doors: ["loopback"] }, {}, () => ({
    onFrameOut: (frame) => [send({ ...frame, as: "text" })],
  })),
  frameVerb(
    "fragmented-frames",
    { about: "A message comes in pieces", ids: ["B21"], doors: ["loopback"] },
    {
      parts: whole("How many", 3, { min: 2, max: 100 }),
    },
    ({ parts }) => ({ onFrameOut: (frame) => [send({ ...frame, fragments: parts })] }),
  ),
  frameVerb("empty-frames", { about: "A message of no bytes comes before each", ids: ["B21"] }, {}, () => ({
    onFrameOut: (frame) => [send({ ...frame, kind: "empty", text: "" }), send(frame)],
  })),
  frameVerb(
    "invalid-utf8-frames",
    { about: "A frame holds a byte that no text has", ids: ["B22"] },
    {
      as: choice("How the message leaves", ["binary", "text"]),
    },
    ({ as }) => ({
      onFrameOut: (frame) => {
        const bytes = encoder.encode(frame.text);
        const place = bytes.lastIndexOf(0x22);
        if (place >= 0) bytes[place - 1] = 0xff;
        return [send({ ...frame, bytes, as })];
      },
    }),
  ),
  frameVerb("garbage-frames", { about: "A frame is cut in the middle of its JSON", ids: ["B22"] }, {}, () => ({
    onFrameOut: (frame) => [send({ ...frame, text: frame.text.slice(0, frame.text.length >> 1) })],
  })),
  frameVerb(
    "protocol-error",
    { about: "Bytes that break the WebSocket protocol", ids: ["B15", "B23"], doors: ["loopback"] },
    {
      what: choice("What is wrong", ["deflate", "reserved-bits", "opcode", "lone-continuation"]),
    },
    ({ what }) => ({ onFrameOut: (frame) => [send({ ...frame, kind: "garbage", bytes: protocolErrors[what], raw: true })] }),
  ),
  frameVerb(
    "oversize-frames",
    { about: "A frame is followed by spaces; with compression they are few on the wire", ids: ["B23"] },
    {
      bytes: whole("Its length", 2 * 1024 * 1024, { min: 1, max: 64 * 1024 * 1024 }),
    },
    ({ bytes }) => ({
      onFrameOut: (frame) => {
        const text = encoder.encode(frame.text);
        const padded = new Uint8Array(Math.max(bytes, text.length)).fill(0x20);
        padded.set(text);
        return [send({ ...frame, bytes: padded })];
      },
    }),
  ),
  frameVerb("status-frames", { about: "A status message stands between the data", ids: ["B27"] }, {}, () => ({
    onFrameOut: (frame) => (isData(frame) ? [send({ kind: "status", market: undefined, text: statusFrame }), send(frame)] : undefined),
  })),
] as const;
