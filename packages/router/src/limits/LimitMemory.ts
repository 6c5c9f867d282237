/**
 * What of the limits is known again after a restart: a block of our address, and how much was used just before.
 *
 * The exchange counts on while a process is dead, and the next one knows nothing of it. So a process that uses a group says so ahead of time, for the
 * next seconds and as if it used all of its share; one that ends in good order says exactly what still counts. A newcomer begins with those places
 * taken. The notes are of one share each: processes that share an address have shares of their own.
 *
 * Both notes hold wall time, the one exception to monotonic time. A clock that was set cannot make a wait longer than it was meant to be, because
 * each is bounded by its own length.
 */
import type * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Schema from "effect/Schema";
import type * as Scope from "effect/Scope";
import type { LimitShare } from "../RouterConfig.ts";
import type { Json, StateStoreShape } from "../state/StateStore.ts";
import { atEnd } from "../transport/atEnd.ts";
import { startWorker } from "../transport/Workers.ts";
import type { HostLimits } from "./HostLimits.ts";

/** The name of the document of blocks. */
export const blocksName = "blocks";

/** The name of the document of what one share has used. */
export const useName = ({ part, of }: LimitShare): string => `use-${part}of${of}`;

/** For how long ahead a running process says that it uses a group. It says so again when half of it is over. */
const aheadMs = 3_000;
/** Hosts in one document; those whose entry ends last. */
const maxEntries = 64;
/** How long a block that is over is remembered: another one soon after is worse. */
const blockMemoryMs = 60 * 60_000;

const Round = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 100 }));
const Blocks = Schema.Record(Schema.String, Schema.Struct({ untilMs: Schema.Finite, lengthMs: Schema.Finite, round: Round }));
const Use = Schema.Record(Schema.String, Schema.Record(Schema.String, Schema.Struct({ untilMs: Schema.Finite, count: Schema.Int })));

export interface LimitMemory {
  /** To be run after the host was blocked. */
  readonly blocked: Effect.Effect<void>;
}

export interface LimitMemoryOptions {
  readonly store: StateStoreShape;
  readonly host: string;
  readonly share: LimitShare;
  readonly clock: Clock.Clock;
}

/** Takes over what an earlier process left, where this one has not begun yet, and keeps notes for the next while the scope is open. */
export const make = Effect.fnUntraced(function* (
  limits: HostLimits,
  options: LimitMemoryOptions,
): Effect.fn.Return<LimitMemory, never, Scope.Scope> {
  if (!limits.restored) {
    limits.restored = true;
    yield* restore(limits, options);
  }
  if (options.store.durable) {
    // The last word is the end's: finalizers run in the opposite order.
    yield* atEnd("the notes of the limits", noteEnd(limits, options));
    yield* startWorker("notes of the limits", noteUse(limits, options));
  }
  return { blocked: noteBlock(limits, options) };
});

/** Until when the notes say that this host blocks us, epoch milliseconds; undefined where they know of no block that is still on. */
export const blockedUntilMs = (store: StateStoreShape, host: string, nowMs: number): Effect.Effect<number | undefined> =>
  Effect.map(readAs(Blocks, blocksName, store), ({ [host]: block }) => {
    const leftMs = block === undefined ? 0 : Math.min(block.untilMs - nowMs, block.lengthMs);
    return leftMs > 0 ? nowMs + leftMs : undefined;
  });

const restore = Effect.fnUntraced(function* (limits: HostLimits, { store, host, share, clock }: LimitMemoryOptions) {
  const blocks = yield* readAs(Blocks, blocksName, store);
  const uses = yield* readAs(Use, useName(share), store);
  const now = clock.currentTimeMillisUnsafe();
  const block = blocks[host];
  if (block !== undefined && now - block.untilMs < blockMemoryMs)
    limits.resumeBlock(Math.max(0, Math.min(block.untilMs - now, block.lengthMs)), block.round);
  for (const [group, { untilMs, count }] of Object.entries(uses[host] ?? {})) {
    if (untilMs > now) limits.occupy(group, count, untilMs - now);
  }
});

const noteBlock = Effect.fnUntraced(function* (limits: HostLimits, { store, host, clock }: LimitMemoryOptions) {
  const known = yield* readAs(Blocks, blocksName, store);
  const now = clock.currentTimeMillisUnsafe();
  const lengthMs = limits.blockedMs();
  const untilMs = Math.max(now + lengthMs, known[host]?.untilMs ?? 0);
  const kept = Object.entries(known).filter(([name, entry]) => name !== host && now - entry.untilMs < blockMemoryMs);
  const own = { untilMs, lengthMs: untilMs - now, round: limits.blockRound() };
  yield* store.write(
    blocksName,
    newest([...kept, [host, own]], (entry) => entry.untilMs),
  );
});

/** Says ahead what is used, whenever a group is used that was not said to be. */
const noteUse = Effect.fnUntraced(function* (limits: HostLimits, options: LimitMemoryOptions) {
  while (true) {
    yield* limits.using.await;
    limits.using.closeUnsafe();
    yield* writeUse(options, limits.usedAhead(aheadMs));
  }
});

/** Says what still counts at the end. */
const noteEnd = (limits: HostLimits, options: LimitMemoryOptions): Effect.Effect<void> =>
  Effect.suspend(() => (limits.wasUsed ? writeUse(options, limits.footprint()) : Effect.void));

type Places = ReadonlyArray<{ readonly group: string; readonly count: number; readonly forMs: number }>;

const writeUse = Effect.fnUntraced(function* ({ store, host, share, clock }: LimitMemoryOptions, places: Places) {
  const known = yield* readAs(Use, useName(share), store);
  const now = clock.currentTimeMillisUnsafe();
  const endOf = (groups: Readonly<Record<string, { readonly untilMs: number }>>) =>
    Math.max(0, ...Object.values(groups).map(({ untilMs }) => untilMs));
  const kept = Object.entries(known).filter(([name, groups]) => name !== host && endOf(groups) > now);
  const own = Object.fromEntries(places.map(({ group, count, forMs }) => [group, { untilMs: now + forMs, count }]));
  yield* store.write(useName(share), newest([...kept, [host, own]], endOf));
});

const newest = <A extends Json>(
  entries: ReadonlyArray<readonly [string, A]>,
  endOf: (entry: A) => number,
): { readonly [host: string]: A } => Object.fromEntries(entries.toSorted(([, a], [, b]) => endOf(b) - endOf(a)).slice(0, maxEntries));

/** The document in its shape, an entry for each host; empty where it is absent or has another. */
const readAs = <A>(
  schema: Schema.Codec<Readonly<Record<string, A>>, unknown>,
  name: string,
  store: StateStoreShape,
): Effect.Effect<Readonly<Record<string, A>>> =>
  Effect.flatMap(store.read(name), (value) => {
    if (value === undefined) return Effect.succeed({});
    const decoded = Schema.decodeUnknownOption(schema)(value);
    if (Option.isSome(decoded)) return Effect.succeed(decoded.value);
    return Effect.as(Effect.logWarning(`What is remembered as ${name} is not what this program writes, and is not used`), {});
  });
