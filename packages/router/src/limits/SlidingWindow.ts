/**
 * At most `limit` grants in any `windowMs`, as a pure step on monotonic milliseconds. It remembers the time of every grant instead of
 * filling a bucket: a bucket of ten that refills at ten per second lets nineteen through in one second, and the exchange counts.
 *
 * The exchange counts arrivals, and we know only when a request was granted and when its end was seen: it arrived somewhere in between. So a
 * place is free again 1.05 windows after its grant, and one window after its end was seen, whichever is later ({@link ended}). A first request
 * on a cold connection can be long on its way while the next ones are fast; without the second rule they would arrive too close together.
 * The longest way is the one inside a process that does not get to run: ten requests granted before it stalled leave when it goes on, together
 * with the next ten unless those wait for them ({@link held}).
 */
import type { Limit } from "./LimitTable.ts";

/** How much longer than the exchange's window ours is: room for the jitter of the way there. */
export const arrivalGuard = 1.05;

/** How long, in windows, a request that was given up may still be on its way. */
const unansweredGuard = 1;

/** How long, in windows, a request that is not over keeps its place. Beyond it, it most likely arrived early and waits at the exchange. */
const longestFlight = 3;

export interface SlidingWindow {
  /**
   * Times of grants, ascending; those that can no longer matter are dropped at the next step.
   */
  readonly times: ReadonlyArray<number>;
  /** Nothing is granted before this time. */
  readonly pausedUntil: number;
}

export const empty: SlidingWindow = { times: [], pausedUntil: Number.NEGATIVE_INFINITY };

/** The length a grant counts for, in milliseconds. */
export const spanMs = (limit: Limit): number => limit.windowMs * arrivalGuard;

/** When a caller with `ahead` others before it is granted, if nobody else comes: `nowMs` when at once, exact to the rounding of doubles. */
export const grantAt = (limit: Limit, state: SlidingWindow, nowMs: number, ahead = 0): number => {
  const place = ahead % limit.limit;
  const before = state.times[state.times.length - limit.limit + place];
  const first = Math.max(nowMs, state.pausedUntil, before === undefined ? nowMs : before + spanMs(limit));
  return first + Math.floor(ahead / limit.limit) * spanMs(limit);
};

/** The state after a grant at `nowMs`. Only right where {@link grantAt} has come. */
export const granted = (limit: Limit, state: SlidingWindow, nowMs: number): SlidingWindow => ({
  ...state,
  times: inserted(recent(limit, state, nowMs), nowMs),
});

/**
 * A request granted at `grantedMs` is over at `nowMs`. An answered one arrived by now at the latest and counts from there; one that was
 * given up may still be on its way, for a window as we take it: it can lie written and unread while a busy machine stalls. One that took
 * longer than {@link isFlying} allows has lost its place already.
 */
export const ended = (limit: Limit, state: SlidingWindow, grantedMs: number, nowMs: number, answered: boolean): SlidingWindow => {
  const latestMs = nowMs + (answered ? 0 : limit.windowMs * unansweredGuard);
  const arrivedMs = latestMs - (spanMs(limit) - limit.windowMs);
  const index = arrivedMs > grantedMs && isFlying(limit, grantedMs, nowMs) ? state.times.lastIndexOf(grantedMs) : -1;
  return index === -1 ? state : { ...state, times: moved(state.times, index, arrivedMs) };
};

/** Whether a request granted at `grantedMs` that is not over may still be on its way. */
export const isFlying = (limit: Limit, grantedMs: number, nowMs: number): boolean => nowMs - grantedMs < limit.windowMs * longestFlight;

/**
 * The state as far as it can be known while requests are under way: one that should have been over by now counts as if it ended now, which is
 * the soonest it can. `flying`: when those were granted that are not over, ascending.
 */
export const held = (limit: Limit, state: SlidingWindow, flying: ReadonlyArray<number>, nowMs: number): SlidingWindow => {
  let { times } = state;
  for (const grantedMs of flying) {
    if (grantedMs + spanMs(limit) > nowMs) break;
    const index = isFlying(limit, grantedMs, nowMs) ? times.lastIndexOf(grantedMs) : -1;
    const soonestMs = Math.min(nowMs + limit.windowMs, grantedMs + limit.windowMs * longestFlight) - spanMs(limit);
    if (index !== -1) times = moved(times, index, soonestMs);
  }
  return times === state.times ? state : { ...state, times };
};

/** Times with one of them replaced by a later one. */
const moved = (times: ReadonlyArray<number>, index: number, toMs: number): ReadonlyArray<number> =>
  inserted(times.toSpliced(index, 1), toMs);

/** Times with one more. One that was given up can lie ahead of the present. */
const inserted = (times: ReadonlyArray<number>, atMs: number): ReadonlyArray<number> => {
  const after = times.findLastIndex((time) => time <= atMs);
  return after === times.length - 1 ? [...times, atMs] : times.toSpliced(after + 1, 0, atMs);
};

/** Takes back a grant that was not used: the request was never sent. */
export const refunded = (state: SlidingWindow, grantedMs: number): SlidingWindow => {
  const index = state.times.lastIndexOf(grantedMs);
  return index === -1 ? state : { ...state, times: state.times.toSpliced(index, 1) };
};

/** Nothing before `untilMs`. A pause is never shortened. */
export const paused = (state: SlidingWindow, untilMs: number): SlidingWindow =>
  untilMs > state.pausedUntil ? { ...state, pausedUntil: untilMs } : state;

/** Grants that still count at `nowMs`. */
export const used = (limit: Limit, state: SlidingWindow, nowMs: number): number => countSince(state, nowMs - spanMs(limit));

/** Nothing of the state matters any more. */
export const isIdle = (limit: Limit, state: SlidingWindow, nowMs: number): boolean =>
  state.pausedUntil <= nowMs && used(limit, state, nowMs) === 0;

/** The grants that count now or may still be under way, and at least one more span of them for {@link countSince}. */
const recent = (limit: Limit, state: SlidingWindow, nowMs: number): ReadonlyArray<number> => {
  const from = nowMs - longestFlight * spanMs(limit);
  const first = state.times.findIndex((time) => time > from);
  return first === -1 ? [] : first === 0 ? state.times : state.times.slice(first);
};

/** Grants after a moment, as far back as they are remembered: what of an exchange's window can have been ours. */
export const countSince = (state: SlidingWindow, afterMs: number): number => {
  let count = 0;
  for (let i = state.times.length - 1; i >= 0 && (state.times[i] ?? 0) > afterMs; i--) count++;
  return count;
};
