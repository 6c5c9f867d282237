/**
 * A circuit breaker as a pure machine on monotonic milliseconds. Closed, it watches the outcomes; open, it lets nothing through; once its
 * time is over, exactly one request goes as a probe. Its failure opens the breaker for twice as long; its answer begins the return, in which a tenth
 * of the calls go, then half, then all: a host that has just come up is not met by everybody who waited. A single failure on the way back opens it
 * again. Whoever asks seldom notices nothing of the return, because a call always goes when the last one is a second old.
 *
 * Only failures to answer count. A 4xx, a 429 and a 418 are answers: the host lives, and limits have machinery of their own.
 */
export interface BreakerOptions {
  /** Failures in a row that open it. */
  readonly consecutive: number;
  /** Share of failures that opens it, of at least {@link minimumCalls} within {@link windowMs}. */
  readonly failureShare: number;
  readonly minimumCalls: number;
  readonly windowMs: number;
  /** First time open, in milliseconds; doubled after every failed probe up to {@link maxOpenMs}. */
  readonly openMs: number;
  readonly maxOpenMs: number;
  /** The time open is varied by this share in both directions. */
  readonly jitter: number;
  /** The steps of the return: for how long, in milliseconds, which share of the calls goes. */
  readonly ramp: ReadonlyArray<{ readonly forMs: number; readonly share: number }>;
  /** In the return a call goes in any case when none went for so long, in milliseconds. */
  readonly trialEveryMs: number;
}

export const defaultBreakerOptions: BreakerOptions = {
  consecutive: 3,
  failureShare: 0.5,
  minimumCalls: 20,
  windowMs: 10_000,
  openMs: 5_000,
  maxOpenMs: 60_000,
  jitter: 0.2,
  ramp: [
    { forMs: 1_000, share: 0.1 },
    { forMs: 1_000, share: 0.5 },
  ],
  trialEveryMs: 1_000,
};

/** Calls of one slice of the window. */
interface Slice {
  readonly startMs: number;
  readonly calls: number;
  readonly failures: number;
}

export type Breaker =
  | { readonly _tag: "Closed"; readonly failuresInRow: number; readonly slices: ReadonlyArray<Slice> }
  /** `round` counts how often it opened in a row, from 0. */
  | { readonly _tag: "Open"; readonly untilMs: number; readonly round: number }
  /** The probe is under way. */
  | { readonly _tag: "HalfOpen"; readonly round: number }
  /** The probe was answered at `sinceMs`. `credit`: what the calls that asked since then have earned of the next one that goes, in calls. */
  | { readonly _tag: "Returning"; readonly sinceMs: number; readonly round: number; readonly credit: number; readonly wentMs: number };

/** All but `refused` may go, and their outcome must be reported. A `trial` goes while the breaker returns. */
export type Permit =
  | { readonly _tag: "pass" }
  | { readonly _tag: "probe" }
  | { readonly _tag: "trial" }
  | { readonly _tag: "refused"; readonly retryAfterMs: number };

export const closed: Breaker = { _tag: "Closed", failuresInRow: 0, slices: [] };

/** Asks to go. While the probe is under way its end is unknown; the shortest time open is told as the wait. */
export const admit = (options: BreakerOptions, state: Breaker, nowMs: number): { readonly state: Breaker; readonly permit: Permit } => {
  switch (state._tag) {
    case "Closed":
      return { state, permit: { _tag: "pass" } };
    case "Open":
      return nowMs >= state.untilMs
        ? { state: { _tag: "HalfOpen", round: state.round }, permit: { _tag: "probe" } }
        : { state, permit: { _tag: "refused", retryAfterMs: state.untilMs - nowMs } };
    case "HalfOpen":
      return { state, permit: { _tag: "refused", retryAfterMs: options.openMs } };
    case "Returning": {
      const share = shareAt(options, nowMs - state.sinceMs);
      if (share === undefined) return { state: closed, permit: { _tag: "pass" } };
      // A hair more: ten tenths are one.
      const credit = state.credit + share + 1e-9;
      const dueMs = state.wentMs + options.trialEveryMs;
      return credit >= 1 || nowMs >= dueMs
        ? { state: { ...state, credit: Math.max(0, credit - 1), wentMs: nowMs }, permit: { _tag: "trial" } }
        : { state: { ...state, credit }, permit: { _tag: "refused", retryAfterMs: dueMs - nowMs } };
    }
  }
};

