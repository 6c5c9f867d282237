/**
 * What a program is about to ask, from what it has asked: the rhythm of each key, the hours in which it is asked, and which keys follow which.
 * Two uses are made of it. A question may bring others with it that nearly always follow (`asked`); and a key whose rhythm says that it is
 * about to be asked again has its moment (`due`), at which the chance of that is weighed (`chance`).
 *
 * Pure state on monotonic milliseconds, the same for the same questions. A question costs a few writes, whatever is remembered: keys, followers and
 * moments are bounded, and what was asked longest ago is forgotten. Questions that come so close together that the store refreshes their answer
 * by itself are one burst; the pauses between bursts are the rhythm.
 */
import type { Kind } from "../domain/Question.ts";
import { OnlineLogistic } from "./OnlineLogistic.ts";

export interface HabitOptions {
  /** Keys remembered. */
  readonly capacity: number;
  /** The least chance of a follower that {@link Habits.asked} tells. */
  readonly followsAt: number;
}

export const defaultHabitOptions: HabitOptions = { capacity: 2_000, followsAt: 0.7 };

/** Keys that may follow one key; the rarest gives its place. */
const maxFollowers = 12;
/** Questions before this one that it may follow, and how long before, in milliseconds. */
const recentKeys = 16;
const followMs = 10_000;
/** Above this many both counts are halved, so that a habit that has changed is forgotten. */
const halveAt = 64;
/** Moments are told this exactly, in milliseconds. */
export const momentMs = 100;
/** The share of an answer's life below which the next question is of the same burst. */
const burstShare = 0.2;
/** Pauses seen before a rhythm is believed. */
const leastPauses = 2;
/** What one more pause weighs in the mean and in the deviation. */
const pauseWeight = 0.25;

interface Follower<A> {
  readonly key: Habit<A>;
  count: number;
  /** The occurrence of the key before that it was last counted for. */
  nth: number;
}

/** What is known of one key. To the outside a name; {@link Habits} alone writes. */
export interface Habit<A> {
  readonly id: string;
  readonly kind: Kind;
  /** What was said with its last question. */
  said: A;
  lastMs: number;
  /** How long its answers live, in milliseconds. */
  lifeMs: number;
  /** Mean pause and mean deviation from it, in milliseconds. */
  pauseMs: number;
  deviationMs: number;
  pauses: number;
  /** Occurrences: questions that came in one burst are one. */
  times: number;
  readonly followers: Array<Follower<A>>;
  readonly hours: Float32Array;
  /** How often its value differs when it is read again, 0 to 1. */
  volatility: number;
  dueMs: number;
  isPlanned: boolean;
  isForgotten: boolean;
  /** The last weighing, until it is known how it went. */
  readonly numbers: Float64Array;
  untilMs: number;
}

/** What speaks for the next question of a key; the first is always 1. */
const numberCount = 12;
const believed: ReadonlyArray<number> = [-2, 3, 0, 0.5, 1, 0.5, 0, 0, 0, 0, 1, 0];

export class Habits<A> {
  /** In order of the last question, the one asked longest ago first. */
  readonly #all = new Map<string, Habit<A>>();
  readonly #recent: Array<Habit<A>> = [];
  /** Keys by the moment at which they are looked at, each once. */
  readonly #moments = new Map<number, Array<Habit<A>>>();
  readonly #model = new OnlineLogistic(believed);
  readonly #options: HabitOptions;
  /** The last moment that was looked at. */
  #seen = 0;

  constructor(options: HabitOptions = defaultHabitOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#all.size;
  }

  /** Whether some key has a moment to come. */
  get hasMoments(): boolean {
    return this.#moments.size > 0;
  }

  /**
   * One more question at `nowMs`, in this hour of the day, whose answer lives for `lifeMs`. Tells the keys that nearly always follow it and have not
   * been asked yet.
   */
  asked(id: string, kind: Kind, said: A, nowMs: number, lifeMs: number, hour: number): ReadonlyArray<Habit<A>> {
    const newest = this.#recent[0];
    const habit = newest?.id === id ? newest : this.#obtain(id, kind, said);
    const sinceMs = nowMs - habit.lastMs;
    habit.said = said;
    habit.lifeMs = lifeMs;
    // Asked in one burst: nothing new, and this is the way of nearly every question.
    if (sinceMs < lifeMs * burstShare) {
      habit.lastMs = nowMs;
      return none;
    }
    this.#settle(habit, nowMs);
    this.#paused(habit, sinceMs, hour);
    const isNew = sinceMs > followMs || habit.times === 0;
    if (isNew) habit.times++;
    habit.lastMs = nowMs;
    this.#plan(habit);
    if (!isNew) return none;
    this.#follow(habit, nowMs);
    return this.#followersOf(habit, nowMs);
  }

