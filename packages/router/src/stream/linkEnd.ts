/** The ends of a socket's life in the words of the ledger and of people. */
import type { LinkEndReason } from "../health/LiveMetrics.ts";
import type { SessionEnd } from "../transport/SessionEnd.ts";

export const endReasons: Readonly<Record<SessionEnd["_tag"], LinkEndReason>> = {
  Closed: "closed",
  Silent: "silent",
  Mute: "silent",
  Failed: "failed",
  Unwanted: "unwanted",
  Slept: "replaced",
};

export const describeEnd = (end: SessionEnd): string => {
  switch (end._tag) {
    case "Closed":
      return end.reason === "" ? `closed ${end.code}` : `closed ${end.code}: ${end.reason.slice(0, 120)}`;
    case "Silent":
      return `silent for ${Math.round(end.silentMs)} ms`;
    case "Mute":
      return `pongs without data: ${end.keys.length} keys are silent, and REST has newer`;
    case "Unwanted":
      return "unwanted";
    case "Slept":
      return `replaced after a sleep of ${Math.round(end.sleptMs / 1_000)} s`;
    case "Failed":
      return `${end.error._tag}: ${end.error.message}`;
  }
};

/** Codes by which a peer, or our own socket, says that the bytes made no sense, and those that nobody may send. */
export const isProtocolBreak = (code: number): boolean =>
  [1002, 1003, 1007, 1010, 1015].includes(code) || code < 1000 || code >= 5000 || (code > 1015 && code < 3000);
