/** Faults of order books, in answers and in frames: books no market can have, and books that are hard to read. */
import { JsonArray, type JsonObject, type JsonValue } from "../JsonText.ts";
import { choice } from "../Parameter.ts";
import { dataVerb } from "../Verb.ts";

/** The levels of a book with at least one; `undefined` for what is no book. */
const levelsOf = (record: JsonObject): ReadonlyArray<JsonObject> | undefined => {
  const levels = record.objects("orderbook_units");
  return levels.length === 0 ? undefined : levels;
};

const setLevels = (record: JsonObject, levels: ReadonlyArray<JsonValue>): boolean =>
  record.set("orderbook_units", new JsonArray([...levels]));

const clearSide = (level: JsonObject, side: "ask" | "bid"): void => {
  level.set(`${side}_price`, "0");
  level.set(`${side}_size`, "0");
};

const sides = { ask: ["ask"], bid: ["bid"], both: ["ask", "bid"] } as const;

export const bookVerbs = [
  dataVerb(
    "crossed-book",
    { about: "The best bid is not below the best ask", ids: ["C07"] },
    {
      how: choice("How far", ["crossed", "locked"]),
    },
    ({ how }) => ({
      onRecord: (record) => {
        const best = levelsOf(record)?.[0];
        const [ask, bid] = [best?.token("ask_price"), best?.token("bid_price")];
        if (best === undefined || ask === undefined || bid === undefined) return false;
        if (how === "crossed") best.set("ask_price", bid);
        return best.set("bid_price", ask);
      },
    }),
  ),
  dataVerb(
    "empty-book",
    { about: "A book without levels, or with one side", ids: ["C08"] },
    {
      side: choice("What is empty", ["both", "ask", "bid"]),
      how: choice("How it is shown", ["zeros", "no-levels"]),
    },
    ({ side, how }) => ({
      onRecord: (record) => {
        const levels = levelsOf(record);
        if (levels === undefined) return false;
        if (how === "no-levels") return setLevels(record, []);
        for (const level of levels) for (const one of sides[side]) clearSide(level, one);
        return true;
      },
    }),
  ),
  dataVerb("zero-sizes", { about: "Levels have a price and no size", ids: ["C08"] }, {}, () => ({
    onRecord: (record) => {
      const levels = levelsOf(record);
      for (const level of levels ?? []) for (const side of sides.both) level.set(`${side}_size`, "0");
      return levels !== undefined;
    },
  })),
  dataVerb("unsorted-book", { about: "Levels are not in order", ids: ["C08"] }, {}, () => ({
    onRecord: (record) => {
      const levels = levelsOf(record);
      return levels !== undefined && setLevels(record, levels.toReversed());
    },
  })),
  dataVerb("duplicate-levels", { about: "A level comes twice", ids: ["C08"] }, {}, () => ({
    onRecord: (record) => {
      const [first, ...rest] = levelsOf(record) ?? [];
      return first !== undefined && setLevels(record, [first, first, ...rest]);
    },
  })),
] as const;
