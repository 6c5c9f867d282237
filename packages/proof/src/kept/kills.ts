/**
 * A process that keeps candles and trades is killed in the middle of it, again and again. After every kill the file opens, nothing in it is damaged, what it says is
 * complete is exactly what was written, and every part whose writer was told that it is kept is there.
 */
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as SqliteHistory from "@naru/node/history/SqliteHistory";
import * as Effect from "effect/Effect";
import { atLeast, exactly, type Report } from "../soak/Figures.ts";
import { Chance } from "../world/engine/Chance.ts";
import { candlesIn, partOf, partsIn, series, tradePartOf, tradePartsIn, trades, tradesIn } from "./keptLedger.ts";

export interface KillsOptions {
  readonly kills: number;
}

const entry = fileURLToPath(new URL("./killedWriter.ts", import.meta.url));
/** A writer is killed so long after its first word, in milliseconds: within a part or between two. */
const longestMs = 60;
/** The file is begun anew after so many kills, so that small files are cut as well as large ones. */
const killsPerFile = 20;

interface Tally {
  acknowledged: number;
  lost: number;
  torn: number;
  damaged: number;
  unopened: number;
}

export const kills = ({ kills: wanted }: KillsOptions, say: (line: string) => void): Effect.Effect<Report> =>
  Effect.gen(function* () {
    const tally: Tally = { acknowledged: 0, lost: 0, torn: 0, damaged: 0, unopened: 0 };
    const chance = new Chance(7);
    let folder = yield* newFolder;
    let next = 0;
    for (let nth = 0; nth < wanted; nth++) {
      if (nth > 0 && nth % killsPerFile === 0) {
        folder = yield* newFolder;
        next = 0;
      }
      const path = join(folder, "history.sqlite");
      const last = yield* killed(path, next, chance.int(0, longestMs));
      tally.acknowledged += last === undefined ? 0 : last - next + 1;
      const found = yield* Effect.exit(Effect.scoped(Effect.flatMap(SqliteHistory.make(path), judged(tally, last ?? next - 1))));
      if (found._tag === "Failure") tally.unopened++;
      else next = found.value;
      if ((nth + 1) % 50 === 0) say(`${nth + 1} kills, ${tally.acknowledged} parts kept`);
    }
    return {
      rows: [
        exactly("kills", wanted, wanted),
        atLeast("parts of 200 windows and 250 trades that were said to be kept", tally.acknowledged, wanted),
        exactly("of them lost", tally.lost, 0),
        exactly("files that did not open", tally.unopened, 0),
        exactly("ranges that hold something else than what was written", tally.torn, 0),
        exactly("damaged blocks", tally.damaged, 0),
      ],
      problems: [],
    };
  }).pipe(Effect.scoped);

const newFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "naru-kills-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true })),
);

/** Starts a writer and kills it so long after its first word. The last part that it said was kept. */
const killed = (path: string, first: number, afterMs: number): Effect.Effect<number | undefined> =>
  Effect.gen(function* () {
    const child = fork(entry, [path, String(first)], { execArgv: [] });
    let last: number | undefined;
    const spoken = Effect.callback<void>((resume) => {
      child.on("message", (nth) => {
        last = Number(nth);
        resume(Effect.void);
      });
      child.once("exit", () => resume(Effect.void));
    });
    yield* spoken;
    yield* Effect.sleep(afterMs);
    yield* Effect.callback<void>((resume) => {
      child.once("exit", () => resume(Effect.void));
      if (!child.kill("SIGKILL")) resume(Effect.void);
    });
    return last;
  });

/** Holds a file against what was said of it; the first part that is not there. */
const judged = (tally: Tally, last: number) => (store: SqliteHistory.SqliteHistoryShape) =>
  Effect.gen(function* () {
    tally.damaged += (yield* store.check).damaged.length;
    const coverage = yield* store.coverage(series);
    const parts = coverage[0] === undefined ? 0 : partsIn(coverage[0]);
    const whole = { fromMs: partOf(0).fromMs, toMs: partOf(parts).fromMs };
    const { rows } = yield* store.candles(series, { ...whole, toMs: whole.toMs + 86_400_000 * 365 });
    if (coverage.length > 1 || !areSame(rows, candlesIn(whole))) tally.torn++;
    const tradeCoverage = yield* store.tradeCoverage(trades);
    const tradeParts = tradeCoverage[0] === undefined ? 0 : tradePartsIn(tradeCoverage[0]);
    const wholeTrades = { fromMs: tradePartOf(0).fromMs, toMs: tradePartOf(tradeParts).fromMs };
    const found = yield* store.trades(trades, { ...wholeTrades, toMs: wholeTrades.toMs + 86_400_000 * 365 });
    if (tradeCoverage.length > 1 || !areSame(found.rows, tradesIn(wholeTrades))) tally.torn++;
    tally.lost += Math.max(0, last + 1 - parts, last + 1 - tradeParts);
    return Math.min(parts, tradeParts);
  });

const areSame = (rows: ReadonlyArray<object>, written: ReadonlyArray<object>): boolean =>
  rows.length === written.length && rows.every((row, at) => JSON.stringify(row) === JSON.stringify(written[at]));
