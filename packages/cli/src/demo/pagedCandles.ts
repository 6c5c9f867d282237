/** Step 4: the exchange gives 200 candles a request; a thousand are five requests, joined without a hole or a double. */
import * as Effect from "effect/Effect";
import { counted, duration, grouped } from "../render/numbers.ts";
import { kst } from "../render/time.ts";
import { timed } from "./Stage.ts";
import { claim, same, type Step } from "./Step.ts";

const count = 1_000;
const path = "/v1/candles/minutes/1";

export const pagedCandles: Step = {
  title: "A thousand candles, in pages",
  play: ({ data, ledger, market }) =>
    Effect.gen(function* () {
      const before = ledger.restCount(path);
      const { value: answer, tookMs } = yield* timed(data.getCandles(market, "1m", { count }));
      const rows = answer.value;
      const requests = ledger.restCount(path) - before;
      const [first, last] = [rows[0], rows.at(-1)];
      const span = first === undefined || last === undefined ? "none" : `${kst(first.openTimeMs)} to ${kst(last.openTimeMs)} KST`;
      return {
        shown: [`${counted(rows.length, "candle")} of ${market}, ${span}: ${counted(requests, "request")}, ${duration(tookMs)}`],
        claims: [
          same("rows", rows.length, count),
          same("requests the exchange saw", requests, count / 200),
          claim(
            `oldest first, each minute at most once (${grouped(rows.length)} looked at)`,
            rows.every((row, i) => i === 0 || row.openTimeMs > (rows[i - 1]?.openTimeMs ?? 0)),
          ),
          // A minute that ended a moment ago counts as forming until its last trades are surely booked.
          claim(
            "closed but for the newest two",
            rows.slice(0, -2).every((row) => row.state === "closed"),
          ),
        ],
      };
    }),
};
