/** Faults of a socket's life: how it is refused, how it ends, and how it lives on without being alive. */
import { sendableReason } from "../../socket/closeCode.ts";
import type { SessionAction } from "../Hooks.ts";
import { choice, flag, millis, optionalWhole, text, whole } from "../Parameter.ts";
import { linkVerb } from "../Verb.ts";

const closing = {
  code: whole("The close code; 1006 is none, and some cannot be sent lawfully", 1000, { max: 65_535 }),
  reason: text("The reason in the close frame, cut after 123 bytes", ""),
};

const how = choice("How it ends", ["fin", "rst"]);

const dropped = (by: "fin" | "rst"): SessionAction => ({ _tag: "Drop", reset: by === "rst" });

/** 1006 says that no close frame came: it is brought about by sending none. */
const closed = (code: number, reason: string): SessionAction =>
  code === 1006 ? dropped("fin") : { _tag: "Close", code, reason: sendableReason(reason) };

const refusals = new Map<number, string>([
  [200, '{"status":"OK"}'],
  [401, '{"error":{"name":"invalid_access_key","message":"unauthorized"}}'],
  [403, "<html><body>Forbidden</body></html>"],
  [418, "Too many API requests. Blocked for 60 seconds."],
  [429, "Too many API requests."],
]);

export const connectionVerbs = [
  linkVerb(
    "refuse-upgrade",
    { about: "The handshake is answered by something else", ids: ["B05", "B06", "C19"] },
    {
      status: whole("HTTP status; 200 is an answer without an upgrade", 503, { min: 200, max: 599 }),
    },
    ({ status }) => ({
      onUpgrade: () => ({
        _tag: "Scripted",
        status,
        headers: { "content-type": "text/plain;charset=UTF-8" },
        body: refusals.get(status) ?? "Service Temporarily Unavailable",
      }),
    }),
  ),
  linkVerb("upgrade-hang", { about: "The handshake is never answered", ids: ["B07", "B19"] }, {}, () => ({
    onUpgrade: () => ({ _tag: "Hang" }),
  })),
  linkVerb("upgrade-reset", { about: "The connection is reset during the handshake", ids: ["B19"] }, {}, () => ({
    onUpgrade: () => ({ _tag: "Reset" }),
  })),
  linkVerb(
    "close",
    { about: "Open sockets are closed with a code, once", ids: ["B08", "B10", "B11", "B12", "B13", "B14", "B15", "B18"] },
    closing,
    ({ code, reason }) => ({ onBegin: () => closed(code, reason) }),
  ),
  linkVerb("cut", { about: "Open sockets are gone without a close frame, once", ids: ["B09", "B18", "B20", "C05"] }, { how }, (given) => ({
    onBegin: () => dropped(given.how),
  })),
  linkVerb(
    "accept-then-close",
    { about: "Sockets open and are closed at once", ids: ["B17", "B19"] },
    {
      code: whole("The close code; 1006 is none", 1006, { max: 65_535 }),
      reason: closing.reason,
      delayMs: millis("So long after they opened", 0),
    },
    ({ code, reason, delayMs }) => ({ onOpen: () => ({ action: closed(code, reason), delayMs }) }),
  ),
  linkVerb(
    "rst_after_n_frames",
    { about: "Sockets break after so many frames", ids: ["B09", "B19", "C05"] },
    {
      frames: whole("Frames of one connection that are sent before", 5),
      how: choice("How it ends", ["rst", "fin"]),
    },
    ({ frames, how: by }) => {
      const sent = new Map<number, number>();
      return {
        onFrameOut: (_frame, { connection }) => {
          const before = sent.get(connection) ?? 0;
          if (before >= frames) {
            sent.delete(connection);
            return [dropped(by)];
          }
          if (sent.size > 10_000) sent.clear();
          sent.set(connection, before + 1);
          return undefined;
        },
      };
    },
  ),
  linkVerb(
    "half_open",
    {
      about: "Sockets stay open and nothing comes or goes: not a frame, not a pong",
      ids: ["B01", "B19", "B20"],
    },
    {
      newToo: flag("Also sockets that open while it lasts"),
      stops: choice("Whether the client's messages are lost too", ["both", "out"]),
    },
    ({ newToo, stops }) => ({
      isDead: (direction, wasOpen) => ((newToo || wasOpen) && (stops === "both" || direction === "out") ? true : undefined),
    }),
  ),
  linkVerb("no-pong", { about: "Protocol pings stay unanswered while data flows", ids: ["B02"] }, {}, () => ({ ignoresPing: () => true })),
  linkVerb("close-unanswered", { about: "The client's close frame stays unanswered", ids: ["B16"] }, {}, () => ({
    ignoresClose: () => true,
  })),
  linkVerb(
    "message-too-big",
    { about: "A message of the client that is too long closes its socket with 1009", ids: ["B11"] },
    {
      bytes: whole("The longest that is taken", 4_096),
    },
    ({ bytes }) => ({
      onFrameIn: (message) => (Buffer.byteLength(message) > bytes ? { _tag: "Close", code: 1009, reason: "message too big" } : undefined),
    }),
  ),
  linkVerb("deaf", { about: "Messages of the client are lost; pings are answered", ids: ["B04"] }, {}, () => ({
    onFrameIn: () => ({ _tag: "Ignore" }),
  })),
  linkVerb(
    "ignore-subscription",
    { about: "Some codes of a subscription bring nothing, without a word", ids: ["B04"] },
    {
      codes: optionalWhole("How many codes of each type, from the end; without it all", { min: 1 }),
    },
    ({ codes }) => ({
      onSubscribe: (types) => ({
        types: types.map((one) => ({
          ...one,
          codes: codes === undefined ? [] : one.codes.slice(0, Math.max(0, one.codes.length - codes)),
        })),
      }),
    }),
  ),
  linkVerb(
    "error-frame",
    { about: "A good subscription is answered by an error frame and a close", ids: ["B28", "B33"] },
    {
      name: text("The error's name", "INVALID_PARAM"),
      message: text("The error's message", "지원하지 않는 파라미터 값이 포함되어 있습니다."),
    },
    ({ name, message }) => ({ onSubscribe: () => ({ types: [], error: { name, message } }) }),
  ),
] as const;
