/**
 * A circuit breaker as a pure machine on monotonic milliseconds. Closed, it watches the outcomes; open, it lets nothing through; once its
 * time is over, exactly one request goes as a probe, and its outcome closes the breaker or opens it for twice as long.
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
}

export const defaultBreakerOptions: BreakerOptions = {
  consecutive: 3,
  failureShare: 0.5,
  minimumCalls: 20,
  windowMs: 10_000,
  openMs: 5_000,
  maxOpenMs: 60_000,
  jitter: 0.2,
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
  | { readonly _tag: "HalfOpen"; readonly round: number };

/** `pass` and `probe` may go; the outcome of both must be reported. */
export type Permit = { readonly _tag: "pass" } | { readonly _tag: "probe" } | { readonly _tag: "refused"; readonly retryAfterMs: number };

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
  }
};

/** How long {@link admit} would refuse from now on, in milliseconds; 0 when it would not. */
export const refusesForMs = (options: BreakerOptions, state: Breaker, nowMs: number): number => {
  const { permit } = admit(options, state, nowMs);
  return permit._tag === "refused" ? permit.retryAfterMs : 0;
};

/**
 * The host answered. Only a probe's answer closes the breaker: one that was sent before it opened says little about now.
 */
export const succeeded = (options: BreakerOptions, state: Breaker, permit: Permit, nowMs: number): Breaker => {
  if (permit._tag === "probe") return state._tag === "HalfOpen" ? closed : state;
  if (state._tag !== "Closed") return state;
  return { _tag: "Closed", failuresInRow: 0, slices: counted(options, state.slices, nowMs, false) };
};

/** The host did not answer. `random01` is uniform on [0, 1). */
export const failed = (options: BreakerOptions, state: Breaker, permit: Permit, nowMs: number, random01: number): Breaker => {
  if (permit._tag === "probe") return state._tag === "HalfOpen" ? open(options, state.round + 1, nowMs, random01) : state;
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
  return { _tag: "Open", untilMs, round: state._tag === "HalfOpen" ? state.round : 0 };
};

const open = (options: BreakerOptions, round: number, nowMs: number, random01: number): Breaker => {
  const openMs = Math.min(options.maxOpenMs, options.openMs * 2 ** round);
  return { _tag: "Open", untilMs: nowMs + openMs * (1 + options.jitter * (2 * random01 - 1)), round };
};

const slicesPerWindow = 10;

const counted = (options: BreakerOptions, slices: ReadonlyArray<Slice>, nowMs: number, failure: boolean): ReadonlyArray<Slice> => {
  const length = options.windowMs / slicesPerWindow;
  const startMs = Math.floor(nowMs / length) * length;
  const kept = slices.filter((slice) => slice.startMs > nowMs - options.windowMs && slice.startMs !== startMs);
  const present = slices.find((slice) => slice.startMs === startMs) ?? { startMs, calls: 0, failures: 0 };
  return [...kept, { startMs, calls: present.calls + 1, failures: present.failures + (failure ? 1 : 0) }];
};
