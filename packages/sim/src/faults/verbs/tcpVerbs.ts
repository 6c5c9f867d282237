/**
 * Faults of the bytes of a TCP connection, by Toxiproxy's names. The proxy in front of the loopback server acts on them; the exchange itself
 * never sees them, so they fill no hooks.
 */
import { choice, flag, fraction, millis, optionalWhole, whole } from "../Parameter.ts";
import { linkVerb } from "../Verb.ts";

const proxy = ["proxy"] as const;
const direction = choice("Which bytes: to the client, to the exchange, or both", ["down", "up", "both"]);

export const tcpVerbs = [
  linkVerb(
    "latency",
    { about: "Bytes arrive late", ids: ["A05", "B26"], doors: proxy },
    {
      direction,
      latencyMs: millis("How late", 1_000),
      jitterMs: millis("At most so much more or less", 0),
    },
    () => ({}),
  ),
  linkVerb("down", { about: "Connections are cut and new ones refused", ids: ["A01", "B18", "B20", "C05"], doors: proxy }, {}, () => ({})),
  linkVerb(
    "bandwidth",
    { about: "Bytes come no faster than this", ids: ["A06"], doors: proxy },
    {
      direction,
      bytesPerSecond: whole("Bytes a second", 1_024, { min: 1 }),
    },
    () => ({}),
  ),
  linkVerb(
    "slow_close",
    { about: "A closed connection stays half closed for a while", ids: ["B16"], doors: proxy },
    {
      delayMs: millis("For how long", 5_000),
    },
    () => ({}),
  ),
  linkVerb(
    "timeout",
    { about: "Bytes are swallowed; then the connection closes", ids: ["A04", "B07", "B20"], doors: proxy },
    {
      direction: choice("Which bytes", ["both", "down", "up"]),
      timeoutMs: millis("Closes so long after; 0 never closes", 0),
    },
    () => ({}),
  ),
  linkVerb(
    "reset_peer",
    { about: "Connections are reset", ids: ["A02", "B09"], doors: proxy },
    {
      timeoutMs: millis("So long after they opened", 0),
    },
    () => ({}),
  ),
  linkVerb(
    "slicer",
    { about: "Bytes arrive in small pieces", ids: ["A06", "B21"], doors: proxy },
    {
      direction,
      bytes: whole("Size of a piece", 16, { min: 1 }),
      variationBytes: whole("At most so much more or less", 0),
      delayMs: millis("Between two pieces", 10),
    },
    () => ({}),
  ),
  linkVerb(
    "limit_data",
    { about: "A connection ends after so many bytes", ids: ["A03", "A11", "A16"], doors: proxy },
    {
      direction,
      bytes: whole("Bytes let through", 1_024),
      reset: flag("Ends it by a reset; otherwise orderly"),
    },
    () => ({}),
  ),
  linkVerb(
    "corrupt",
    { about: "Some bytes arrive changed", ids: ["A12", "B22"], doors: proxy },
    {
      direction,
      rate: fraction("How likely a byte is changed", 0.001),
      limit: optionalWhole("At most so many bytes of one connection"),
    },
    () => ({}),
  ),
] as const;
