/** What the ledger writes down of requests, frames, connections and faults. All of it is plain JSON; times are the exchange's. */
export type Verdict = "accepted" | "limited" | "banned" | "unrouted" | "fault";

type Headers = Readonly<Record<string, string | undefined>>;

export interface RequestEntry {
  readonly atMs: number;
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  readonly path: string;
  readonly headers: Headers;
  readonly ip: string;
  /** The limit group by its wire name; `undefined` for unrouted paths. */
  readonly group: string | undefined;
  readonly verdict: Verdict;
  /** `undefined` for a fault that sent no status. */
  readonly status: number | undefined;
}

export interface FrameEntry {
  readonly atMs: number;
  readonly connection: number;
  readonly direction: "in" | "out";
  /** `ticker`, `trade`, `orderbook`, `candle.1m`, `error`, `status`, `list`, `ping`, `pong`; `request` for client text. */
  readonly kind: string;
  /** `undefined` where the frame concerns no one market. */
  readonly market: string | undefined;
  /** Empty where the ledger does not keep it. */
  readonly text: string;
}

export interface ConnectionEntry {
  readonly connection: number;
  readonly openedMs: number;
  readonly ip: string;
  /** Of the upgrade, names in lower case. */
  readonly headers: Headers;
  /** `undefined` while open. */
  closed: { readonly atMs: number; readonly code: number } | undefined;
}

/** What happened to connections, in order. */
export type ConnectionEvent =
  | {
      readonly event: "opened";
      readonly atMs: number;
      readonly connection: number;
      readonly ip: string;
      readonly headers: Headers;
      readonly verdict: "accepted";
      readonly status: 101;
    }
  | { readonly event: "closed"; readonly atMs: number; readonly connection: number; readonly code: number }
  | {
      readonly event: "refused";
      readonly atMs: number;
      readonly target: string;
      readonly ip: string;
      readonly headers: Headers;
      readonly verdict: Exclude<Verdict, "accepted">;
      /** `null` for a fault that sent no status. */
      readonly status: number | null;
    };

interface AboutFault {
  readonly atMs: number;
  /** A number; of a proxy's fault `p1`, `p2`, … */
  readonly id: number | string;
  readonly verb: string;
}

/** A fault that happened. */
export interface FaultEntry extends AboutFault {
  /** What it happened to: `GET /v1/ticker?markets=KRW-BTC`, `trade KRW-BTC to connection 3`. */
  readonly on: string;
}

/** A fault that somebody switched on, with its parameters, or off. */
export type FaultSwitched = (AboutFault & { readonly event: "on"; readonly fault: unknown }) | (AboutFault & { readonly event: "off" });

export type FaultEvent = (FaultEntry & { readonly event: "happened" }) | FaultSwitched;
