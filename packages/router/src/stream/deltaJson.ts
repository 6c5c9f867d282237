/**
 * The JSON form of a delta, for consumers in other languages (`docs/reference/delta-streams.md`): decimals as strings, a level as
 * `[price, size]`, null where a field or a level is gone. In a change an absent field is as it was; in a whole value every field is present.
 */
import { rowToJson } from "../domain/Answer.ts";
import type { Delta, DeltaKind } from "./Delta.ts";
import type { BookChange, LevelChange } from "./bookDelta.ts";

type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [key: string]: Json };

export const deltaToJson = (delta: Delta<DeltaKind>): Json => {
  const { kind, market, seq } = delta;
  if (delta.base === null) return { kind, market, seq, base: null, reason: delta.reason, full: rowToJson(kind, delta.full) };
  return { kind, market, seq, base: delta.base, changed: changeToJson(delta.changed) };
};

const changeToJson = (change: object): Json => {
  const { asks, bids, ...fields }: BookChange & Readonly<Record<string, unknown>> = { ...change };
  // What is left is flat: decimals write themselves as strings, everything else is JSON already.
  const flat = JSON.parse(JSON.stringify(fields)) as { readonly [key: string]: Json };
  return {
    ...flat,
    ...(asks === undefined ? {} : { asks: asks.map(levelToJson) }),
    ...(bids === undefined ? {} : { bids: bids.map(levelToJson) }),
  };
};

const levelToJson = ({ price, size }: LevelChange): Json => [price.toString(), size?.toString() ?? null];
