/** What a stream of a back-test is read from: elements in their order, each with the moment at which it comes, read piece by piece. */
import type * as Effect from "effect/Effect";
import type { StorageError } from "../errors/MarketDataError.ts";

/** An element and the moment at which it comes, epoch milliseconds. */
export interface Due<Element> {
  readonly atMs: number;
  readonly element: Element;
}

export interface Source<Element> {
  /** The next element, if it has been read; `fill` reads on. */
  readonly peek: () => Due<Element> | undefined;
  readonly take: () => void;
  /** Nothing more to read. What was read may still be to be taken. */
  readonly isRead: boolean;
  /** Reads on until there is an element to be taken, or nothing more. */
  readonly fill: Effect.Effect<void, StorageError>;
}
