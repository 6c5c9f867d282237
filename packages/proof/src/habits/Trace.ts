/**
 * Some hours of questions as programs with habits ask them, made from a seed: charts and pollers in rhythm, dashboards in bursts, people who look at one
 * market and then at two others, jobs that run in some hours only, and questions that follow no habit at all. Every key also says how often its
 * value changes, so that an answer from memory can be held against the truth.
 */
import type { Kind } from "@naru/router/domain/Question";
import { Chance } from "../world/engine/Chance.ts";

export interface TraceKey {
  readonly name: string;
  readonly kind: Kind;
  /** Milliseconds between two changes of its value. */
  readonly changesEveryMs: number;
  /** The oldest answer that those who ask for it accept, in milliseconds. */
  readonly maxAgeMs: number;
}

export interface TraceQuestion {
  readonly atMs: number;
  readonly key: TraceKey;
  /** Its place in a chain of questions, from 0; missing outside of chains. */
  readonly step?: number | undefined;
}

export interface Trace {
  readonly seed: number;
  readonly hours: number;
  /** Ascending by time. */
  readonly questions: ReadonlyArray<TraceQuestion>;
}

const secondMs = 1_000;
const hourMs = 3_600_000;

/** What the value of a key is at a moment, as a number that changes with it. */
export const versionAt = ({ changesEveryMs, name }: TraceKey, atMs: number): number =>
  Math.floor((atMs + ((name.length * 7_919) % changesEveryMs)) / changesEveryMs);

export const makeTrace = (seed: number, hours = 24): Trace => {
  const chance = new Chance(seed);
  const questions: Array<TraceQuestion> = [];
  const endMs = hours * hourMs;
  const ask = (key: TraceKey, atMs: number, step?: number) => {
    if (atMs >= 0 && atMs < endMs) questions.push({ atMs, key, ...(step === undefined ? {} : { step }) });
  };
  const keyOf = (name: string, kind: Kind): TraceKey => ({
    ...{ name, kind, changesEveryMs: chance.int(1, 40) * chance.pick([500, 5_000]) },
    maxAgeMs: kind === "ticker" ? 2_000 : chance.pick([5_000, 5_000, 60_000]),
  });
  const rows = (): Kind => chance.pick(["trades", "candles"] as const);
  /** About this long, so much more or less. */
  const about = (ms: number, share: number) => ms * (1 + share * (2 * chance.next() - 1));
  /** A pause of chance alone, of this mean. */
  const whenever = (ms: number) => -Math.log(1 - chance.next()) * ms;

  for (let i = 0; i < 24; i++) {
    const [key, everyMs, jitter] = [keyOf(`rhythm-${i}`, rows()), chance.int(8, 120) * secondMs, 0.01 + 0.04 * chance.next()];
    for (let at = whenever(everyMs); at < endMs; at += about(everyMs, jitter)) ask(key, at);
  }
  for (let i = 0; i < 4; i++) {
    const [key, everyMs] = [keyOf(`poll-${i}`, rows()), chance.int(5, 40) * 100];
    for (let at = whenever(everyMs); at < endMs; at += about(everyMs, 0.2)) ask(key, at);
  }
  for (let i = 0; i < 10; i++) {
    const [key, everyMs] = [keyOf(`burst-${i}`, rows()), chance.int(30, 180) * secondMs];
    for (let at = whenever(everyMs); at < endMs; at += about(everyMs, 0.04)) {
      let inside = at;
      for (let left = chance.int(2, 6); left > 0; left--) ask(key, (inside += about(900, 0.6)));
      at = inside;
    }
  }
  for (let i = 0; i < 8; i++) {
    const keys = Array.from({ length: 3 }, (_, step) => keyOf(`chain-${i}-${step}`, "ticker"));
    const everyMs = chance.int(120, 400) * secondMs;
    for (let at = whenever(everyMs); at < endMs; at += 30_000 + whenever(everyMs)) {
      let when = at;
      for (const [step, key] of keys.entries()) {
        ask(key, when, step);
        if (!chance.flip(0.9)) break;
        when += chance.int(600, 3_500);
      }
    }
  }
  for (let i = 0; i < 6; i++) {
    const [key, from, everyMs] = [keyOf(`hours-${i}`, rows()), chance.int(0, 20), chance.int(10, 60) * secondMs];
    for (let at = whenever(everyMs); at < endMs; at += about(everyMs, 0.03)) {
      const hour = Math.floor(at / hourMs) % 24;
      if (hour >= from && hour < from + 4) ask(key, at);
    }
  }
  // Of no habit: a few that many ask for, many that few do, and some that are asked once.
  const crowd = Array.from({ length: 300 }, (_, i) => keyOf(`crowd-${i}`, i % 3 === 0 ? "ticker" : rows()));
  for (let at = whenever(6_000), nth = 0; at < endMs; at += whenever(6_000), nth++) {
    const key = chance.flip(0.1) ? keyOf(`once-${nth}`, rows()) : crowd[Math.floor(crowd.length * chance.next() ** 3)];
    if (key !== undefined) ask(key, at);
  }
  questions.sort((a, b) => a.atMs - b.atMs);
  return { seed, hours, questions };
};
