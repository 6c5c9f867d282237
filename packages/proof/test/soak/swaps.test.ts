/** The short form of `pnpm proof swaps`: one run, looked at for each promise. */
import { assert, beforeAll, describe, it } from "@effect/vitest";
import { failuresOf, type Report } from "../../src/soak/Figures.ts";
import { swaps } from "../../src/soak/swaps.ts";

const count = 10;
let report: Report = { rows: [], problems: [] };

/** The failures of the rows so named; that there are as many as there must be is part of it. */
const failures = (pattern: RegExp, rows: number) => {
  const named = report.rows.filter(({ name }) => pattern.test(name));
  assert.strictEqual(named.length, rows);
  return failuresOf({ rows: named, problems: report.problems });
};

describe("swapping the streamed market", () => {
  beforeAll(async () => {
    report = await swaps({ swaps: count }, () => {});
  }, 60_000);

  it("brings the new market's first element within a second, with the delay recorded at the exchange (R003-01)", () => {
    assert.deepStrictEqual(failures(/^snapshot delay: first/, 4), []);
  });

  it("brings it within 300 ms where the exchange answers at once and the way there and back takes 100 ms (R003-26)", () => {
    assert.deepStrictEqual(failures(/^no delay: first/, 4), []);
  });

  it("opens no new connection (R003-06)", () => {
    assert.deepStrictEqual(failures(/: (?:swaps|reconnects|subscriptions sent)$/, 6), []);
  });

  it("works alike for tickers, books, trades and candles, and the streams beside lose nothing (R003-07)", () => {
    for (const kind of ["ticker", "orderbook", "trades", "candles"])
      for (const row of report.rows.filter(({ name }) => name.includes(`first ${kind} of`))) assert.strictEqual(row.n, count);
    assert.deepStrictEqual(failures(/beside$/, 6), []);
  });
});
