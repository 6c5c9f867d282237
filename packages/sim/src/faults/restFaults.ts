/** Where the exchange asks its faults while it answers a request. */
import type { ExchangeResponse } from "../Exchange.ts";
import type { Active, FaultSet } from "./FaultSet.ts";
import type { Answered, RequestTarget, Verdict } from "./Hooks.ts";
import { marketOf, parseJsonText, printJsonText, recordsOf } from "./JsonText.ts";

/** The first fault that has something to say before limits are counted, or after, or about an upgrade. */
export const verdictOf = (
  faults: FaultSet,
  hook: "onArrival" | "onRequest" | "onUpgrade",
  request: RequestTarget,
  nowMs: number,
): Verdict | undefined => {
  for (const active of faults.having(hook)) {
    if (!concerns(active, request, true)) continue;
    const verdict = faults.fire(
      active,
      nowMs,
      () => nameOf(request),
      (firing) => active.hooks[hook]?.(request, firing),
    );
    if (verdict !== undefined) return verdict;
  }
  return undefined;
};

/** How many requests of the group a window holds by the faults; `Infinity` when they have no say. */
export const limitOf = (faults: FaultSet, request: RequestTarget, nowMs: number): number => {
  let limit = Infinity;
  for (const active of faults.having("onLimit")) {
    if (!concerns(active, request, true)) continue;
    limit = Math.min(
      limit,
      faults.fire(
        active,
        nowMs,
        () => nameOf(request),
        (firing) => active.hooks.onLimit?.(request, firing),
      ) ?? Infinity,
    );
  }
  return limit;
};

/** The answer as all faults leave it; the same object when none did anything. */
export const mangled = (faults: FaultSet, answer: ExchangeResponse, request: Answered, nowMs: number): ExchangeResponse => {
  let current = answer;
  for (const active of faults.having("onRecord")) {
    if (concerns(active, request, false) && active.reach.type === undefined)
      current =
        faults.fire(
          active,
          nowMs,
          () => nameOf(request),
          (firing) => withRecords(current, active, (record) => active.hooks.onRecord?.(record, firing)),
        ) ?? current;
  }
  for (const active of faults.having("onAnswer")) {
    if (concerns(active, request, false))
      current =
        faults.fire(
          active,
          nowMs,
          () => nameOf(request),
          (firing) => active.hooks.onAnswer?.(current, request, firing),
        ) ?? current;
  }
  return current;
};

const nameOf = ({ method, target }: RequestTarget): string => `${method} ${target}`;

/** `strictly`: a fault of one market concerns only requests that name it, not lists of all markets. */
const concerns = ({ reach, matches, doors }: Active, request: RequestTarget, strictly: boolean): boolean => {
  if (!doors.includes(request.door)) return false;
  if (
    reach.path !== undefined &&
    request.path !== reach.path &&
    !request.path.startsWith(reach.path.endsWith("/") ? reach.path : `${reach.path}/`)
  )
    return false;
  if (reach.market !== undefined) {
    const named = request.query.get("market") ?? request.query.get("markets");
    if (named === null ? strictly : !named.toUpperCase().split(",").includes(reach.market)) return false;
  }
  return matches === undefined || matches(request);
};

const decoder = new TextDecoder();
const encoder = new TextEncoder();

const withRecords = (
  answer: ExchangeResponse,
  { reach: { market } }: Active,
  use: (record: ReturnType<typeof recordsOf>[number]) => boolean | undefined,
): ExchangeResponse | undefined => {
  const value = answer.status === 200 ? parseJsonText(decoder.decode(answer.body)) : undefined;
  if (value === undefined) return undefined;
  let changed = false;
  for (const record of recordsOf(value)) if (market === undefined || marketOf(record) === market) changed = use(record) === true || changed;
  return changed ? { ...answer, body: encoder.encode(printJsonText(value)) } : undefined;
};
