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
import type { NoAnswer, RequestTarget, ScriptedAnswer, Verdict as FaultVerdict } from "./faults/Hooks.ts";
import { FaultSet } from "./faults/FaultSet.ts";
import { limitOf, mangled, verdictOf } from "./faults/restFaults.ts";
import { SocketFaults } from "./faults/socketFaults.ts";
import type { FaultDoor } from "./faults/Verb.ts";
import type { Delivery } from "./rest/Delivery.ts";
import { answerRoute, type Route, routeOf } from "./rest/Routes.ts";
import { type Admission, ServerLimits } from "./rest/ServerLimits.ts";
import type { Driven } from "./socket/drive.ts";
import { SocketSession, type SocketState } from "./socket/SocketSession.ts";

export interface ExchangeRequest {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The client's address, which limits are counted by. */
  readonly ip: string;
  /** Which door it came through: some faults exist at one door only. Default memory. */
  readonly door?: FaultDoor | undefined;
}

export interface ExchangeResponse {
  readonly _tag: "Response";
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Not compressed. */
  readonly body: Uint8Array;
  /** Only so many bytes are sent before the connection breaks. */
  readonly cutAfter: number | undefined;
  /** How the bytes travel, when a fault decided it. */
  readonly delivery?: Delivery | undefined;
}

export type RestOutcome = ExchangeResponse | NoAnswer;

export type UpgradeOutcome =
  | NoAnswer
  | { readonly _tag: "Accepted"; readonly headers: Readonly<Record<string, string>>; readonly driven: Driven }
  | (Omit<ExchangeResponse, "_tag"> & { readonly _tag: "Refused" });

/** The model behind the service. Use {@link Exchange}. */
export class ExchangeModel {
  readonly options: ResolvedOptions;
  readonly world: World;
  readonly ledger: Ledger;
  readonly limits: ServerLimits;
  readonly faults: FaultSet;
  private readonly sessions = new Map<SocketSession, Latch.Latch>();
  private connections = 0;
  private ownTime: Clock.Clock | undefined;

  constructor(options?: ExchangeOptions) {
    this.options = resolveOptions(options);
    const { seed, historyStartMs, markets, lifecycle, maintenance } = this.options;
    this.world = new World(seed, historyStartMs, markets, { lifecycle, maintenance: maintenance.windows });
    this.ledger = new Ledger(this.options.ledgerCapacity, this.options.ledger.frames);
    this.limits = new ServerLimits(this.options.limits);
    this.faults = new FaultSet(
      this.options.seed,
      (entry) => this.ledger.recordFault(entry),
      () => this.wakeSockets(),
    );
  }

  /** The exchange's wall clock, epoch milliseconds: that of `clock`, unless it keeps a time of its own. */
  nowOf(clock: Clock.Clock): number {
    const ms = (this.ownTime ?? clock).currentTimeMillisUnsafe();
    return Math.floor(ms < testClockBelowMs ? this.options.originMs + ms : ms);
  }

  /** Keeps the time of `clock`, whoever asks, until the returned function is called or another clock is given. */
  keepTime(clock: Clock.Clock): () => void {
    this.ownTime = clock;
    return () => {
      if (this.ownTime === clock) this.ownTime = undefined;
    };
  }

  /** {@link nowOf} the clock of the running effect. */
  get now(): Effect.Effect<number> {
    return Clock.clockWith((clock) => Effect.sync(() => this.nowOf(clock)));
  }

  /** Answers one request that arrives at `nowMs`, and writes it into the ledger. */
  handleRest(request: ExchangeRequest, nowMs: number): RestOutcome {
    const target = this.targetOf(request);
    const { path, query } = target;
    const route = request.method === "GET" ? routeOf(path) : undefined;
    const record = (verdict: Verdict, status: number | undefined) =>
      this.ledger.recordRequest({ atMs: nowMs, path, group: routeOf(path)?.group, verdict, status, ...request });
    const fail = (verdict: FaultVerdict, headers: Record<string, string>): RestOutcome => {
      if (verdict._tag !== "Scripted") {
        record("fault", undefined);
        return verdict;
      }
      record(verdict.verdict ?? "fault", verdict.status);
      return mangled(this.faults, scripted(verdict, headers), { ...target, answerTo: () => "" }, nowMs);
    };
    const arrival = verdictOf(this.faults, "onArrival", target, nowMs);
    if (arrival !== undefined) return fail(arrival, { date: httpDate(nowMs) });
    if (route === undefined) {
      const verdict = verdictOf(this.faults, "onRequest", target, nowMs);
      if (verdict !== undefined) return fail(verdict, { date: httpDate(nowMs) });
      record("unrouted", 404);
      return respond(404, { ...jsonType, date: httpDate(nowMs) }, noRoute);
    }
    const withOrigin = request.headers["origin"] !== undefined;
    const atMost = limitOf(this.faults, target, nowMs);
    const admission = this.limits.admitRest(request.ip, route.group, withOrigin, nowMs, atMost);
    const headers = answerHeaders(withOrigin ? "origin" : route.group, admission, nowMs);
    if (admission._tag === "Banned") {
      record("banned", 418);
      return respond(418, { ...headers, ...textType }, banText(admission.untilMs - nowMs));
    }
    if (admission._tag === "Limited") {
      record("limited", 429);
      return respond(429, { ...headers, ...textType }, "Too many API requests.");
    }
    const verdict = verdictOf(this.faults, "onRequest", target, nowMs);
    if (verdict !== undefined) return fail(verdict, headers);
    if (this.world.maintenance.endAt(nowMs) !== undefined) {
      const hangs = this.options.maintenance.rest === "hang";
      record("fault", hangs ? undefined : 500);
      return hangs ? { _tag: "Hang" } : respond(500, { ...headers, ...jsonType }, underMaintenance);
    }
    const answer = this.answer(route, query, nowMs, headers);
    const final = mangled(
      this.faults,
      answer,
      { ...target, answerTo: (other, ms) => answerRoute(route, this.world.at(ms), other, ms).text },
      nowMs,
    );
    record(final === answer ? "accepted" : "fault", final.status);
    return final;
  }

