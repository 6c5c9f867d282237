/**
 * A tape as a row of past decisions: for every second, market and kind that it tells of, when REST would have answered (as long as the requests of
 * that time took), and when the socket would have: at once from memory while the key was live and the link spoke, with its next frame where it had
 * fallen silent, and where the key was not subscribed after the time that first elements took on this tape. What was really asked does not matter,
 * and where memory answered it is not on the tape.
 */
import type { Intent } from "@naru/router/domain/Question";
import { type QuestionSpec, questionOf } from "@naru/router/explain";
import { defaultRouterConfig } from "@naru/router/RouterConfig";
import type { PastDecision } from "@naru/router/select/tuning";
import { marketOf, subjectsOf } from "@naru/sim/tape/FrameFilter";
import type { Tape } from "@naru/sim/tape/Tape";
import { bytesOf } from "@naru/router/tape/TapeEvent";
import * as Result from "effect/Result";

type Kind = "ticker" | "orderbook" | "trades";
type Subject = `${Kind} ${string}`;

/** More than these say nothing new: longer tapes are looked at less often than every second. */
const mostDecisions = 4_000;
const secondMs = 1_000;

/** Every decision that the tape can tell of, in order. `intent` is what the questions are for. */
export const pastDecisions = (tape: Tape, intent: Intent): ReadonlyArray<PastDecision> => {
  const story = storyOf(tape);
  const subjects = [...story.subjects];
  const everyMs = Math.max(secondMs, Math.ceil((tape.durationMs * subjects.length) / mostDecisions / secondMs) * secondMs);
  const decisions: Array<PastDecision> = [];
  for (const moment of story.moments) {
    if (moment.atMs % everyMs !== 0) continue;
    for (const subject of subjects) {
      const decision = decisionAt(story, moment, subject, intent);
      if (decision !== undefined) decisions.push(decision);
    }
  }
  return decisions;
};

/** The state of the socket at a full second. */
interface Moment {
  readonly atMs: number;
  readonly connected: boolean;
  /** When the link last spoke. */
  readonly heardMs: number;
  readonly live: ReadonlySet<Subject>;
}

interface Story {
  readonly subjects: Set<Subject>;
  readonly moments: Array<Moment>;
  /** When frames of each subject came, ascending. */
  readonly frames: Map<Subject, Array<number>>;
  /** How long first elements took. */
  readonly firstMs: Array<number>;
  /** Requests of each kind that were answered: when they were asked, and how long they took. */
  readonly requests: Map<Kind, Array<{ readonly atMs: number; readonly tookMs: number }>>;
}

const storyOf = (tape: Tape): Story => {
  const story: Story = { subjects: new Set(), moments: [], frames: new Map(), firstMs: [], requests: new Map() };
  const asked = new Map<string, { readonly kind: Kind; readonly atMs: number }>();
  const waiting = new Map<Subject, number>();
  const open = new Set<string>();
  let live = new Set<Subject>();
  let heardMs = Number.NEGATIVE_INFINITY;
  let nextMs = 0;
  for (const { atNanos, event, part } of tape.events()) {
    const atMs = atNanos / 1e6;
    for (; nextMs <= atMs; nextMs += secondMs) story.moments.push({ atMs: nextMs, connected: open.size > 0, heardMs, live: new Set(live) });
    switch (event.event) {
      case "open":
        open.add(`${part} ${event.socket}`);
        break;
      case "close":
        open.delete(`${part} ${event.socket}`);
        live = new Set();
        break;
      case "send": {
        const wanted = wantedIn(event.text);
        if (wanted === undefined) break;
        for (const subject of live) if (!wanted.has(subject)) live.delete(subject);
        for (const subject of wanted) if (!live.has(subject) && !waiting.has(subject)) waiting.set(subject, atMs);
        break;
      }
      case "pong":
        heardMs = atMs;
        break;
      case "frame":
        heardMs = atMs;
        for (const subject of namesOf(subjectsOf(new TextDecoder().decode(bytesOf(event))))) {
          story.subjects.add(subject);
          push(story.frames, subject, atMs);
          const since = waiting.get(subject);
          if (since !== undefined) story.firstMs.push(atMs - since);
          waiting.delete(subject);
          live.add(subject);
        }
        break;
      case "request": {
        const question = questionIn(event.target);
        if (question === undefined) break;
        for (const market of question.markets) story.subjects.add(`${question.kind} ${market}`);
        asked.set(`${part} ${event.request}`, { kind: question.kind, atMs });
        break;
      }
      case "response": {
        const request = asked.get(`${part} ${event.request}`);
        if (request !== undefined && event.status === 200)
          push(story.requests, request.kind, { atMs: request.atMs, tookMs: atMs - request.atMs });
        break;
      }
      default:
    }
  }
  return story;
};