/** For how long nothing at all is let through, in milliseconds; 0 when some or all is: in the return each call has to ask for itself. */
export const refusesForMs = (options: BreakerOptions, state: Breaker, nowMs: number): number => {
  if (state._tag === "Returning") return 0;
  const { permit } = admit(options, state, nowMs);
  return permit._tag === "refused" ? permit.retryAfterMs : 0;
};

/**
 * The host answered. Only a probe's answer begins the return: one that was sent before it opened says little about now.
 */
export const succeeded = (options: BreakerOptions, state: Breaker, permit: Permit, nowMs: number): Breaker => {
  if (permit._tag === "probe") {
    // The first caller after the probe need not wait for its tenth.
    return state._tag === "HalfOpen" ? { _tag: "Returning", sinceMs: nowMs, round: state.round, credit: 1, wentMs: nowMs } : state;
  }
  if (state._tag !== "Closed") return state;
  return { _tag: "Closed", failuresInRow: 0, slices: counted(options, state.slices, nowMs, false) };
};

/** The host did not answer. `random01` is uniform on [0, 1). */
export const failed = (options: BreakerOptions, state: Breaker, permit: Permit, nowMs: number, random01: number): Breaker => {
  if (permit._tag === "probe") return state._tag === "HalfOpen" ? open(options, state.round + 1, nowMs, random01) : state;
  if (permit._tag === "trial" && state._tag === "Returning") return open(options, state.round + 1, nowMs, random01);
  if (state._tag !== "Closed") return state;
  const slices = counted(options, state.slices, nowMs, true);
  const failuresInRow = state.failuresInRow + 1;
  const calls = slices.reduce((sum, slice) => sum + slice.calls, 0);
  const failures = slices.reduce((sum, slice) => sum + slice.failures, 0);
  const tripped = failuresInRow >= options.consecutive || (calls >= options.minimumCalls && failures >= options.failureShare * calls);
  return tripped ? open(options, 0, nowMs, random01) : { _tag: "Closed", failuresInRow, slices };
};

/** The request was given up without an outcome. A probe's place is free again at once. */
export const released = (state: Breaker, permit: Permit, nowMs: number): Breaker =>
  permit._tag === "probe" && state._tag === "HalfOpen" ? { _tag: "Open", untilMs: nowMs, round: state.round } : state;

/** The host said when to come back (`Retry-After`): open until then at least. */
export const heldUntil = (state: Breaker, untilMs: number): Breaker => {
  if (state._tag === "Open") return untilMs > state.untilMs ? { ...state, untilMs } : state;
  return { _tag: "Open", untilMs, round: state._tag === "Closed" ? 0 : state.round };
};

const open = (options: BreakerOptions, round: number, nowMs: number, random01: number): Breaker => {
  const openMs = Math.min(options.maxOpenMs, options.openMs * 2 ** round);
  return { _tag: "Open", untilMs: nowMs + openMs * (1 + options.jitter * (2 * random01 - 1)), round };
};

/** The share of the calls that goes so long after the probe's answer; `undefined` when the return is over. */
const shareAt = ({ ramp }: BreakerOptions, afterMs: number): number | undefined => {
  let untilMs = 0;
  return ramp.find(({ forMs }) => afterMs < (untilMs += forMs))?.share;
};

const slicesPerWindow = 10;

const counted = (options: BreakerOptions, slices: ReadonlyArray<Slice>, nowMs: number, failure: boolean): ReadonlyArray<Slice> => {
  const length = options.windowMs / slicesPerWindow;
  const startMs = Math.floor(nowMs / length) * length;
  const kept = slices.filter((slice) => slice.startMs > nowMs - options.windowMs && slice.startMs !== startMs);
  const present = slices.find((slice) => slice.startMs === startMs) ?? { startMs, calls: 0, failures: 0 };
  return [...kept, { startMs, calls: present.calls + 1, failures: present.failures + (failure ? 1 : 0) }];
};