  /** Opens a connection, or says why not. An accepted one must be driven until it ends. */
  upgrade(request: ExchangeRequest, nowMs: number): UpgradeOutcome {
    const target = this.targetOf(request);
    const base = { date: httpDate(nowMs) };
    const refuse = (verdict: Exclude<Verdict, "accepted">, answer: UpgradeOutcome): UpgradeOutcome => {
      const status = answer._tag === "Refused" ? answer.status : null;
      this.ledger.recordRefused({ atMs: nowMs, target: request.target, ip: request.ip, headers: request.headers, verdict, status });
      return answer;
    };
    const fail = (verdict: FaultVerdict): UpgradeOutcome =>
      verdict._tag === "Scripted"
        ? refuse(verdict.verdict ?? "fault", { ...scripted(verdict, base), _tag: "Refused" })
        : refuse("fault", verdict);
    const arrival = verdictOf(this.faults, "onArrival", target, nowMs);
    if (arrival !== undefined) return fail(arrival);
    if (target.path !== "/websocket/v1") return refuse("unrouted", refused(404, { ...base, ...jsonType }, noRoute));
    const verdict = verdictOf(this.faults, "onUpgrade", target, nowMs);
    if (verdict !== undefined) return fail(verdict);
    if (this.world.maintenance.endAt(nowMs) !== undefined)
      return refuse("fault", refused(503, { ...base, ...textType }, "Service Temporarily Unavailable"));
    const withOrigin = request.headers["origin"] !== undefined;
    const admission = this.limits.admitConnect(request.ip, withOrigin, nowMs);
    if (admission._tag === "Banned") return refuse("banned", refused(418, { ...base, ...textType }, banText(admission.untilMs - nowMs)));
    if (admission._tag === "Limited") return refuse("limited", refused(429, { ...base, ...textType }, "Too many API requests."));
    const group = withOrigin ? "group=origin; min=6; sec=0" : `group=websocket; min=300; sec=${admission.remaining}`;
    const driven = this.open(request, target.door, nowMs);
    return { _tag: "Accepted", headers: { "remaining-req": group, "limit-by-ip": "Yes" }, driven };
  }

  /** Open connections. */
  get openSockets(): number {
    return this.sessions.size;
  }

  /** Every open connection, oldest first. */
  sockets(): ReadonlyArray<SocketState> {
    return [...this.sessions.keys()].map((session) => session.state());
  }

  /** Tells every connection that the tape changed. */
  tapeChanged(): void {
    for (const session of this.sessions.keys()) session.replan();
  }

  private wakeSockets(): void {
    for (const signal of this.sessions.values()) signal.openUnsafe();
  }

  private targetOf({ method, target, ip, door = "memory" }: ExchangeRequest): RequestTarget {
    const { path, query } = parseTarget(target);
    return { method, target, path, query, ip, door, group: routeOf(path)?.group, limits: this.limits };
  }

  private answer(route: Route, query: URLSearchParams, nowMs: number, headers: Record<string, string>): ExchangeResponse {
    const { status, text } = answerRoute(route, this.world.at(nowMs), query, nowMs);
    return respond(status, { ...headers, ...jsonType }, text);
  }

  private open({ ip, headers }: ExchangeRequest, door: FaultDoor, nowMs: number): Driven {
    const entry: ConnectionEntry = { connection: ++this.connections, openedMs: nowMs, ip, headers, closed: undefined };
    const signal = Latch.makeUnsafe(false);
    const session = new SocketSession({
      world: this.world,
      ledger: this.ledger,
      options: this.options,
      entry,
      faults: new SocketFaults(this.faults, entry, door),
      wake: () => signal.openUnsafe(),
      onEnd: (ended) => this.sessions.delete(ended),
    });
    this.sessions.set(session, signal);
    this.ledger.recordConnection(entry);
    this.ledger.recordArrival("websocket-connect", nowMs);
    return { session, signal, nowOf: (clock) => this.nowOf(clock) };
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

const underMaintenance = '{"error":{"name":500,"message":"The service is under maintenance."}}';

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

const scripted = ({ status, headers, body, cutAfter }: ScriptedAnswer, usual: Record<string, string>): ExchangeResponse => {
  const merged: Record<string, string> = { ...usual };
  for (const [name, value] of Object.entries(headers)) {
    if (value === null) delete merged[name];
    else merged[name] = value;
  }
  return respond(status, merged, body, cutAfter);
};
