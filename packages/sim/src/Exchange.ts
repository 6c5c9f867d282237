/**
 * The emulated exchange: one seeded world, one ledger, one set of limits and faults, behind however many doors. It is synchronous and is told
 * the time; the in-memory transport and the loopback server only carry its bytes. Nothing in this package's model is shared with the client
 * it tests.
 */
import * as Clock from "effect/Clock";
import * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Latch from "effect/Latch";
import * as Layer from "effect/Layer";
import { type ConnectionEntry, Ledger, type Verdict } from "./Ledger.ts";
import { World } from "./market/World.ts";
import { type ExchangeOptions, type ResolvedOptions, resolveOptions } from "./Options.ts";
import { FaultSet } from "./faults/FaultSet.ts";
import type { FaultResponse } from "./rest/RestFaults.ts";
import { answerRoute, routeOf } from "./rest/Routes.ts";
import { type Admission, ServerLimits } from "./rest/ServerLimits.ts";
import type { Driven } from "./socket/drive.ts";
import { ExchangeClock } from "./time/ExchangeClock.ts";
import { SocketSession, type SocketState } from "./socket/SocketSession.ts";

export interface ExchangeRequest {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The client's address, which limits are counted by. */
  readonly ip: string;
}

export interface ExchangeResponse {
  readonly _tag: "Response";
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Not compressed. */
  readonly body: Uint8Array;
  /** Only so many bytes are sent before the connection breaks. */
  readonly cutAfter: number | undefined;
}

export type RestOutcome = ExchangeResponse | { readonly _tag: "Hang" } | { readonly _tag: "Reset" };

export type UpgradeOutcome =
  | { readonly _tag: "Accepted"; readonly headers: Readonly<Record<string, string>>; readonly driven: Driven }
  | (Omit<ExchangeResponse, "_tag"> & { readonly _tag: "Refused" });

/** The model behind the service. Use {@link Exchange}. */
export class ExchangeModel {
  readonly options: ResolvedOptions;
  readonly world: World;
  readonly ledger: Ledger;
  readonly limits: ServerLimits;
  readonly faults = new FaultSet();
  readonly clock = new ExchangeClock(() => this.tapeChanged());
  private readonly sessions = new Map<SocketSession, Latch.Latch>();
  private connections = 0;
  private refuseUpgradesUntilMs = -Infinity;

  constructor(options?: ExchangeOptions) {
    this.options = resolveOptions(options);
    this.world = new World(this.options.seed, this.options.historyStartMs);
    this.ledger = new Ledger(this.options.ledgerCapacity, this.options.ledger.frames);
    this.limits = new ServerLimits(this.options.limits);
  }

  /** The exchange's wall clock, epoch milliseconds. */
  nowOf(clock: Clock.Clock): number {
    const ms = clock.currentTimeMillisUnsafe();
    return Math.floor(this.clock.read(ms < testClockBelowMs ? this.options.originMs + ms : ms));
  }

  /** {@link nowOf} the clock of the running effect. */
  get now(): Effect.Effect<number> {
    return Clock.clockWith((clock) => Effect.sync(() => this.nowOf(clock)));
  }

  /** Answers one request that arrives at `nowMs`, and writes it into the ledger. */
  handleRest(request: ExchangeRequest, nowMs: number): RestOutcome {
    const { path, query } = parseTarget(request.target);
    const route = routeOf(path);
    const record = (verdict: Verdict, status: number | undefined) =>
      this.ledger.recordRequest({ atMs: nowMs, path, group: route?.group, verdict, status, ...request });
    if (route === undefined || request.method !== "GET") {
      const fault = this.faults.take({ path, query });
      record(fault === undefined ? "unrouted" : "fault", fault === undefined ? 404 : undefined);
      return fault === undefined ? respond(404, { ...jsonType, date: httpDate(nowMs) }, noRoute) : faulty(fault, { date: httpDate(nowMs) });
    }
    const withOrigin = request.headers["origin"] !== undefined;
    const admission = this.limits.admitRest(request.ip, route.group, withOrigin, nowMs);
    const headers = answerHeaders(withOrigin ? "origin" : route.group, admission, nowMs);
    if (admission._tag === "Banned") {
      record("banned", 418);
      return respond(418, { ...headers, ...textType }, banText(admission.untilMs - nowMs));
    }
    if (admission._tag === "Limited") {
      record("limited", 429);
      return respond(429, { ...headers, ...textType }, "Too many API requests.");
    }
    const fault = this.faults.take({ path, query });
    if (fault !== undefined) {
      record("fault", typeof fault === "string" ? undefined : (fault.status ?? 200));
      return faulty(fault, { ...headers, ...jsonType });
    }
    const answer = answerRoute(route, this.world, query, nowMs);
    record("accepted", answer.status);
    return respond(answer.status, { ...headers, ...jsonType }, answer.text);
  }

