/**
 * A trace through the warm store, in virtual time and without a network: every reading is there at once, so what is counted is what a policy decides
 * and nothing else. The store, its lives and the habits are the router's own.
 */
import type { WarmKey } from "@naru/router/cache/Cache";
import type { Market } from "@naru/router/domain/Market";
import { adaptedLifeMs, beginUse, drawOf, noteLoad, noteRead, spreadLifeMs } from "@naru/router/cache/warmLife";
import { WarmStore, warmKeyId } from "@naru/router/cache/WarmStore";
import { expectedByMs, type Habit, Habits, momentMs } from "@naru/router/select/Habits";
import { type Trace, type TraceKey, type TraceQuestion, versionAt } from "./Trace.ts";

export interface Policy {
  /** The longest an answer is served, in milliseconds, whatever its caller accepts. */
  readonly ttlMs: number;
  readonly capacity: number;
  /** The least share of it that an adapted life has; 1 adapts nothing. */
  readonly floor: number;
  readonly refreshAt: number;
  /** What reads ahead: nothing, the habits, or the guess that a key is asked again after as long as the last time. */
  readonly ahead: "nothing" | "habits" | "last_interval";
  readonly prefetchAt: number;
}

export interface Replayed {
  readonly questions: number;
  /** Answered by memory, 0 to 1. */
  readonly hitRatio: number;
  /** Of those, how many said something else than the exchange did at that moment, 0 to 1. */
  readonly wrongShare: number;
  /** Readings of the exchange for each question, whoever caused them. */
  readonly readings: number;
  readonly ahead: number;
  /** Readings ahead that nobody used. */
  readonly wasted: number;
  /** What was thought of each moment, and whether the question came. */
  readonly weighed: ReadonlyArray<readonly [chance: number, came: boolean]>;
  readonly chains: { readonly followed: number; readonly subscribed: number; readonly ahead: number; readonly wasted: number };
}

export const usual: Policy = { ttlMs: 30_000, capacity: 10_000, floor: 0.5, refreshAt: 0.8, ahead: "nothing", prefetchAt: 0.5 };

/** How long a key that was subscribed ahead waits for its question, in milliseconds. */
const lingerMs = 60_000;
const warmKeyOf = (key: TraceKey): WarmKey => ({ kind: key.kind, market: key.name as Market, parts: [] });

export const replay = ({ questions }: Trace, policy: Policy, learnMs = 3_600_000): Replayed => {
  const run = new Run(policy, learnMs);
  for (const question of questions) run.ask(question);
  return run.result(questions);
};

class Run {
  readonly #policy: Policy;
  readonly #learnMs: number;
  readonly #store: WarmStore;
  readonly #habits = new Habits<TraceQuestion>();
  /** Readings ahead that nobody has used yet. */
  readonly #unused = new Set<string>();
  /** Weighed, and not yet known: until when, and how. */
  readonly #open = new Map<string, { readonly untilMs: number; readonly chance: number }>();
  readonly #weighed: Array<readonly [number, boolean]> = [];
  /** Keys subscribed ahead, and until when they wait. */
  readonly #subscribed = new Map<string, number>();
  readonly #last = new Map<string, number>();
  /** What the last interval would have read at each moment. */
  readonly #repeats = new Map<number, Array<TraceQuestion>>();
  readonly #chains = { followed: 0, subscribed: 0, ahead: 0, wasted: 0 };
  #hits = 0;
  #wrong = 0;
  #readings = 0;
  #ahead = 0;
  #wasted = 0;
  #nowMs = 0;

  constructor(policy: Policy, learnMs: number) {
    this.#policy = policy;
    this.#learnMs = learnMs;
    this.#store = new WarmStore({ capacity: policy.capacity, bytes: 1e12 });
  }

