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
import type { NoAnswer, RequestTarget, Verdict as FaultVerdict } from "./faults/Hooks.ts";
import { entryOf, type Fault, FaultError } from "./faults/Fault.ts";
import { FaultSet } from "./faults/FaultSet.ts";
import { limitOf, mangled, verdictOf } from "./faults/requestFaults.ts";
import { SocketFaults } from "./faults/SocketFaults.ts";
import type { FaultDoor } from "./faults/Verb.ts";
import * as answers from "./rest/answers.ts";
import type { Delivery } from "./rest/Delivery.ts";
import { hasRawTo, invalidParameter } from "./rest/Query.ts";
import { plainly, refused, respond, scripted } from "./rest/responses.ts";
import { type Answer, answerRoute, refusal, type Route, routeOf } from "./rest/Routes.ts";
import { ServerLimits } from "./rest/ServerLimits.ts";
import type { Driven } from "./socket/drive.ts";
import { SocketSession, type SocketState } from "./socket/SocketSession.ts";

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
  private readonly doors: Array<FaultDoor> = [];
  private ownTime: Clock.Clock | undefined;

  constructor(options?: ExchangeOptions) {
    this.options = resolveOptions(options);
    const { seed, historyStartMs, markets, lifecycle, maintenance, profile } = this.options;
    this.world = new World(seed, historyStartMs, { ...markets, quotes: profile.quotes }, { lifecycle, maintenance: maintenance.windows });
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

  /** A door is open until the returned function is called. */
  openDoor(door: FaultDoor): () => void {
    this.doors.push(door);
    return () => {
      const index = this.doors.indexOf(door);
      if (index >= 0) this.doors.splice(index, 1);
    };
  }

  /** Why a fault could not act: no door that is open can show it. While none is open, one that can may still come. */
  unshowable({ verb }: Fault): FaultError | undefined {
    const showing = entryOf(verb)?.doors ?? [];
    if (this.doors.length === 0 || this.doors.some((door) => showing.includes(door))) return undefined;
    const [only, open] = [showing, new Set(this.doors)].map((doors) => [...doors].map((door) => doorNames[door]).join(" or "));
    return new FaultError({ reason: `${verb} works ${only} only, and this exchange is open ${open}`, near: [] });
  }

  /** {@link nowOf} the clock of the running effect. */
  get now(): Effect.Effect<number> {
    return Clock.clockWith((clock) => Effect.sync(() => this.nowOf(clock)));
  }

  /** Answers one request that arrives at `nowMs`, and writes it into the ledger. */
  handleRest(request: ExchangeRequest, nowMs: number): RestOutcome {
    const { options } = this;
    const target = this.targetOf(request);
    const { path, query, group } = target;
    const isTooLong = request.target.length > options.rest.maxTargetLength;
    const route = isTooLong || request.method !== "GET" ? undefined : routeOf(options.profile, path);
    const record = (verdict: Verdict, status: number | undefined) =>
      this.ledger.recordRequest({ atMs: nowMs, path, group, verdict, status, ...request });
    const fail = (verdict: FaultVerdict, headers: Record<string, string>): RestOutcome => {
      if (verdict._tag !== "Scripted") {
        record("fault", undefined);
        return verdict;
      }
      record(verdict.verdict ?? "fault", verdict.status);
      return mangled(this.faults, scripted(verdict, headers), { ...target, answerTo: () => "" }, nowMs);
    };
    const arrival = verdictOf(this.faults, "onArrival", target, nowMs);
    if (arrival !== undefined) return fail(arrival, answers.dateHeader(options, nowMs));
    if (route === undefined) {
      const verdict = verdictOf(this.faults, "onRequest", target, nowMs);
      if (verdict !== undefined) return fail(verdict, answers.dateHeader(options, nowMs));
      const answer = isTooLong ? answers.tooLong(options, nowMs) : answers.notRouted(options, nowMs);
      record("unrouted", answer.status);
      return plainly(answer);
    }
    const counted = this.hasOrigin(request) ? "origin" : route.group;
    const atMost = limitOf(this.faults, target, nowMs);
    const admission = this.limits.admitRest(request.ip, route.group, counted === "origin", nowMs, atMost);
    const headers = answers.routedHeaders(options, counted, admission, nowMs);
    if (admission._tag !== "Accepted") {
      const answer = answers.overrun(options, admission, headers, nowMs);
      record(admission._tag === "Banned" ? "banned" : "limited", answer.status);
      return plainly(answer);
    }
    const verdict = verdictOf(this.faults, "onRequest", target, nowMs);
    if (verdict !== undefined) return fail(verdict, headers);
    if (this.world.maintenance.endAt(nowMs) !== undefined) {
      const hangs = options.maintenance.rest === "hang";
      record("fault", hangs ? undefined : 500);
      return hangs ? { _tag: "Hang" } : respond(500, { ...headers, ...answers.jsonType }, answers.underMaintenance);
    }
    const answer = this.answer(route, request, query, nowMs);
    if (answer.refused && !options.limits.errorsConsume) {
      this.limits.refund(request.ip, counted);
      Object.assign(headers, answers.routedHeaders(options, counted, { ...admission, remaining: admission.remaining + 1 }, nowMs));
    }
    if (options.rest.etag && answer.status === 200) headers["etag"] = answers.etagOf(answer.text);
    const own = respond(answer.status, { ...headers, ...answers.jsonType }, answer.text);
    const answerTo = (other: URLSearchParams, ms: number) => this.answer(route, request, other, ms).text;
    const final = mangled(this.faults, own, { ...target, answerTo }, nowMs);
    record(final === own ? "accepted" : "fault", final.status);
    return final;
  }

  /** Opens a connection, or says why not. An accepted one must be driven until it ends. */
  upgrade(request: ExchangeRequest, nowMs: number): UpgradeOutcome {
    const { options } = this;
    const target = this.targetOf(request);
    const refuse = (verdict: Exclude<Verdict, "accepted">, answer: UpgradeOutcome): UpgradeOutcome => {
      const status = answer._tag === "Refused" ? answer.status : null;
      this.ledger.recordRefused({ atMs: nowMs, target: request.target, ip: request.ip, headers: request.headers, verdict, status });
      return answer;
    };
    const fail = (verdict: FaultVerdict): UpgradeOutcome =>
      verdict._tag === "Scripted"
        ? refuse(verdict.verdict ?? "fault", { ...scripted(verdict, answers.dateHeader(options, nowMs)), _tag: "Refused" })
        : refuse("fault", verdict);
    const arrival = verdictOf(this.faults, "onArrival", target, nowMs);
    if (arrival !== undefined) return fail(arrival);
    if (target.path !== "/websocket/v1") return refuse("unrouted", refused(answers.notRouted(options, nowMs)));
    const verdict = verdictOf(this.faults, "onUpgrade", target, nowMs);
    if (verdict !== undefined) return fail(verdict);
    if (this.world.maintenance.endAt(nowMs) !== undefined) return refuse("fault", refused(answers.unavailable(options, nowMs)));
    const withOrigin = this.hasOrigin(request);
    const admission = this.limits.admitConnect(request.ip, withOrigin, nowMs);
    if (admission._tag !== "Accepted") {
      const answer = answers.overrun(options, admission, answers.dateHeader(options, nowMs), nowMs);
      if (admission._tag === "Banned") return refuse("banned", refused(answer));
      return refuse("limited", refused({ ...answer, status: options.limits.connectOverrunStatus }));
    }
    const headers = answers.handshakeHeaders(options, withOrigin, admission.remaining);
    return { _tag: "Accepted", headers, driven: this.open(request, target.door, nowMs) };
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

  /** Whether the request falls under the rule about `Origin`, where there is one. */
  private hasOrigin(request: ExchangeRequest): boolean {
    return this.options.limits.originWindowMs > 0 && request.headers["origin"] !== undefined;
  }

  private wakeSockets(): void {
    for (const signal of this.sessions.values()) signal.openUnsafe();
  }

  private targetOf({ method, target, ip, door = "memory" }: ExchangeRequest): RequestTarget {
    const { path, query } = parseTarget(target);
    return { method, target, path, query, ip, door, group: routeOf(this.options.profile, path)?.group, limits: this.limits };
  }

  private answer(route: Route, request: ExchangeRequest, query: URLSearchParams, nowMs: number): Answer {
    const { wire, rest } = this.options;
    const isRepeated = rest.refusesRepeatedHeaders && request.hasRepeatedHeaders === true;
    if (isRepeated || (rest.strictEncoding && hasRawTo(request.target))) return refusal(wire, invalidParameter());
    return answerRoute(route, { world: this.world.at(nowMs), query, nowMs, wire, rest });
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

const doorNames: Readonly<Record<FaultDoor, string>> = { memory: "in memory", loopback: "over loopback" };

const parseTarget = (target: string): { readonly path: string; readonly query: URLSearchParams } => {
  const mark = target.indexOf("?");
  return mark < 0
    ? { path: target, query: new URLSearchParams() }
    : { path: target.slice(0, mark), query: new URLSearchParams(target.slice(mark + 1)) };
};