  /** The keys whose moment has come, each told once per pause. Those that were asked meanwhile get another moment. */
  due(nowMs: number): ReadonlyArray<Habit<A>> {
    const now = Math.floor(nowMs / momentMs);
    const found: Array<Habit<A>> = [];
    // Moment by moment, or, after a long while, those that there are.
    if (now - this.#seen > this.#moments.size)
      for (const moment of [...this.#moments.keys()].sort((a, b) => a - b)) this.#take(moment, nowMs, found);
    else for (let moment = this.#seen + 1; moment <= now; moment++) this.#take(moment, nowMs, found);
    this.#seen = Math.max(this.#seen, now);
    return found;
  }

  #take(moment: number, nowMs: number, found: Array<Habit<A>>): void {
    const habits = this.#moments.get(moment);
    if (habits === undefined || moment * momentMs > nowMs) return;
    this.#moments.delete(moment);
    for (const habit of habits) {
      habit.isPlanned = false;
      if (habit.isForgotten) continue;
      if (habit.dueMs > nowMs) this.#place(habit);
      else found.push(habit);
    }
  }

  /** The chance that a key is asked within its answer's life from now. How that comes out is learned when it is known. */
  chance(habit: Habit<A>, nowMs: number, hour: number): number {
    this.#settle(habit, nowMs);
    this.#describe(habit, nowMs, hour);
    habit.untilMs = nowMs + habit.lifeMs;
    return this.#model.chance(habit.numbers);
  }

  /** The chance that `then` follows `first`, as far as that was seen; 0 where it never did. */
  follows(first: Habit<A>, then: Habit<A>): number {
    const follower = first.followers.find(({ key }) => key === then);
    return follower === undefined ? 0 : chanceOf(follower.count, first.times);
  }

  get(id: string): Habit<A> | undefined {
    return this.#all.get(id);
  }

  #obtain(id: string, kind: Kind, said: A): Habit<A> {
    const known = this.#all.get(id);
    if (known !== undefined) {
      this.#all.delete(id);
      this.#all.set(id, known);
      return known;
    }
    const habit: Habit<A> = {
      ...{ id, kind, said, lastMs: Number.NEGATIVE_INFINITY, lifeMs: 0, pauseMs: 0, deviationMs: 0, pauses: 0, times: 0, followers: [] },
      ...{ hours: new Float32Array(24), volatility: 0, dueMs: Number.POSITIVE_INFINITY, isPlanned: false, isForgotten: false },
      ...{ numbers: new Float64Array(numberCount), untilMs: 0 },
    };
    this.#all.set(id, habit);
    const oldest = this.#all.size > this.#options.capacity ? this.#all.values().next().value : undefined;
    if (oldest !== undefined) {
      this.#all.delete(oldest.id);
      oldest.isForgotten = true;
      // Somebody may still hold it as a follower: what follows it would be held by that, and what follows those.
      oldest.followers.length = 0;
    }
    return habit;
  }

  #paused(habit: Habit<A>, pauseMs: number, hour: number): void {
    habit.hours[hour] = (habit.hours[hour] ?? 0) + 1;
    if (!Number.isFinite(pauseMs)) return;
    habit.pauses++;
    // The first pauses weigh more, or the first of all would stay for long.
    const weight = Math.max(pauseWeight, 1 / habit.pauses);
    if (habit.pauses > 1) habit.deviationMs += weight * (Math.abs(pauseMs - habit.pauseMs) - habit.deviationMs);
    habit.pauseMs += weight * (pauseMs - habit.pauseMs);
  }

  /** Counts it as a follower of those before it, once for each occurrence of theirs. */
  #follow(habit: Habit<A>, nowMs: number): void {
    const recent = this.#recent;
    for (let i = 0; i < recent.length; i++) {
      const before = recent[i];
      if (before === undefined || before === habit || nowMs - before.lastMs > followMs) continue;
      this.#count(before, habit);
    }
    const at = recent.indexOf(habit);
    if (at >= 0) recent.splice(at, 1);
    recent.unshift(habit);
    if (recent.length > recentKeys) recent.pop();
  }

