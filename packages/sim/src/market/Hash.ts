/**
 * The only source of chance in the emulated exchange: 32-bit integer hashes of (seed, place, time). Nothing here has state, so every trade can
 * be made alone, in any order, and come out the same. Only `+ - * /` and integer operations are used: those are exact on every machine.
 */

/** Murmur3's finaliser: every input bit reaches every output bit. */
export const mix = (value: number): number => {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
};

export const hash2 = (a: number, b: number): number => mix(mix(a ^ 0x9e3779b9) + Math.imul(b | 0, 0x85ebca77));

export const hash3 = (a: number, b: number, c: number): number => hash2(hash2(a, b), c);

/** A 32-bit seed from text, FNV-1a and then mixed. */
export const hashText = (seed: number, text: string): number => {
  let h = mix(seed) ^ 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return mix(h);
};

/** A hash as a fraction in [0, 1). */
export const unit = (hash: number): number => (hash >>> 0) / 4294967296;

/** A short deterministic sequence, for the trades of one minute. */
export class Sequence {
  private state: number;
  constructor(seed: number) {
    this.state = seed | 0;
  }
  /** Next fraction in [0, 1). */
  next(): number {
    this.state = (this.state + 0x9e3779b9) | 0;
    return (mix(this.state) >>> 0) / 4294967296;
  }
}
