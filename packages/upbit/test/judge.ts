/**
 * An independent judge of exactness: a JSON reader that keeps every number as its text, and a comparison of a number's text with a decimal
 * by whole numbers only. It shares nothing with `src`.
 */

export class NumberText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Json = null | boolean | string | NumberText | ReadonlyArray<Json> | ReadonlyMap<string, Json>;

const token = /\s*(?:([{}[\],:])|("(?:[^"\\]|\\.)*")|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(true|false|null))/y;

export const readJson = (text: string): Json => {
  token.lastIndex = 0;
  const next = (): RegExpExecArray => {
    const match = token.exec(text);
    if (match === null) throw new Error("not JSON");
    return match;
  };
  const value = (first: RegExpExecArray): Json => {
    const [, mark, quoted, number, word] = first;
    if (quoted !== undefined) return JSON.parse(quoted) as string;
    if (number !== undefined) return new NumberText(number);
    if (word !== undefined) return word === "null" ? null : word === "true";
    if (mark === "[") return list();
    if (mark === "{") return object();
    throw new Error(`unexpected ${mark}`);
  };
  const list = (): ReadonlyArray<Json> => {
    const items: Array<Json> = [];
    for (let at = next(); at[1] !== "]"; at = next()) if (at[1] !== ",") items.push(value(at));
    return items;
  };
  const object = (): ReadonlyMap<string, Json> => {
    const found = new Map<string, Json>();
    for (let at = next(); at[1] !== "}"; at = next()) {
      if (at[1] === ",") continue;
      const name = JSON.parse(at[2] ?? "") as string;
      next();
      found.set(name, value(next()));
    }
    return found;
  };
  return value(next());
};

interface Exact {
  readonly unscaled: bigint;
  readonly scale: number;
}

const exactOf = (text: string): Exact => {
  const [mantissa = "", exponent = "0"] = text.toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  return { unscaled: BigInt(whole + fraction), scale: fraction.length - Number(exponent) };
};

/** Whether `mantissa × 10^-scale` is exactly `times` the number that `text` spells. */
export const isExactly = (text: string, decimal: { readonly mantissa: number | bigint; readonly scale: number }, times = 1n): boolean => {
  const token = exactOf(text);
  const scale = Math.max(token.scale, decimal.scale);
  const a = token.unscaled * times * 10n ** BigInt(scale - token.scale);
  const b = BigInt(decimal.mantissa) * 10n ** BigInt(scale - decimal.scale);
  return a === b;
};
