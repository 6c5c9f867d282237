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

/** The answer as all faults leave it, in the order they were switched on; the same object when none did anything. */
export const mangled = (faults: FaultSet, answer: ExchangeResponse, request: Answered, nowMs: number): ExchangeResponse => {
  let current = answer;
  const concerned = new Set([...faults.having("onRecord"), ...faults.having("onAnswer")]);
  for (const active of [...concerned].toSorted((a, b) => a.id - b.id)) {
    if (!concerns(active, request, false)) continue;
    const changed = faults.fire(
      active,
      nowMs,
      () => nameOf(request),
      (firing) => {
        const { hooks, reach } = active;
        // A fault of frames of one type leaves answers alone.
        const records = reach.type === undefined ? withRecords(current, active, (record) => hooks.onRecord?.(record, firing)) : undefined;
        return hooks.onAnswer?.(records ?? current, request, firing) ?? records;
      },
    );
    current = changed ?? current;
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
  { hooks, reach: { market } }: Active,
  use: (record: ReturnType<typeof recordsOf>[number]) => boolean | undefined,
): ExchangeResponse | undefined => {
  const value = answer.status === 200 && hooks.onRecord !== undefined ? parseJsonText(decoder.decode(answer.body)) : undefined;
  if (value === undefined) return undefined;
  let changed = false;
  for (const record of recordsOf(value)) if (market === undefined || marketOf(record) === market) changed = use(record) === true || changed;
  return changed ? { ...answer, body: encoder.encode(printJsonText(value)) } : undefined;
};
