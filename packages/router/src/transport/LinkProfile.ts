/**
 * What kind of line this is, judged by what was measured of it, and what follows: in which spelling and whether compressed frames are asked for,
 * how long attempts may take, when a second one starts, how long questions are gathered. Pure: the state goes in and comes out.
 *
 * ```
 *            lag excess or load above `enter`                  far: round trip above `enter`
 *   fast ───────────────────────────────────────▶ thin         far wins over fast, thin over far,
 *        ◀───────────────────────────────────────              and deadlines are the larger of both
 *            both below `leave`, and full frames would fit again
 * ```
 *
 * Two thresholds and a dwell keep it from swinging. One trap needs more: short frames relieve a thin line, so its relief is no reason to go back.
 * What the line carried when it was found full is remembered as its capacity, and it is left only when full frames would fit in there.
 */
import type { LinkProfileName, LinkSettings, RouterConfigShape } from "../RouterConfig.ts";
import type { LinkFacts } from "./LinkMeter.ts";
import { respelled, type WireFormat } from "./Venue.ts";

/** Which facts made it so, with numbers: for logs and `health`. */
export type LinkReason =
  | { readonly _tag: "Unmeasured" }
  | { readonly _tag: "Lagging"; readonly lagExcessMs: number }
  | { readonly _tag: "Loaded"; readonly bytesPerS: number; readonly capacityBytesPerS: number }
  | { readonly _tag: "FarAway"; readonly rttMs: number }
  | { readonly _tag: "Relieved" };

export interface LinkProfile {
  readonly name: LinkProfileName;
  readonly isThin: boolean;
  readonly isFar: boolean;
  /** When the name last changed, monotonic milliseconds; -Infinity while it never has. */
  readonly sinceMs: number;
  readonly reason: LinkReason;
  /** What the line carried when it was found full, bytes a second; null while it never was. */
  readonly fullAtBytesPerS: number | null;
}

export const unmeasured: LinkProfile = {
  name: "fast",
  isThin: false,
  isFar: false,
  sinceMs: Number.NEGATIVE_INFINITY,
  reason: { _tag: "Unmeasured" },
  fullAtBytesPerS: null,
};

type Knobs = Pick<
  RouterConfigShape,
  | "thinLagMs"
  | "thinLoad"
  | "farRttMs"
  | "linkCapacityBytesPerS"
  | "profileDwellMs"
  | "linkProfiles"
  | "socketFormat"
  | "socketCompression"
  | "batchWindowMs"
>;

/** Full frames take this many times the bytes of compact ones, without compression. Measured on the emulated exchange: docs/explain/formats.md. */
const fullOverCompact = 1.5;

/** The profile after looking at the facts. The very same object when nothing changed. */
export const judgeLink = (profile: LinkProfile, facts: LinkFacts, nowMs: number, knobs: Knobs): LinkProfile => {
  if (nowMs - profile.sinceMs < knobs.profileDwellMs) return profile;
  const thin = judgeThin(profile, facts, knobs);
  const isFar = facts.rttMs === null ? profile.isFar : facts.rttMs >= (profile.isFar ? knobs.farRttMs.leave : knobs.farRttMs.enter);
  if (thin.isThin === profile.isThin && isFar === profile.isFar) return profile;
  const name = thin.isThin ? "thin" : isFar ? "far" : "fast";
  const reason: LinkReason =
    thin.isThin && !profile.isThin
      ? thin.reason
      : isFar && !profile.isFar
        ? { _tag: "FarAway", rttMs: facts.rttMs ?? 0 }
        : { _tag: "Relieved" };
  return { name, isThin: thin.isThin, isFar, sinceMs: nowMs, reason, fullAtBytesPerS: thin.fullAtBytesPerS };
};

interface Thinness {
  readonly isThin: boolean;
  readonly reason: LinkReason;
  readonly fullAtBytesPerS: number | null;
}

