/** What a route is given and what the routes share: finding the markets a query names, and writing rows. */
import type { MarketTape } from "../market/MarketTape.ts";
import type { ListedMarkets } from "../market/World.ts";
import type { RestOptions } from "../Options.ts";
import type { Wire } from "../wire/Wire.ts";
import { codeNotFound, count, list, required } from "./Query.ts";

/** One request as a route sees it. */
export interface Asked {
  readonly world: ListedMarkets;
  readonly query: URLSearchParams;
  readonly nowMs: number;
  readonly wire: Wire;
  readonly rest: RestOptions;
}

/** The answer's JSON; throws a `BadRequest` where the query is refused. */
export type Answering = (asked: Asked) => string;

/** A market by its code, in any case. */
export const tapeOf = (world: ListedMarkets, code: string): MarketTape => {
  const tape = world.tape(code.toUpperCase());
  if (tape === undefined) throw codeNotFound();
  return tape;
};

/** The market that `market` names. */
export const askedTape = ({ world, query }: Asked): MarketTape => tapeOf(world, required(query, "market"));

/** The markets that `markets` names; one that does not exist fails them all. */
export const askedTapes = ({ world, query }: Asked): ReadonlyArray<MarketTape> =>
  list(required(query, "markets")).map((code) => tapeOf(world, code));

export const askedCount = ({ query, rest }: Asked, fallback: number, max: number): number =>
  count(query, fallback, max, rest.countBelowOne);

export const rows = (items: Iterable<string>): string => `[${[...items].join(",")}]`;
