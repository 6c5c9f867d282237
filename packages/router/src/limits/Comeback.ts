/**
 * The way back after the exchange has blocked our address (418), as a pure machine on monotonic milliseconds: nothing until a second after the end,
 * then one request to see whether it is over, then a tenth of every limit, half of it, and all of it half a minute later. Whoever waited does not
 * come back together.
 *
 * A block soon after another one lasts at least twice as long as was taken for the one before, from a minute up to half an hour, whatever the answer
 * says: that we were blocked again shows that what we were told or understood was too short.
 */
export type Comeback =
  | { readonly _tag: "Open" }
  /** `round` counts the blocks in a row, from 0. */
  | { readonly _tag: "Blocked"; readonly untilMs: number; readonly round: number }
  /** One request is on its way to see whether the block is over. */
  | { readonly _tag: "Probing"; readonly grantedMs: number; readonly round: number }
  | { readonly _tag: "Ramping"; readonly sinceMs: number; readonly round: number };

export const open: Comeback = { _tag: "Open" };

/** How long after the end of a block we believe in it. */
export const marginMs = 1_000;

const untoldMs = 60_000;
const longestRepeatMs = 30 * 60_000;
/** A block so long after the end of the last one is the first of its kind again. */
const memoryMs = 60 * 60_000;

/** A probe that has not come back by then is given up for another one. */
const probeMs = 10_000;
/** How often those who wait for the probe look again. */
const lookMs = 1_000;

const ramp = [
  { untilMs: 10_000, share: 0.1 },
  { untilMs: 30_000, share: 0.5 },
] as const;

/** A block for `forMs`, as the answer said or as is supposed. Never shortens one. */
export const blocked = (state: Comeback, nowMs: number, forMs: number): Comeback => {
  if (state._tag === "Blocked" && nowMs < state.untilMs) return { ...state, untilMs: Math.max(state.untilMs, nowMs + forMs + marginMs) };
  const round = roundAt(state, nowMs);
  const leastMs = round === 0 ? 0 : Math.min(longestRepeatMs, untoldMs * 2 ** round);
  return { _tag: "Blocked", untilMs: nowMs + Math.max(forMs, leastMs) + marginMs, round };
};

/** Milliseconds until the block is over; 0 when there is none. */
export const blockedForMs = (state: Comeback, nowMs: number): number => (state._tag === "Blocked" ? Math.max(0, state.untilMs - nowMs) : 0);

/** When the next request may go as far as the block is concerned: `nowMs` when at once. */
export const opensAt = (state: Comeback, nowMs: number): number => {
  if (state._tag === "Blocked") return Math.max(nowMs, state.untilMs);
  if (state._tag === "Probing") return Math.max(nowMs, Math.min(nowMs + lookMs, state.grantedMs + probeMs));
  return nowMs;
};

/** The share of every limit that may be used, 0 to 1. */
export const shareAt = (state: Comeback, nowMs: number): number => {
  if (state._tag === "Open") return 1;
  if (state._tag !== "Ramping") return ramp[0].share;
  return ramp.find(({ untilMs }) => nowMs - state.sinceMs < untilMs)?.share ?? 1;
};

/** A request was granted. The first after a block is the probe. */
export const granted = (state: Comeback, nowMs: number): Comeback => {
  if (state._tag === "Blocked") return { _tag: "Probing", grantedMs: nowMs, round: state.round };
  return state._tag === "Probing" ? { ...state, grantedMs: nowMs } : state;
};

/** A granted request is over. An answer to the probe begins the ramp; a probe without one leaves its place to the next. */
export const ended = (state: Comeback, grantedMs: number, nowMs: number, isAnswered: boolean): Comeback => {
  if (state._tag !== "Probing" || grantedMs !== state.grantedMs) return state;
  return isAnswered ? { _tag: "Ramping", sinceMs: nowMs, round: state.round } : { _tag: "Blocked", untilMs: nowMs, round: state.round };
};

/** Nothing of the last block is felt any more, nor remembered. */
export const isOver = (state: Comeback, nowMs: number): boolean =>
  state._tag === "Open" || (state._tag === "Ramping" && nowMs - state.sinceMs >= memoryMs);

/** How many blocks in a row the next one would have before it. */
export const roundAt = (state: Comeback, nowMs: number): number => {
  if (state._tag === "Open") return 0;
  const endMs = state._tag === "Blocked" ? state.untilMs : state._tag === "Probing" ? state.grantedMs : state.sinceMs;
  return nowMs - endMs < memoryMs ? state.round + 1 : 0;
};