  ask(question: TraceQuestion): void {
    this.#advance(question.atMs);
    const { atMs, key, step } = question;
    const id = key.name;
    const counts = atMs >= this.#learnMs;
    this.#settle(id, atMs);
    if (key.kind === "ticker") this.#chain(id, atMs, step, counts);
    else this.#answer(question, counts);
    const hour = Math.floor(atMs / 3_600_000) % 24;
    const lifeMs = Math.min(key.maxAgeMs, this.#store.peek(warmKeyOf(key))?.lifeMs ?? this.#policy.ttlMs);
    for (const { said } of this.#habits.asked(id, key.kind, question, atMs, lifeMs, hour)) {
      if (said.key.kind !== "ticker" || this.#subscribed.has(said.key.name)) continue;
      this.#subscribed.set(said.key.name, atMs + lingerMs);
      if (counts) this.#chains.ahead++;
    }
    if (this.#policy.ahead === "last_interval" && key.kind !== "ticker") this.#expect(question, lifeMs);
    this.#last.set(id, atMs);
  }

  result(questions: Trace["questions"]): Replayed {
    const counted = questions.filter(({ atMs, key }) => atMs >= this.#learnMs && key.kind !== "ticker").length;
    return {
      questions: counted,
      hitRatio: this.#hits / counted,
      wrongShare: this.#hits === 0 ? 0 : this.#wrong / this.#hits,
      readings: this.#readings / counted,
      ahead: this.#ahead,
      wasted: this.#wasted,
      weighed: this.#weighed,
      chains: this.#chains,
    };
  }

  #answer({ atMs, key }: TraceQuestion, counts: boolean): void {
    const held = this.#store.get(warmKeyOf(key));
    const lasts = Math.min(key.maxAgeMs, held?.entry.lifeMs ?? 0);
    const age = held === undefined ? Number.POSITIVE_INFINITY : atMs - Number(held.entry.sinceNanos) / 1e6;
    const hit = age <= lasts;
    if (held !== undefined) noteRead(held.use, atMs, hit);
    if (counts) {
      if (hit) this.#hits++;
      if (hit && held?.entry.value !== versionAt(key, atMs)) this.#wrong++;
    }
    if (this.#unused.delete(key.name) && !hit && counts) this.#wasted++;
    if (!hit) this.#read(key, atMs, true);
    else if (age > lasts * this.#policy.refreshAt) this.#read(key, atMs, false);
  }

  #read(key: TraceKey, atMs: number, isRead: boolean): void {
    const warm = warmKeyOf(key);
    const before = this.#store.peek(warm);
    const use = this.#store.peekUse(warm) ?? beginUse();
    const value = versionAt(key, atMs);
    noteLoad(use, before === undefined ? undefined : before.value !== value);
    const lifeMs = spreadLifeMs(adaptedLifeMs(use, this.#policy.ttlMs, this.#policy.floor), drawOf(warmKeyId(warm), use.loads));
    this.#store.put(warm, { value, sinceNanos: BigInt(Math.round(atMs * 1e6)), lifeMs, volatility: use.volatility }, { isRead, use });
    if (atMs >= this.#learnMs) this.#readings++;
  }

  /** Everything whose moment lies before `toMs`. */
  #advance(toMs: number): void {
    const { ahead } = this.#policy;
    for (let at = Math.ceil(this.#nowMs / momentMs) * momentMs; at < toMs; at += momentMs) {
      if (ahead === "last_interval") this.#repeat(at);
      else if (this.#habits.hasMoments) for (const habit of this.#habits.due(at)) this.#weigh(habit, at);
    }
    this.#nowMs = toMs;
  }

  #weigh(habit: Habit<TraceQuestion>, atMs: number): void {
    const { key } = habit.said;
    if (key.kind === "ticker") return;
    const chance = this.#habits.chance(habit, atMs, Math.floor(atMs / 3_600_000) % 24);
    this.#settle(key.name, atMs);
    this.#open.set(key.name, { untilMs: habit.untilMs, chance });
    const entry = this.#store.peek(warmKeyOf(key));
    const endsMs = entry === undefined ? 0 : Number(entry.sinceNanos) / 1e6 + Math.min(entry.lifeMs, key.maxAgeMs);
    if (this.#policy.ahead === "habits" && chance >= this.#policy.prefetchAt && endsMs < expectedByMs(habit)) this.#readAhead(key, atMs);
  }

  /** What a program without a model would guess: as long as the last time, with the answer's life around it. */
  #expect(question: TraceQuestion, lifeMs: number): void {
    const lastMs = this.#last.get(question.key.name);
    if (lastMs === undefined) return;
    const moment = Math.ceil((question.atMs + Math.max(lifeMs / 2, question.atMs - lastMs - lifeMs / 2)) / momentMs);
    const others = this.#repeats.get(moment);
    if (others === undefined) this.#repeats.set(moment, [question]);
    else others.push(question);
  }

  #repeat(atMs: number): void {
    const moment = Math.round(atMs / momentMs);
    for (const { atMs: askedMs, key } of this.#repeats.get(moment) ?? []) {
      // Asked again since: that one has its own guess.
      if (this.#last.get(key.name) === askedMs) this.#readAhead(key, atMs);
    }
    this.#repeats.delete(moment);
  }

  #readAhead(key: TraceKey, atMs: number): void {
    if (atMs >= this.#learnMs) {
      this.#ahead++;
      if (this.#unused.has(key.name)) this.#wasted++;
    }
    this.#unused.add(key.name);
    this.#read(key, atMs, false);
  }

  #settle(id: string, atMs: number): void {
    const open = this.#open.get(id);
    if (open === undefined) return;
    this.#open.delete(id);
    if (atMs >= this.#learnMs) this.#weighed.push([open.chance, atMs <= open.untilMs]);
  }

  #chain(id: string, atMs: number, step: number | undefined, counts: boolean): void {
    for (const [other, untilMs] of this.#subscribed) {
      if (untilMs > atMs) continue;
      this.#subscribed.delete(other);
      if (counts) this.#chains.wasted++;
    }
    const isAhead = this.#subscribed.delete(id);
    if (step === undefined || step === 0 || !counts) return;
    this.#chains.followed++;
    if (isAhead) this.#chains.subscribed++;
  }
}

/** The chance that of two moments, one with its question and one without, the first was thought the likelier. */
export const areaUnderCurve = (weighed: Replayed["weighed"]): number => {
  const sorted = [...weighed].sort(([a], [b]) => a - b);
  let [rank, ranks, came] = [0, 0, 0];
  while (rank < sorted.length) {
    let end = rank;
    while (end < sorted.length && sorted[end]?.[0] === sorted[rank]?.[0]) end++;
    // Equals share their ranks.
    for (let i = rank; i < end; i++) if (sorted[i]?.[1] === true) [ranks, came] = [ranks + (rank + 1 + end) / 2, came + 1];
    rank = end;
  }
  const not = sorted.length - came;
  return came === 0 || not === 0 ? Number.NaN : (ranks - (came * (came + 1)) / 2) / (came * not);
};
