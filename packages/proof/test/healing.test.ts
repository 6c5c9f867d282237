/** What an outage of the link costs the streams of trades of many markets, in virtual time over the emulated exchange. */
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { isModest, isWhole, krwMarkets, promised, promisedMs, withoutPolling } from "../src/healing/fullRun.ts";
import { type OutageReport, outage } from "../src/healing/outage.ts";

const latest = (report: OutageReport, markets: ReadonlyArray<string>) =>
  Math.max(...report.healed.filter(({ market }) => markets.includes(market)).map(({ afterMs }) => afterMs));

const testMs = 180_000;

describe("an outage of the link", () => {
  it(
    "of 60 s at 300 trades/s over 20 markets is healed within 15 s, whole and in order, with at most half of the limit",
    async () => {
      const report = await Effect.runPromise(outage({ ...promised, config: withoutPolling }));
      assert.isTrue(isWhole(report), JSON.stringify(report));
      assert.isAtMost(latest(report, promised.markets), promisedMs);
      for (const { expected } of report.healed) assert.strictEqual(expected, 901);
      assert.isTrue(isModest(report), JSON.stringify(report));
      // Without holes of some pages the test would show nothing.
      assert.isAbove(latest(report, promised.markets), 5_000);
    },
    testMs,
  );

  it(
    "leaves the readers of other trades their half and room in every second, and they are answered all the while",
    async () => {
      const shape = { ...promised, markets: promised.markets.slice(0, 8), tradesPerSecond: 100 };
      const report = await Effect.runPromise(outage({ ...shape, config: withoutPolling, hasReader: true }));
      assert.isTrue(isWhole(report), JSON.stringify(report));
      assert.isTrue(isModest(report), JSON.stringify(report));
      assert.isAtMost(report.requestsPerSecond, 10);
      assert.isAbove(report.asked, 300);
      assert.strictEqual(report.failed, 0);
    },
    testMs,
  );

  it(
    "is healed for urgent streams first, and fairly among equals",
    async () => {
      const urgent = krwMarkets.slice(15, 20);
      const priorityOf = (market: string) => (urgent.includes(market) ? ("critical" as const) : ("normal" as const));
      const report = await Effect.runPromise(outage({ ...promised, priorityOf, config: withoutPolling }));
      assert.isTrue(isWhole(report), JSON.stringify(report));
      const others = promised.markets.filter((market) => !urgent.includes(market));
      assert.isBelow(latest(report, urgent), Math.min(...others.map((market) => latest(report, [market]))));
    },
    testMs,
  );

  it(
    "that lasts goes on over REST meanwhile: one page is then enough to join, where healing alone would leave a gap",
    async () => {
      // These are 1,200 trades a market, and one page of 500 alone would leave a gap.
      const shape = { ...promised, tradesPerSecond: 150, outageMs: 80_000 };
      const alone = await Effect.runPromise(
        outage({ ...shape, markets: promised.markets.slice(0, 10), config: { ...withoutPolling, healPages: 1 } }),
      );
      for (const { gaps, missing } of alone.healed) assert.deepStrictEqual([gaps, missing > 0], [1, true]);
      const report = await Effect.runPromise(outage({ ...shape, markets: promised.markets.slice(0, 10), config: { healPages: 1 } }));
      assert.isTrue(isWhole(report), JSON.stringify(report));
      // Polling and healing share their half.
      assert.isTrue(isModest(report), JSON.stringify(report));
    },
    testMs,
  );
});