  #count(before: Habit<A>, key: Habit<A>): void {
    const { followers } = before;
    let rarest: Follower<A> | undefined;
    for (let i = 0; i < followers.length; i++) {
      const follower = followers[i];
      if (follower === undefined) continue;
      if (follower.key === key) {
        if (follower.nth !== before.times) {
          follower.nth = before.times;
          follower.count++;
        }
        if (before.times > halveAt) halve(before);
        return;
      }
      if (rarest === undefined || follower.key.isForgotten || (!rarest.key.isForgotten && follower.count < rarest.count)) rarest = follower;
    }
    const fresh = { key, count: 1, nth: before.times };
    if (followers.length < maxFollowers) return void followers.push(fresh);
    if (rarest === undefined) return;
    // A place is won by turns, so that a passer-by does not push out a habit.
    if (rarest.key.isForgotten || rarest.count <= 1) followers[followers.indexOf(rarest)] = fresh;
    else rarest.count--;
  }

  #followersOf(habit: Habit<A>, nowMs: number): ReadonlyArray<Habit<A>> {
    let found: Array<Habit<A>> | undefined;
    for (let i = 0; i < habit.followers.length; i++) {
      const follower = habit.followers[i];
      // This occurrence is counted already, and has not been followed yet.
      if (follower === undefined || follower.key.isForgotten || chanceOf(follower.count, habit.times - 1) < this.#options.followsAt)
        continue;
      if (nowMs - follower.key.lastMs <= followMs) continue;
      (found ??= []).push(follower.key);
    }
    return found ?? none;
  }

  /** So that the life of an answer read then lies around the next question. */
  #plan(habit: Habit<A>): void {
    const { lastMs, lifeMs, pauseMs, pauses } = habit;
    habit.dueMs = pauses < leastPauses ? Number.POSITIVE_INFINITY : lastMs + Math.max(momentMs, pauseMs - lifeMs / 2);
    if (!habit.isPlanned && Number.isFinite(habit.dueMs)) this.#place(habit);
  }

  #place(habit: Habit<A>): void {
    const moment = Math.max(this.#seen + 1, Math.ceil(habit.dueMs / momentMs));
    const others = this.#moments.get(moment);
    habit.isPlanned = true;
    if (others === undefined) this.#moments.set(moment, [habit]);
    else others.push(habit);
  }

  /** How the last weighing came out, if it is over. */
  #settle(habit: Habit<A>, nowMs: number): void {
    if (habit.untilMs === 0) return;
    this.#model.learn(habit.numbers, nowMs <= habit.untilMs);
    habit.untilMs = 0;
  }

  /** The numbers that the chance is weighed from. Each lies about between -1 and 1. */
  #describe(habit: Habit<A>, nowMs: number, hour: number): void {
    const { deviationMs, hours, kind, lastMs, lifeMs, numbers, pauseMs, pauses, volatility } = habit;
    const width = Math.max(deviationMs, pauseMs * 0.02, 50);
    const before = (atMs: number) => 1 / (1 + Math.exp(-(1.7 * (atMs - lastMs - pauseMs)) / width));
    const total = hours.reduce((sum, count) => sum + count, 0);
    numbers[0] = 1;
    // Between questions: how much of the rhythm's spread lies within the life, how regular it is, how well it is known, how long the pause is.
    numbers[1] = before(nowMs + lifeMs) - before(nowMs);
    numbers[2] = pauseMs <= 0 ? 0 : Math.exp(-Math.max(0, nowMs - lastMs - pauseMs) / pauseMs);
    numbers[3] = Math.min(1, Math.log1p(pauses) / 4);
    numbers[4] = pauseMs <= 0 ? 0 : 1 / (1 + deviationMs / pauseMs);
    // How much more it is asked in this hour than in others, in powers of two.
    numbers[5] = Math.max(-1, Math.min(1, Math.log2(((hours[hour] ?? 0) + 0.5) / ((total + 12) / 24)) / 4));
    numbers[6] = volatility;
    numbers[7] = kind === "ticker" ? 1 : 0;
    numbers[8] = kind === "orderbook" ? 1 : 0;
    numbers[9] = kind === "candles" ? 1 : 0;
    numbers[10] = this.#ledTo(habit, nowMs);
    numbers[11] = Math.min(1, Math.log1p(pauseMs / Math.max(1, lifeMs)) / 6);
  }

  /** The greatest chance with which one of those asked just now leads to this key. */
  #ledTo(habit: Habit<A>, nowMs: number): number {
    let most = 0;
    for (const before of this.#recent) {
      if (before !== habit && nowMs - before.lastMs <= followMs) most = Math.max(most, this.follows(before, habit));
    }
    return most;
  }
}

const none: ReadonlyArray<never> = [];

/** Until when the next question of a key is likely, in monotonic milliseconds: an answer that lives as long need not be read ahead. */
export const expectedByMs = ({ deviationMs, lastMs, pauseMs }: Habit<unknown>): number => lastMs + pauseMs + 2 * deviationMs;

/** Seen twice is no habit yet: one more occurrence than there was counts against it. */
const chanceOf = (count: number, times: number): number => (times < 2 ? 0 : Math.min(1, count / (times + 1)));

const halve = <A>(habit: Habit<A>): void => {
  habit.times = Math.ceil(habit.times / 2);
  for (const follower of habit.followers) {
    follower.count = Math.floor(follower.count / 2);
    follower.nth = follower.nth === habit.times ? habit.times : -1;
  }
};
