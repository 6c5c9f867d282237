/**
 * The strict exchange in a process of its own, and programs that use it in processes of theirs, all on one address and without a word between them. The
 * exchange's ledger is the witness.
 */
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ExchangeOptions } from "@naru/sim";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Fiber from "effect/Fiber";
import { type Counted, type ServedProcess, serveExchange } from "../soak/cuts/ServedProcess.ts";
import type { LimitClientOptions } from "./limitClient.ts";

export type WindowMode = NonNullable<NonNullable<ExchangeOptions["limits"]>["mode"]>;

export interface SharedOptions {
  readonly mode: WindowMode;
  /** How long is counted, in milliseconds. */
  readonly forMs: number;
  /** Every so often one of the programs, in turn, is killed and started again at once. */
  readonly restartEveryMs: number;
}

export interface SharedRun {
  readonly seconds: number;
  readonly restarts: number;
  readonly counted: Counted;
  /** Requests by path within the time counted. */
  readonly requests: Readonly<Record<string, number>>;
}

export interface CompetedOptions {
  readonly mode: WindowMode;
  readonly forMs: number;
  /** Requests a second of the other program. */
  readonly competitorRate: number;
  /** How long ours may take to make room, in milliseconds. */
  readonly settleMs: number;
}

export interface CompetedRun {
  readonly seconds: number;
  /** Refusals, ours and the other's, while ours makes room; and after that. */
  readonly refusedBefore: number;
  readonly refusedAfter: number;
  /** Requests a second of each to the group, after that. */
  readonly ours: number;
  readonly theirs: number;
  /** Requests a second of ours, a quarter of a minute after the other has stopped. */
  readonly recovered: number;
}

const programs = 3;
/** 95 % of what each may use. */
const load = 0.95;
/** A program that is ready is at its pace by then. */
const paceMs = 2_000;

const entry = fileURLToPath(new URL("./limitClient.ts", import.meta.url));
const tickerPath = "/v1/ticker";

/** Three programs with a third of the limit each. */
export const runShared = (options: SharedOptions, say: (line: string) => void): Effect.Effect<SharedRun> =>
  Effect.gen(function* () {
    const served = yield* serveExchange({ seed: 5, limits: { mode: options.mode } });
    const start = yield* startingAt(served);
    const parts = Array.from({ length: programs }, (_, i): Omit<LimitClientOptions, "url"> => ({
      share: { part: i + 1, of: programs },
      load,
    }));
    const clients = parts.map(start);
    yield* Effect.forEach(clients, ready, { concurrency: "unbounded" });
    yield* Effect.sleep(paceMs);
    const before = yield* served.counted;
    const startMs = yield* Clock.currentTimeMillis;
    let restarts = 0;
    for (let leftMs = options.forMs; leftMs > 0;) {
      const stepMs = Math.min(leftMs, options.restartEveryMs);
      yield* Effect.sleep(stepMs);
      leftMs -= stepMs;
      if (leftMs <= 0) break;
      const i = restarts++ % programs;
      yield* ended(clients[i]);
      clients[i] = start(parts[i] ?? { share: { part: 1, of: 1 }, load });
      const { rejected } = yield* served.counted;
      say(`${options.mode}: part ${i + 1} of ${programs} is killed and started again; ${rejected} refused so far`);
    }
    const counted = yield* served.counted;
    const requests = Object.fromEntries(
      Object.entries(counted.byPath).map(([path, count]) => [path, count - (before.byPath[path] ?? 0)] as const),
    );
    return { seconds: ((yield* Clock.currentTimeMillis) - startMs) / 1_000, restarts, counted, requests };
  }).pipe(Effect.scoped);

/** One program with the whole limit, and another that knows nothing of it. */
export const runCompeted = ({ mode, forMs, competitorRate, settleMs }: CompetedOptions): Effect.Effect<CompetedRun> =>
  Effect.gen(function* () {
    // Nobody is banned here: what is looked at is how soon refusals end.
    const served = yield* serveExchange({ seed: 6, limits: { mode, banAfter: 1_000 } });
    const start = yield* startingAt(served);
    yield* ready(start({ share: { part: 1, of: 1 }, load }));
    yield* Effect.sleep(paceMs);
    const tally: Tally = { sent: 0 };
    const other = yield* Effect.forkScoped(competitor(served, competitorRate, tally));
    const begun = yield* served.counted;
    yield* Effect.sleep(settleMs);
    const settled = yield* served.counted;
    const theirsBefore = tally.sent;
    yield* Effect.sleep(forMs);
    const counted = yield* served.counted;
    const theirs = tally.sent - theirsBefore;
    yield* Fiber.interrupt(other);
    yield* Effect.sleep(15_000);
    const alone = yield* served.counted;
    yield* Effect.sleep(5_000);
    const end = yield* served.counted;
    const ticker = ({ byPath }: Counted) => byPath[tickerPath] ?? 0;
    return {
      seconds: forMs / 1_000,
      refusedBefore: settled.rejected - begun.rejected,
      refusedAfter: end.rejected - settled.rejected,
      ours: (ticker(counted) - ticker(settled) - theirs) / (forMs / 1_000),
      theirs: theirs / (forMs / 1_000),
      recovered: (ticker(end) - ticker(alone)) / 5,
    };
  }).pipe(Effect.scoped);

/** Starts programs at an exchange; they end with the scope, and remember in a folder that goes with it. */
const startingAt = (served: ServedProcess) =>
  Effect.gen(function* () {
    const folder = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "naru-limits-"))),
      (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true })),
    );
    const running = new Set<ChildProcess>();
    yield* Effect.addFinalizer(() => Effect.forEach([...running], ended, { discard: true }));
    return (options: Omit<LimitClientOptions, "url">): ChildProcess => {
      const url = `http://127.0.0.1:${served.port}`;
      const child = fork(entry, [JSON.stringify({ ...options, url })], { execArgv: [], env: { ...process.env, NARU_STATE: folder } });
      running.add(child);
      child.once("exit", () => running.delete(child));
      return child;
    };
  });

/** Until the program has loaded and asks. */
const ready = (child: ChildProcess): Effect.Effect<void> =>
  Effect.callback((resume) => {
    child.once("message", () => resume(Effect.void));
    child.once("exit", (code, signal) => resume(Effect.die(new Error(`a program ended with ${signal ?? code}`))));
  });

/** Kills a process in the middle of whatever it does. */
const ended = (child: ChildProcess | undefined): Effect.Effect<void> =>
  Effect.callback((resume) => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return resume(Effect.void);
    child.once("exit", () => resume(Effect.void));
    child.kill("SIGKILL");
  });

interface Tally {
  sent: number;
}

/** Asks at an even pace, whatever is answered, as a program that knows no limits; until it is interrupted. */
const competitor = Effect.fnUntraced(function* (served: ServedProcess, rate: number, tally: Tally) {
  const one = Effect.promise((signal) =>
    fetch(`http://127.0.0.1:${served.port}${tickerPath}?markets=KRW-ETH`, { signal }).then((response) => response.arrayBuffer()),
  );
  const startMs = yield* Clock.currentTimeMillis;
  while (true) {
    tally.sent++;
    yield* Effect.forkChild(Effect.ignore(one));
    yield* Effect.sleep(Math.max(0, startMs + (tally.sent * 1_000) / rate - (yield* Clock.currentTimeMillis)));
  }
});
