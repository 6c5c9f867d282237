/** Which name was probably meant by a misspelt one. */

/** Letters changed, added or missing up to which one name is taken for another misspelt. */
const nearDistance = 2;

export const nearest = (input: string, names: ReadonlyArray<string>): string | undefined => {
  const scored = names.map((name) => ({ name, distance: editDistance(input.toLowerCase(), name) }));
  return scored.filter(({ distance }) => distance <= nearDistance).sort((a, b) => a.distance - b.distance)[0]?.name;
};

/** Levenshtein distance, for words of a command line; longer ones are like none. */
const editDistance = (a: string, b: string): number => {
  if (Math.abs(a.length - b.length) > nearDistance) return Infinity;
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, change));
    }
    previous = row;
  }
  return previous[b.length] ?? Infinity;
};
