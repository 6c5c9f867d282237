/**
 * The places of the emulated exchange where a fault may act. A verb fills in those it needs; everything else goes its ordinary way. A hook that
 * returns `undefined` did nothing, and the fault does not count as fired.
 */
import type { ExchangeResponse } from "../Exchange.ts";
import type { Emitted } from "../socket/MarketStream.ts";
import type { TypeRequest } from "../socket/ClientMessage.ts";
import type { ServerLimits } from "../rest/ServerLimits.ts";
import type { FaultDoor } from "./Verb.ts";
import type { JsonObject } from "./JsonText.ts";

/** The moment a fault fires. */
export interface Firing {
  readonly nowMs: number;
  /** When the fault began. */
  readonly fromMs: number;
  /** When it ends; `Infinity` without an end. */
  readonly untilMs: number;
  /** The next fraction in [0, 1) of this fault's own sequence, which the exchange's seed decides. */
  readonly chance: () => number;
}

export interface RequestTarget {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly ip: string;
  /** The limit group by its wire name; `undefined` for upgrades and for paths that do not exist. */
  readonly group: string | undefined;
  readonly limits: ServerLimits;
  /** Which door it came through. */
  readonly door: FaultDoor;
}

/** A request that the exchange answered. */
export interface Answered extends RequestTarget {
  /** What the exchange would have answered to another query, or at another time. */
  readonly answerTo: (query: URLSearchParams, nowMs: number) => string;
}

/** An answer in place of the exchange's own: the usual headers are added to those given, and `null` removes one. */
export interface ScriptedAnswer {
  readonly _tag: "Scripted";
  readonly status: number;
  readonly headers: Readonly<Record<string, string | null>>;
  readonly body: string | Uint8Array;
  readonly cutAfter?: number | undefined;
  /** How the ledger files it. Default `fault`. */
  readonly verdict?: "banned" | "limited" | undefined;
}

/** `ConnectFailed`: there was no connection to begin with. */
export type NoAnswer =
  | { readonly _tag: "Hang" }
  | { readonly _tag: "Reset" }
  | { readonly _tag: "ConnectHang" }
  | { readonly _tag: "ConnectFailed"; readonly phase: "dns" | "connect" | "tls"; readonly code: string };

export type Verdict = ScriptedAnswer | NoAnswer;

/** One connection, as faults know it. */
export interface ConnectionTarget {
  readonly connection: number;
  readonly openedMs: number;
}

export interface OutFrame {
  readonly kind: string;
  /** `undefined` where the frame concerns no one market. */
  readonly market: string | undefined;
  readonly text: string;
  /** The elements it is made of, where a list format puts several into one frame. */
  readonly parts?: ReadonlyArray<Pick<OutFrame, "kind" | "market" | "text" | "emitted">> | undefined;
  /** What the exchange made it of; what it says is written down unless a fault changed the text. */
  readonly emitted?: Emitted | undefined;
  /** Sent in place of the text. */
  readonly bytes?: Uint8Array | undefined;
  /** How the message leaves. Default binary. */
  readonly as?: "binary" | "text" | undefined;
  /** Sent in so many fragments. Default 1. */
  readonly fragments?: number | undefined;
  /** These bytes are put on the wire as they are, outside the protocol. Loopback only. */
  readonly raw?: boolean | undefined;
}

export type SessionAction =
  | { readonly _tag: "Close"; readonly code: number; readonly reason: string }
  /** Gone without a close frame. */
  | { readonly _tag: "Drop"; readonly reset: boolean };

/** What leaves in place of a frame. */
export type Outgoing =
  | SessionAction
  | {
      readonly _tag: "Send";
      readonly frame: OutFrame;
      /** Default 0. */
      readonly delayMs?: number | undefined;
      /** It leaves earlier, as soon as this many later frames came. */
      readonly overtakenBy?: number | undefined;
    };

/** What becomes of a subscription. */
export interface Served {
  /** The types that are really streamed. */
  readonly types: ReadonlyArray<TypeRequest>;
  /** An error frame is sent, and nothing else happens. */
  readonly error?: { readonly name: string; readonly message: string } | undefined;
}

export interface Hooks {
  /** A request or an upgrade arrives, before limits are counted. */
  readonly onArrival?: (request: RequestTarget, firing: Firing) => Verdict | undefined;
  /** How many requests of one group a window holds. */
  readonly onLimit?: (request: RequestTarget, firing: Firing) => number | undefined;
  /** A request was let in. */
  readonly onRequest?: (request: RequestTarget, firing: Firing) => Verdict | undefined;
  /** An answer is ready. */
  readonly onAnswer?: (answer: ExchangeResponse, request: Answered, firing: Firing) => ExchangeResponse | undefined;
  /** One record of an answer or of a frame. Changes it in place; says whether it did. */
  readonly onRecord?: (record: JsonObject, firing: Firing) => boolean;
  /** An upgrade was let in. */
  readonly onUpgrade?: (request: RequestTarget, firing: Firing) => Verdict | undefined;
  /** A connection opened. */
  readonly onOpen?: (
    connection: ConnectionTarget,
    firing: Firing,
  ) => { readonly action: SessionAction; readonly delayMs: number } | undefined;
  /** Once for every connection that is open when the fault begins. */
  readonly onBegin?: (connection: ConnectionTarget, firing: Firing) => SessionAction | undefined;
  /** Whether nothing passes on a connection, in or out; `wasOpen`: it was open when the fault began. */
  readonly isDead?: (direction: "in" | "out", wasOpen: boolean, firing: Firing) => true | undefined;
  /** Whether a protocol ping stays without its pong. */
  readonly ignoresPing?: (connection: ConnectionTarget, firing: Firing) => true | undefined;
  /** Whether a close frame of the client stays without its answer. */
  readonly ignoresClose?: (connection: ConnectionTarget, firing: Firing) => true | undefined;
  /** A message of the client arrives. */
  readonly onFrameIn?: (
    text: string,
    connection: ConnectionTarget,
    firing: Firing,
  ) => SessionAction | { readonly _tag: "Ignore" } | undefined;
  /** The client subscribes. */
  readonly onSubscribe?: (types: ReadonlyArray<TypeRequest>, connection: ConnectionTarget, firing: Firing) => Served | undefined;
  /** A frame is about to leave. */
  readonly onFrameOut?: (frame: OutFrame, connection: ConnectionTarget, firing: Firing) => ReadonlyArray<Outgoing> | undefined;
}