const decisionAt = (story: Story, moment: Moment, subject: Subject, intent: Intent): PastDecision | undefined => {
  const [kind, market] = subject.split(" ") as [Kind, string];
  const question = questionOf(specOf(kind, market, intent), defaultRouterConfig, moment.atMs);
  const restMs = restAt(story, kind, moment.atMs);
  if (Result.isFailure(question) || restMs === undefined) return undefined;
  const { maxAgeMs, realtime } = question.success.intent;
  const { atMs, connected, heardMs } = moment;
  const subscribed = connected && moment.live.has(subject);
  const isFresh = subscribed && atMs - heardMs <= maxAgeMs;
  const next = subscribed ? story.frames.get(subject)?.find((ms) => ms > atMs) : undefined;
  const firstMs = realtime && connected ? middle(story.firstMs) : undefined;
  return {
    question: question.success,
    facts: {
      connected,
      subscribed,
      streamable: true,
      hot: isFresh ? "fresh" : story.frames.has(subject) ? "stale" : "absent",
      usage: 0,
      restWaitMs: 0,
      blocked: false,
      breakerOpen: false,
      mode: "normal",
      markets: 1,
    },
    atMs,
    restMs,
    socketMs: isFresh ? 0 : next !== undefined ? next - atMs : (firstMs ?? Number.POSITIVE_INFINITY),
  };
};

/** How long a request took that was asked nearest to that time; undefined where none of the kind was answered. */
const restAt = (story: Story, kind: Kind, atMs: number): number | undefined =>
  story.requests
    .get(kind)
    ?.reduce((nearest, request) => (Math.abs(request.atMs - atMs) < Math.abs(nearest.atMs - atMs) ? request : nearest)).tookMs;

const specOf = (kind: Kind, market: string, intent: Intent): QuestionSpec =>
  kind === "trades" ? { kind, market, count: 1, ...intent } : { kind, market, ...intent };

const kindsOfTypes: Readonly<Record<string, Kind>> = { ticker: "ticker", orderbook: "orderbook", trade: "trades" };

const namesOf = (subjects: ReadonlyArray<{ readonly type: string; readonly code: string }>): ReadonlyArray<Subject> =>
  subjects.flatMap(({ code, type }): ReadonlyArray<Subject> => {
    const kind = kindsOfTypes[type];
    return kind === undefined ? [] : [`${kind} ${marketOf(code)}`];
  });

/** What a client's message subscribes to; undefined for one that is no subscription. */
const wantedIn = (text: string): ReadonlySet<Subject> | undefined => {
  let parts: unknown;
  try {
    parts = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(parts)) return undefined;
  const named = (parts as ReadonlyArray<{ readonly type?: unknown; readonly codes?: unknown } | null>).flatMap((part) =>
    typeof part?.type === "string" && Array.isArray(part.codes)
      ? part.codes.map((code: unknown) => ({ type: part.type as string, code: String(code) }))
      : [],
  );
  return named.length === 0 ? undefined : new Set(namesOf(named));
};

/** What a request asks that the socket could tell as well. */
const questionIn = (target: string): { readonly kind: Kind; readonly markets: ReadonlyArray<string> } | undefined => {
  const { pathname, searchParams } = new URL(target, "http://tape");
  const kind = /\/(ticker|orderbook|trades)(?:\/ticks)?$/.exec(pathname)?.[1] as Kind | undefined;
  const markets = (searchParams.get("markets") ?? searchParams.get("market") ?? "").split(",").filter((code) => code !== "");
  return kind === undefined || markets.length === 0 ? undefined : { kind, markets };
};

const middle = (values: ReadonlyArray<number>): number | undefined => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

const push = <K, V>(lists: Map<K, Array<V>>, key: K, value: V): void => {
  const known = lists.get(key);
  if (known === undefined) lists.set(key, [value]);
  else known.push(value);
};
