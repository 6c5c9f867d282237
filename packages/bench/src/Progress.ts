/** How long a run still takes: readings left, each as long as those of its case took, or as its case says while none did. Pure. */

export interface Planned {
  readonly name: string;
  readonly readings: number;
  /** A guess, in seconds, until one was taken. */
  readonly seconds: number;
}

export class Progress {
  readonly #left = new Map<string, { readings: number; seconds: number; taken: number; tookSeconds: number }>();

  constructor(plan: ReadonlyArray<Planned>) {
    for (const { name, readings, seconds } of plan) this.#left.set(name, { readings, seconds, taken: 0, tookSeconds: 0 });
  }

  /** One reading of a case took so long. */
  took(name: string, seconds: number): void {
    const left = this.#left.get(name);
    if (left === undefined) return;
    left.readings = Math.max(0, left.readings - 1);
    left.taken++;
    left.tookSeconds += seconds;
  }

  /** A case is over, whether all of it was measured or not. */
  over(name: string): void {
    this.#left.delete(name);
  }

  leftSeconds(): number {
    let sum = 0;
    for (const { readings, seconds, taken, tookSeconds } of this.#left.values())
      sum += readings * (taken === 0 ? seconds : tookSeconds / taken);
    return sum;
  }
}

/** Such as `4 min 10 s`, to ten seconds above one minute. */
export const spellSeconds = (seconds: number): string => {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  const tens = Math.round(seconds / 10) * 10;
  return tens % 60 === 0 ? `${tens / 60} min` : `${Math.floor(tens / 60)} min ${tens % 60} s`;
};
