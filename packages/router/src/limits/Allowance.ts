/**
 * How much of a limit is ours at present, as a pure machine on monotonic milliseconds. Two things make it less than the limit.
 *
 * Others on the same address: each answer says how many requests are left, and what our own do not explain was theirs. Their number is taken at
 * once when it rises. While somebody is there and nothing at all is left we also step back, for then what they want is more than what they get. It
 * falls after five windows: by half when nobody was seen in them, else by one, but not to what was seen itself.
 *
 * Refusals (429): our rate is halved, and rises by a twentieth of the limit every ten seconds. For five minutes it stays below the rate that was
 * refused, because a limit that the exchange has lowered would otherwise be found again every minute.
 */
import { type Limit, rateOf } from "./LimitTable.ts";

export interface Allowance {
  /** Requests of others in one window. */
  readonly others: number;
  /** What the answers of the present five windows said: the most of others; undefined while there were none. */
  readonly look: { readonly sinceMs: number; readonly most: number | undefined };
  /** When an answer last said anything, and when we last stepped back because nothing was left. */
  readonly seenMs: number;
  readonly steppedMs: number;
  /** The last refusal, while it counts: requests per window from then on, and the rate that was refused. */
  readonly cut: { readonly atMs: number; readonly rate: number; readonly refused: number } | undefined;
}

const never = Number.NEGATIVE_INFINITY;

export const whole: Allowance = {
  others: 0,
  look: { sinceMs: never, most: undefined },
  seenMs: never,
  steppedMs: never,
  cut: undefined,
};

/** Windows over which the presence of others is judged. */
const lookWindows = 5;
/** So many more than were seen may be there: an exchange that counts by the second shows them all only at the end of it. */
const unseen = 2;
/** What was seen of others counts for so many windows after the last answer. */
const memoryWindows = 60;
/** We keep this much per window whatever others do, so that we see when they are gone. */
export const leastRate = 0.5;

const raiseEveryMs = 10_000;
const raiseShare = 0.05;
/** How long the rate that was refused is not tried again. */
const respectMs = 300_000;

/** Requests per window that are ours. `limit` is the exchange's, `share` the part of it that this process may use at most. */
export const rateAt = (limit: Limit, share: Limit, state: Allowance, nowMs: number): number => {
  const own = rateOf(limit, share);
  if (state === whole) return own;
  const free = limit.limit - othersAt(limit, state, nowMs);
  return Math.min(own, Math.max(leastRate, Math.min(free, cutAt(limit, state, nowMs))));
};

/** Requests of others in one window, as far as we know. */
export const othersAt = (limit: Limit, state: Allowance, nowMs: number): number =>
  nowMs - state.seenMs > limit.windowMs * memoryWindows ? 0 : state.others;

/**
 * An answer said that `remaining` are left in the present window; at most `own` requests of ours can be in it. Nonsense changes nothing.
 */
export const observed = (limit: Limit, share: Limit, state: Allowance, nowMs: number, remaining: number, own: number): Allowance => {
  if (!Number.isInteger(remaining) || remaining < 0) return state;
  const theirs = Math.max(0, limit.limit - remaining - own);
  if (theirs === 0 && state.others === 0) return state;
  const looked = fallen(limit, { ...state, others: othersAt(limit, state, nowMs) }, nowMs);
  const look = { ...looked.look, most: Math.max(looked.look.most ?? 0, theirs) };
  // With a part of the limit others are expected, and a full window is what was agreed.
  const isPressed = remaining === 0 && theirs > 0 && share.limit >= limit.limit && nowMs - looked.steppedMs >= limit.windowMs;
  const stepped = isPressed ? looked.others + Math.ceil((limit.limit - looked.others) / 4) : 0;
  const others = Math.min(limit.limit - 1, Math.max(looked.others, theirs, stepped));
  return settled({ ...looked, look, others, seenMs: nowMs, steppedMs: isPressed ? nowMs : looked.steppedMs });
};

/** A request was refused with 429 although the limit was believed kept. */
export const refused = (limit: Limit, share: Limit, state: Allowance, nowMs: number): Allowance => {
  const rate = rateAt(limit, share, state, nowMs);
  return { ...state, cut: { atMs: nowMs, rate: Math.max(leastRate, rate / 2), refused: rate } };
};

/** What a refusal has left of the limit by now. */
const cutAt = (limit: Limit, { cut }: Allowance, nowMs: number): number => {
  if (cut === undefined) return Number.POSITIVE_INFINITY;
  const step = limit.limit * raiseShare;
  const steps = (fromMs: number) => Math.max(0, Math.floor((nowMs - fromMs) / raiseEveryMs));
  const below = Math.max(cut.rate, cut.refused - step);
  const rate = Math.min(below, cut.rate + step * steps(cut.atMs));
  return nowMs - cut.atMs < respectMs ? rate : rate + step * (1 + steps(cut.atMs + respectMs));
};

/** Lets the number of others fall when a look at them is over. */
const fallen = (limit: Limit, state: Allowance, nowMs: number): Allowance => {
  const { look, others } = state;
  if (nowMs - look.sinceMs < limit.windowMs * lookWindows) return state;
  const fall = look.most === undefined ? 0 : look.most === 0 ? Math.ceil(others / 2) : others > look.most + unseen ? 1 : 0;
  return { ...state, others: others - fall, look: { sinceMs: nowMs, most: undefined } };
};

/** The same object again once nothing limits us, which makes the ordinary case the cheap one. */
const settled = (state: Allowance): Allowance => (state.others === 0 && state.cut === undefined ? whole : state);

/** Forgets a refusal that has no effect any more. */
export const forgotten = (limit: Limit, share: Limit, state: Allowance, nowMs: number): Allowance =>
  state.cut !== undefined && cutAt(limit, state, nowMs) >= rateOf(limit, share) ? settled({ ...state, cut: undefined }) : state;