  /** Opens a connection, or says why not. An accepted one must be driven until it ends. */
  upgrade(request: ExchangeRequest, nowMs: number): UpgradeOutcome {
    const { path } = parseTarget(request.target);
    const base = { date: httpDate(nowMs) };
    const refuse = (
      verdict: Exclude<Verdict, "accepted">,
      status: number,
      headers: Record<string, string>,
      body: string,
    ): UpgradeOutcome => {
      this.ledger.recordRefused({ atMs: nowMs, target: request.target, ip: request.ip, headers: request.headers, verdict, status });
      return refused(status, { ...base, ...headers }, body);
    };
    if (path !== "/websocket/v1") return refuse("unrouted", 404, jsonType, noRoute);
    if (nowMs < this.refuseUpgradesUntilMs) return refuse("fault", 503, textType, "Service Temporarily Unavailable");
    const withOrigin = request.headers["origin"] !== undefined;
    const admission = this.limits.admitConnect(request.ip, withOrigin, nowMs);
    if (admission._tag === "Banned") return refuse("banned", 418, textType, banText(admission.untilMs - nowMs));
    if (admission._tag === "Limited") return refuse("limited", 429, textType, "Too many API requests.");
    const group = withOrigin ? "group=origin; min=6; sec=0" : `group=websocket; min=300; sec=${admission.remaining}`;
    return { _tag: "Accepted", headers: { "remaining-req": group, "limit-by-ip": "Yes" }, driven: this.open(request, nowMs) };
  }

  /** Open connections. */
  get openSockets(): number {
    return this.sessions.size;
  }

  /** Every open connection, oldest first. */
  sockets(): ReadonlyArray<SocketState> {
    return [...this.sessions.keys()].map((session) => session.state());
  }

  /** Drops every connection at once, without a close frame. */
  cutSockets(nowMs: number): void {
    for (const session of [...this.sessions.keys()]) session.drop(nowMs);
  }

  /** Open connections stay up but say nothing, not even a pong, for so long. */
  silenceSockets(nowMs: number, durationMs: number): void {
    for (const session of this.sessions.keys()) session.silence(nowMs + durationMs);
  }

  /** New connections are answered with HTTP 503 until then. */
  refuseUpgrades(untilMs: number): void {
    this.refuseUpgradesUntilMs = untilMs;
  }

  /** Tells every connection that the tape changed. */
  tapeChanged(): void {
    for (const session of this.sessions.keys()) session.replan();
  }

  private open({ ip, headers }: ExchangeRequest, nowMs: number): Driven {
    const entry: ConnectionEntry = { connection: ++this.connections, openedMs: nowMs, ip, headers, closed: undefined };
    const signal = Latch.makeUnsafe(false);
    const session = new SocketSession({
      world: this.world,
      ledger: this.ledger,
      options: this.options,
      entry,
      wake: () => signal.openUnsafe(),
      onEnd: (ended) => this.sessions.delete(ended),
    });
    this.sessions.set(session, signal);
    this.ledger.recordConnection(entry);
    this.ledger.recordArrival("websocket-connect", nowMs);
    return { session, signal, nowOf: (clock) => this.nowOf(clock), waitOf: (ms) => this.clock.waitOf(ms) };
  }
}

/** The emulated exchange as a service. */
export class Exchange extends Context.Service<Exchange, ExchangeModel>()("@naru/sim/Exchange") {
  /** One exchange; every door built on this layer shows the same market. */
  static readonly layer = (options?: ExchangeOptions) => Layer.sync(Exchange, () => new ExchangeModel(options));
}

/** A clock below this is a test clock near 0, not the year 1973. */
const testClockBelowMs = 1e11;

const jsonType = { "content-type": "application/json;charset=UTF-8" };
const textType = { "content-type": "text/plain;charset=UTF-8" };
const noRoute = '{"error":{"name":"not_found","message":"no Route matched with those values"}}';

const banText = (leftMs: number): string => `Too many API requests. Blocked for ${Math.max(1, Math.ceil(leftMs / 1_000))} seconds.`;

const httpDate = (ms: number): string => new Date(ms).toUTCString();

const parseTarget = (target: string): { readonly path: string; readonly query: URLSearchParams } => {
  const mark = target.indexOf("?");
  return mark < 0
    ? { path: target, query: new URLSearchParams() }
    : { path: target.slice(0, mark), query: new URLSearchParams(target.slice(mark + 1)) };
};

const answerHeaders = (group: string, admission: Admission, nowMs: number): Record<string, string> => {
  const left = admission._tag === "Accepted" ? admission.remaining : 0;
  return {
    date: httpDate(nowMs),
    "remaining-req": group === "origin" ? "group=origin; min=6; sec=0" : `group=${group}; min=600; sec=${left}`,
    "limit-by-ip": "Yes",
    "cache-control": "no-cache, no-store, max-age=0, must-revalidate",
  };
};

const encoder = new TextEncoder();
const bytes = (body: string | Uint8Array): Uint8Array => (typeof body === "string" ? encoder.encode(body) : body);

const respond = (status: number, headers: Record<string, string>, body: string | Uint8Array, cutAfter?: number): ExchangeResponse => ({
  _tag: "Response",
  status,
  headers,
  body: bytes(body),
  cutAfter,
});

const refused = (status: number, headers: Record<string, string>, body: string): UpgradeOutcome => ({
  ...respond(status, headers, body),
  _tag: "Refused",
});

const faulty = (fault: "hang" | "reset" | FaultResponse, headers: Record<string, string>): RestOutcome => {
  if (fault === "hang") return { _tag: "Hang" };
  if (fault === "reset") return { _tag: "Reset" };
  const merged: Record<string, string> = { ...headers };
  for (const [name, value] of Object.entries(fault.headers ?? {})) {
    if (value === undefined) delete merged[name];
    else merged[name] = value;
  }
  return respond(fault.status ?? 200, merged, fault.body ?? "", fault.cutAfter);
};
