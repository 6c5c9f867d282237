/** What the readers in `generated/` are, and the little they need. */

/** Reads the usual object; `undefined` for any other. `isExact`: one with members that its table does not know is not usual. */
export type Quick<A> = (wire: unknown, isExact: boolean) => A | undefined;

/** A list of usual objects; `undefined` when one of them is not. */
export const listOf = <A>(item: Quick<A>, wire: unknown, isExact: boolean): ReadonlyArray<A> | undefined => {
  if (!Array.isArray(wire)) return undefined;
  const found: Array<A> = [];
  for (const element of wire) {
    const read = item(element, isExact);
    if (read === undefined) return undefined;
    found.push(read);
  }
  return found;
};

/** How many members an object has. The engine knows them by its shape, where `Object.keys` would copy their names. */
export const membersOf = (wire: object): number => {
  let count = 0;
  for (const _ in wire) count++;
  return count;
};

/**
 * Tries the quick way. Where a program has put members on every object, what is missing on the wire seems to be there: then nothing is quick.
 */
export const quickly = <A>(quick: Quick<A> | undefined, wire: unknown, isExact: boolean): A | undefined =>
  quick === undefined || membersOf(empty) > 0 ? undefined : quick(wire, isExact);

/** Its members are those of every object. */
const empty = {};
