/**
 * The only source of chance in a world: one seed, one sequence (mulberry32). Everything drawn from it is drawn in a fixed order, so a seed
 * replays the same world. Parts that must not disturb each other's draws take a {@link Chance.branch} of their own.
 */
export class Chance {
  private state: number;

  constructor(seed: number) {
    this.state = seed | 0;
  }

  /** Next fraction in [0, 1). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** A whole number from `low` to `high`, both possible. */
  int(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  /** True in this share of draws. */
  flip(probability: number): boolean {
    return this.next() < probability;
  }

  /** One of them. Throws on an empty list. */
  pick<A>(items: ReadonlyArray<A>): A {
    const index = this.int(0, items.length - 1);
    if (index < 0 || index >= items.length) throw new RangeError("nothing to pick from");
    return items[index] as A; // within bounds, and `A` may include undefined
  }

  /** `count` different ones, in a drawn order; all of them when there are fewer. */
  sample<A>(items: ReadonlyArray<A>, count: number): Array<A> {
    const left = [...items];
    const taken: Array<A> = [];
    while (taken.length < count && left.length > 0) taken.push(...left.splice(this.int(0, left.length - 1), 1));
    return taken;
  }

  /** A sequence of its own that depends on this seed and the name only. */
  branch(name: string): Chance {
    let h = this.state ^ 0x811c9dc5;
    for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
    return new Chance(h);
  }
}
