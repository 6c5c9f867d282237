/** Which name was probably meant by a misspelt one. */

/** Letters changed, added or missing up to which one name is taken for another misspelt. */
const nearDistance = 2;

/** The names spelt most like `text`, best first, at most `count`. Letters count as they stand: fold case before. */
export const nearest = <Name extends string>(text: string, names: Iterable<Name>, count = 1): ReadonlyArray<Name> => {
  const scored: Array<readonly [number, Name]> = [];
  for (const name of names) {
    const distance = editDistance(text, name, nearDistance + 1);
    if (distance <= nearDistance) scored.push([distance, name]);
  }
  scored.sort((a, b) => a[0] - b[0] || (a[1] < b[1] ? -1 : 1));
  return scored.slice(0, count).map(([, name]) => name);
};

/** Levenshtein distance, given up at `bound`. */
const editDistance = (a: string, b: string, bound: number): number => {
  if (Math.abs(a.length - b.length) >= bound) return bound;
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      row.push(Math.min((previous[j] ?? bound) + 1, (row[j - 1] ?? bound) + 1, (previous[j - 1] ?? bound) + change));
    }
    previous = row;
  }
  return Math.min(previous[b.length] ?? bound, bound);
};
