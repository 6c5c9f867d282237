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
   * Times of grants, ascending; those of this state are from `from` to before `to` ({@link timesOf}). Those that can no longer matter are dropped at
   * the next step. A later state goes on in the same list where it only adds to its end: a grant copies no other, however many the limit allows.
   */
  readonly list: Array<number>;
  readonly from: number;
  readonly to: number;
  /** Nothing is granted before this time. */
  readonly pausedUntil: number;
}

export const empty: SlidingWindow = { list: [], from: 0, to: 0, pausedUntil: Number.NEGATIVE_INFINITY };

/** Times of the grants that are remembered, ascending. */
export const timesOf = (state: SlidingWindow): Array<number> => state.list.slice(state.from, state.to);

/** The length a grant counts for, in milliseconds. */
export const spanMs = (limit: Limit): number => limit.windowMs * arrivalGuard;

/** When a caller with `ahead` others before it is granted, if nobody else comes: `nowMs` when at once, exact to the rounding of doubles. */
export const grantAt = (limit: Limit, state: SlidingWindow, nowMs: number, ahead = 0): number => {
  const place = ahead % limit.limit;
  const at = state.to - limit.limit + place;
  const before = at < state.from ? undefined : state.list[at];
  const first = Math.max(nowMs, state.pausedUntil, before === undefined ? nowMs : before + spanMs(limit));
  return first + Math.floor(ahead / limit.limit) * spanMs(limit);
};

/** The state after a grant at `nowMs`. Only right where {@link grantAt} has come. */
export const granted = (limit: Limit, state: SlidingWindow, nowMs: number): SlidingWindow => {
  const { list, to } = state;
  const from = firstRecent(limit, state, nowMs);
  const isNext = from < to && to === list.length && (list[to - 1] ?? 0) <= nowMs;
  // What was dropped may take as much room as what is kept, and no more.
  if (!isNext || from > to - from) return withTimes(state, inserted(list.slice(from, to), nowMs));
  list.push(nowMs);
  return { ...state, from, to: to + 1 };
};

/**
 * A request granted at `grantedMs` is over at `nowMs`. An answered one arrived by now at the latest and counts from there; one that was
 * given up may still be on its way, for a window as we take it: it can lie written and unread while a busy machine stalls. One that took
 * longer than {@link isFlying} allows has lost its place already.
 */
export const ended = (limit: Limit, state: SlidingWindow, grantedMs: number, nowMs: number, answered: boolean): SlidingWindow => {
  const latestMs = nowMs + (answered ? 0 : limit.windowMs * unansweredGuard);
  const arrivedMs = latestMs - (spanMs(limit) - limit.windowMs);
  if (arrivedMs <= grantedMs || !isFlying(limit, grantedMs, nowMs)) return state;
  const times = timesOf(state);
  const index = times.lastIndexOf(grantedMs);
  return index === -1 ? state : withTimes(state, moved(times, index, arrivedMs));
};

/** Whether a request granted at `grantedMs` that is not over may still be on its way. */
export const isFlying = (limit: Limit, grantedMs: number, nowMs: number): boolean => nowMs - grantedMs < limit.windowMs * longestFlight;

/**
 * The state as far as it can be known while requests are under way: one that should have been over by now counts as if it ended now, which is
 * the soonest it can. `flying`: when those were granted that are not over, ascending.
 */
export const held = (limit: Limit, state: SlidingWindow, flying: ReadonlyArray<number>, nowMs: number): SlidingWindow => {
  let times: Array<number> | undefined;
  for (const grantedMs of flying) {
    if (grantedMs + spanMs(limit) > nowMs) break;
    if (!isFlying(limit, grantedMs, nowMs)) continue;
    times ??= timesOf(state);
    const index = times.lastIndexOf(grantedMs);
    const soonestMs = Math.min(nowMs + limit.windowMs, grantedMs + limit.windowMs * longestFlight) - spanMs(limit);
    if (index !== -1) times = moved(times, index, soonestMs);
  }
  return times === undefined ? state : withTimes(state, times);
};

const withTimes = ({ pausedUntil }: SlidingWindow, list: Array<number>): SlidingWindow => ({ list, from: 0, to: list.length, pausedUntil });

/** Times with one of them replaced by a later one. The list is the caller's own. */
const moved = (times: Array<number>, index: number, toMs: number): Array<number> => {
  times.splice(index, 1);
  return inserted(times, toMs);
};

/** Times with one more. One that was given up can lie ahead of the present. The list is the caller's own. */
const inserted = (times: Array<number>, atMs: number): Array<number> => {
  const after = times.findLastIndex((time) => time <= atMs);
  times.splice(after + 1, 0, atMs);
  return times;
};

/** Takes back a grant that was not used: the request was never sent. */
export const refunded = (state: SlidingWindow, grantedMs: number): SlidingWindow => {
  const times = timesOf(state);
  const index = times.lastIndexOf(grantedMs);
  return index === -1 ? state : withTimes(state, times.toSpliced(index, 1));
};

/** Nothing before `untilMs`. A pause is never shortened. */
export const paused = (state: SlidingWindow, untilMs: number): SlidingWindow =>
  untilMs > state.pausedUntil ? { ...state, pausedUntil: untilMs } : state;

/** Grants that still count at `nowMs`. */
export const used = (limit: Limit, state: SlidingWindow, nowMs: number): number => countSince(state, nowMs - spanMs(limit));

/** Nothing of the state matters any more. */
export const isIdle = (limit: Limit, state: SlidingWindow, nowMs: number): boolean =>
  state.pausedUntil <= nowMs && used(limit, state, nowMs) === 0;

/** Where the grants begin that count now or may still be under way, and at least one more span of them for {@link countSince}. */
const firstRecent = (limit: Limit, { list, from, to }: SlidingWindow, nowMs: number): number => {
  const afterMs = nowMs - longestFlight * spanMs(limit);
  let first = from;
  while (first < to && (list[first] ?? 0) <= afterMs) first++;
  return first;
};

/** Grants after a moment, as far back as they are remembered: what of an exchange's window can have been ours. */
export const countSince = ({ list, from, to }: SlidingWindow, afterMs: number): number => {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle] ?? 0) > afterMs) high = middle;
    else low = middle + 1;
  }
  return to - low;
};