const judgeThin = (profile: LinkProfile, facts: LinkFacts, knobs: Knobs): Thinness => {
  const { linkCapacityBytesPerS: told, thinLagMs, thinLoad } = knobs;
  const wire = facts.wireBytesPerS;
  const lag = facts.lagExcessMs;
  const { reason, fullAtBytesPerS } = profile;
  if (!profile.isThin) {
    if (lag !== null && lag >= thinLagMs.enter)
      return { isThin: true, reason: { _tag: "Lagging", lagExcessMs: lag }, fullAtBytesPerS: wire ?? fullAtBytesPerS };
    if (told > 0 && wire !== null && wire >= told * thinLoad.enter)
      return { isThin: true, reason: { _tag: "Loaded", bytesPerS: wire, capacityBytesPerS: told }, fullAtBytesPerS: wire };
    return { isThin: false, reason, fullAtBytesPerS };
  }
  const capacity = told > 0 ? told : fullAtBytesPerS;
  // Nothing measured is no relief.
  const isQuick = lag !== null && lag <= thinLagMs.leave;
  const needed = facts.payloadBytesPerS === null ? null : facts.payloadBytesPerS * fullOverCompact;
  const fits = needed !== null && (capacity === null || needed <= capacity * thinLoad.leave);
  return { isThin: !(isQuick && fits), reason, fullAtBytesPerS };
};

/** What a profile comes to, with the knobs over it. */
export interface LinkDecision extends Omit<LinkSettings, "format" | "compress"> {
  readonly profile: LinkProfileName;
  readonly reason: LinkReason;
  /** For the next subscription. */
  readonly format: WireFormat;
  /** For the next connection. Undefined: as the transport does by itself. */
  readonly compress: boolean | undefined;
}

/** A request on a new connection: one trip for TCP, two for TLS, one for the request itself. */
const tripsOfARequest = 4;
/** What is asked over an open socket comes back in one. */
const tripsOfAnElement = 1;

/** `venueFormat` is the format the venue asks for by itself; lists stay lists. */
export const decide = (profile: LinkProfile, facts: LinkFacts, venueFormat: WireFormat, knobs: Knobs): LinkDecision => {
  const settings = knobs.linkProfiles[profile.name];
  const others = [settings, ...(profile.isFar ? [knobs.linkProfiles.far] : [])];
  const most = (of: (settings: LinkSettings) => number, trips = 0) => Math.max(...others.map(of), trips * (facts.timeoutMs ?? 0));
  return {
    profile: profile.name,
    reason: profile.reason,
    format: formatOf(settings, venueFormat, knobs),
    compress: knobs.socketCompression === "auto" ? (settings.compress ? true : undefined) : knobs.socketCompression === "on",
    attemptDeadlinesMs: {
      rest: most(({ attemptDeadlinesMs }) => attemptDeadlinesMs.rest, tripsOfARequest),
      websocket: most(({ attemptDeadlinesMs }) => attemptDeadlinesMs.websocket, tripsOfAnElement),
    },
    // A second attempt before the first can be late by the road's own measure only doubles the load.
    hedgeAfterMs: most(({ hedgeAfterMs }) => hedgeAfterMs, 1),
    batchWindowMs: Math.max(
      knobs.batchWindowMs,
      most(({ batchWindowMs }) => batchWindowMs),
    ),
  };
};

/** A knob that names a spelling wins over the profile's. */
const formatOf = ({ format }: LinkSettings, venueFormat: WireFormat, { socketFormat }: Knobs): WireFormat => {
  const spelling = socketFormat === "auto" ? format : socketFormat;
  return spelling === "venue" ? venueFormat : respelled(venueFormat, spelling);
};

/** One line for a log or a person. */
export const describeReason = (reason: LinkReason): string => {
  switch (reason._tag) {
    case "Unmeasured":
      return "nothing was measured that speaks against it";
    case "Lagging":
      return `messages come ${Math.round(reason.lagExcessMs)} ms later than they did`;
    case "Loaded":
      return `${Math.round(reason.bytesPerS)} of ${Math.round(reason.capacityBytesPerS)} bytes a second are in use`;
    case "FarAway":
      return `a round trip takes ${Math.round(reason.rttMs)} ms`;
    case "Relieved":
      return "the line is good again";
  }
};
