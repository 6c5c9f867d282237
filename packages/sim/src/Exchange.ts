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
import * as answers from "./rest/answers.ts";
import { hasRawTo, invalidParameter } from "./rest/Query.ts";
import { type FaultResponse, RestFaults } from "./rest/RestFaults.ts";
import { type Answer, answerRoute, refusal, type Route, routeOf } from "./rest/Routes.ts";
import { ServerLimits } from "./rest/ServerLimits.ts";
import type { Driven } from "./socket/drive.ts";
import { SocketSession } from "./socket/SocketSession.ts";

export interface ExchangeRequest {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Some header came twice; {@link headers} holds both values as one. */
  readonly hasRepeatedHeaders?: boolean | undefined;
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
  readonly faults = new RestFaults();
  private readonly sessions = new Map<SocketSession, Latch.Latch>();
  private connections = 0;
  private refuseUpgradesUntilMs = -Infinity;

  constructor(options?: ExchangeOptions) {
    this.options = resolveOptions(options);
    this.world = new World(this.options.seed, this.options.historyStartMs, this.options.profile.quotes);
    this.ledger = new Ledger(this.options.ledgerCapacity);
    this.limits = new ServerLimits(this.options.limits);
  }

  /** The exchange's wall clock, epoch milliseconds. */
  nowOf(clock: Clock.Clock): number {
    const ms = clock.currentTimeMillisUnsafe();
    return Math.floor(ms < testClockBelowMs ? this.options.originMs + ms : ms);
  }

  /** {@link nowOf} the clock of the running effect. */
  get now(): Effect.Effect<number> {
    return Clock.clockWith((clock) => Effect.sync(() => this.nowOf(clock)));
  }

  /** Answers one request that arrives at `nowMs`, and writes it into the ledger. */
  handleRest(request: ExchangeRequest, nowMs: number): RestOutcome {
    const { options } = this;
    const { path, query } = parseTarget(request.target);
    const isTooLong = request.target.length > options.rest.maxTargetLength;
    const route = isTooLong ? undefined : routeOf(options.profile, path);
    const record = (verdict: Verdict, status: number | undefined) =>
      this.ledger.recordRequest({ atMs: nowMs, path, group: route?.group, verdict, status, ...request });
    if (route === undefined || request.method !== "GET") {
      const fault = this.faults.take({ path, query });
      const answer = isTooLong ? answers.tooLong(options, nowMs) : answers.notRouted(options, nowMs);
      record(fault === undefined ? "unrouted" : "fault", fault === undefined ? answer.status : undefined);
      return fault === undefined ? plainly(answer) : faulty(fault, answers.dateHeader(options, nowMs));
    }
    const withOrigin = this.hasOrigin(request);
    const group = withOrigin ? "origin" : route.group;
    const admission = this.limits.admitRest(request.ip, route.group, withOrigin, nowMs);
    const headers = answers.routedHeaders(options, group, admission, nowMs);
    if (admission._tag !== "Accepted") {
      const answer = answers.overrun(options, admission, headers, nowMs);
      record(admission._tag === "Banned" ? "banned" : "limited", answer.status);
      return plainly(answer);
    }
    const fault = this.faults.take({ path, query });
    if (fault !== undefined) {
      record("fault", typeof fault === "string" ? undefined : (fault.status ?? 200));
      return faulty(fault, { ...headers, ...answers.jsonType });
    }
    const answer = this.answer(route, request, query, nowMs);
    record("accepted", answer.status);
    if (answer.refused && !options.limits.errorsConsume) {
      this.limits.refund(request.ip, group);
      Object.assign(headers, answers.routedHeaders(options, group, { ...admission, remaining: admission.remaining + 1 }, nowMs));
    }
    if (options.rest.etag && answer.status === 200) headers["etag"] = answers.etagOf(answer.text);
    return respond(answer.status, { ...headers, ...answers.jsonType }, answer.text);
  }

  /** Opens a connection, or says why not. An accepted one must be driven until it ends. */
  upgrade(request: ExchangeRequest, nowMs: number): UpgradeOutcome {
    const { path } = parseTarget(request.target);
    const { options } = this;
    if (path !== "/websocket/v1") return refused(answers.notRouted(options, nowMs));
    if (nowMs < this.refuseUpgradesUntilMs) return refused(answers.unavailable(options, nowMs));
    const withOrigin = this.hasOrigin(request);
    const admission = this.limits.admitConnect(request.ip, withOrigin, nowMs);
    if (admission._tag !== "Accepted") {
      const answer = answers.overrun(options, admission, answers.dateHeader(options, nowMs), nowMs);
      return refused(admission._tag === "Limited" ? { ...answer, status: options.limits.connectOverrunStatus } : answer);
    }
    const headers = answers.handshakeHeaders(options, withOrigin, admission.remaining);
    return { _tag: "Accepted", headers, driven: this.open(request.ip, nowMs) };
  }

  /** Open connections. */
  get openSockets(): number {
    return this.sessions.size;
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

  /** Whether the request falls under the rule about `Origin`, where there is one. */
  private hasOrigin(request: ExchangeRequest): boolean {
    return this.options.limits.originWindowMs > 0 && request.headers["origin"] !== undefined;
  }

  private answer(route: Route, request: ExchangeRequest, query: URLSearchParams, nowMs: number): Answer {
    const { wire, rest } = this.options;
    const isRepeated = rest.refusesRepeatedHeaders && request.hasRepeatedHeaders === true;
    if (isRepeated || (rest.strictEncoding && hasRawTo(request.target))) return refusal(wire, invalidParameter());
    return answerRoute(route, { world: this.world, query, nowMs, wire, rest });
  }

  private open(ip: string, nowMs: number): Driven {
    const entry: ConnectionEntry = { connection: ++this.connections, openedMs: nowMs, ip, closed: undefined };
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

const parseTarget = (target: string): { readonly path: string; readonly query: URLSearchParams } => {
  const mark = target.indexOf("?");
  return mark < 0
    ? { path: target, query: new URLSearchParams() }
    : { path: target.slice(0, mark), query: new URLSearchParams(target.slice(mark + 1)) };
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

const plainly = ({ status, headers, text }: answers.PlainAnswer): ExchangeResponse => respond(status, headers, text);

const refused = (answer: answers.PlainAnswer): UpgradeOutcome => ({ ...plainly(answer), _tag: "Refused" });

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
