/** A process whose files may not grow beyond some size: `fullDiskChild.ts FILE` keeps candles until it cannot, says why, and tries again when it is told to. */
import { once } from "node:events";
import { Effect } from "effect";
import { candleAt, minutes, seriesOf } from "../../../router/test/cache/historyContract.ts";
import * as SqliteHistory from "../../src/history/SqliteHistory.ts";

const btc = seriesOf("KRW-BTC");
const rows = (nth: number) => Array.from({ length: 256 }, (_, at) => candleAt(btc, 256 * nth + at, String(at)));
const say = (word: object) => Effect.sync(() => void process.send?.(word));

await Effect.runPromise(
  Effect.scoped(
    Effect.gen(function* () {
      const store = yield* SqliteHistory.make(process.argv[2] ?? "");
      const keep = (nth: number) => store.putCandles(btc, rows(nth), minutes(256 * nth, 256 * (nth + 1)));
      for (let nth = 0; nth < 1_000; nth++) {
        const error = yield* Effect.flip(keep(nth)).pipe(Effect.option);
        if (error._tag === "None") continue;
        const coverage = yield* store.coverage(btc);
        const read = yield* store.candles(btc, minutes(0, 256 * (nth + 1)));
        yield* say({ tag: error.value._tag, code: error.value.code, kept: nth, coverage, rows: read.rows.length });
        yield* Effect.promise(() => once(process, "message"));
        yield* keep(nth);
        yield* say({ coverage: yield* store.coverage(btc), damaged: (yield* store.check).damaged });
        return;
      }
    }),
  ),
);
process.disconnect();
