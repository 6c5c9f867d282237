/** The whole of the numbers: bounds, totals of what is gone, and the document that is made of them. */
import { assert, describe, it } from "@effect/vitest";
import * as Schema from "effect/Schema";
import type { KeyId } from "../../src/domain/StreamKey.ts";
import { toLegacyMetrics } from "../../src/health/legacyMetrics.ts";
import { LiveMetrics } from "../../src/health/LiveMetrics.ts";
import { LiveNumbers } from "../../src/health/LiveNumbers.ts";

const btc = "ticker:KRW-BTC" as KeyId;
const eth = "trades:KRW-ETH" as KeyId;

/** A minute in the life of a live side: a link that broke once, two keys, two consumers, a hole. */
const minute = () => {
  const numbers = new LiveNumbers(0);
  const link = numbers.link("main");
  link.attemptFailed();
  numbers.failed("connection", 50, "ECONNREFUSED");
  numbers.changeStarted(btc, "full", 0);
  link.opened(100);
  link.subscribed(1, false);
  numbers.message(numbers.key(btc, 100), 250, undefined);
  numbers.changeDone(btc, 250);
  numbers.changeStarted(eth, "swap", 10_000);
  link.subscribed(2, false);
  for (let i = 0; i < 40; i++) {
    numbers.message(numbers.key(eth, 10_000), 10_200 + i * 1_000, 20 + i);
    numbers.changeDone(eth, 10_200 + i * 1_000);
  }
  for (let i = 0; i < 42; i++) numbers.decoding.frame(i < 39 ? 100 : 30_000);
  for (let i = 0; i < 2; i++) numbers.decoding.general("field", 30_000);
  link.ended("silent", "silent for 15000 ms", 50_000);
  link.opened(52_500);
  link.subscribed(2, true);
  link.slowed();
  link.asked();
  link.listCompared(true);
  link.answered(12);
  numbers.switched(340);
  const first = numbers.consumerOpened("trades", 1);
  const second = numbers.consumerOpened("ticker", 1);
  first.delivered = 45;
  first.recovered = 5;
  second.delivered = 1;
  second.conflated = 3;
  second.dropped = 3;
  numbers.consumerClosed(second);
  numbers.consumerClosed(second);
  numbers.holeClosed("healed", 5, 800);
  numbers.holeClosed("told", 0, 200);
  numbers.audited(100, 1);
  return numbers;
};

describe("the numbers of the live side", () => {
  it("are one document, the same after JSON, in the shape its schema says (R003-29)", () => {
    const metrics = minute().toMetrics(60_000);
    const document: unknown = JSON.parse(JSON.stringify(metrics));
    assert.deepStrictEqual(document, metrics);
    assert.deepStrictEqual(Schema.decodeUnknownSync(LiveMetrics)(document), metrics);
    assert.deepStrictEqual(metrics, {
      uptimeMs: 60_000,
      changes: {
        averageMs: 225,
        recentMs: [250, 200],
        open: 0,
        swap: { completed: 1, failed: 0, withdrawn: 0, successRate: 1 },
        full: { completed: 1, failed: 0, withdrawn: 0, successRate: 1 },
      },
      failures: { connection: 1, subscription: 0, data: 0, limited: 0, decode: 0, stale: 0 },
      lastFailure: { cause: "connection", detail: "ECONNREFUSED", ageMs: 59_950 },
      messages: { total: 41, perSecond: 0, lagP50Ms: 39, lagP95Ms: 57 },
      decoding: { frames: 42, generalShare: 2 / 3, isSlow: false, causes: [{ cause: "field", frames: 2 }] },
      keys: [
        { key: "ticker:KRW-BTC", messages: 1, perSecond: 0, silentMs: 59_750, lagP50Ms: null, lagP95Ms: null },
        { key: "trades:KRW-ETH", messages: 40, perSecond: 0, silentMs: 10_800, lagP50Ms: 39, lagP95Ms: 57 },
      ],
      links: [
        {
          link: "main",
          open: true,
          sinceMs: 7_500,
          opened: 2,
          reconnects: 1,
          failedAttempts: 1,
          ended: { closed: 0, silent: 1, failed: 0, unwanted: 0, replaced: 0 },
          lastEnd: { reason: "silent", detail: "silent for 15000 ms", ageMs: 10_000 },
          keys: 2,
          sent: 4,
          resends: 1,
          slowdowns: 1,
          listChecks: 1,
          listDifferences: 0,
          roundTripMs: 12,
          downMs: 2_500,
        },
      ],
      switches: { count: 1, lastBlindMs: 340, longestBlindMs: 340 },
      consumers: {
        open: 1,
        closed: 1,
        total: { delivered: 46, dropped: 3, conflated: 3, late: 0, recovered: 5, gaps: 0 },
        each: [{ id: 1, kind: "trades", keys: 1, delivered: 45, dropped: 0, conflated: 0, late: 0, recovered: 5, gaps: 0 }],
      },
      healing: { healed: 1, told: 1, rowsRecovered: 5, meanMs: 500, longestMs: 800 },
      audits: { runs: 1, rowsCompared: 100, rowsMissing: 1 },
    });
  });

  it("have an older shape, in which poor or slow changes are called degraded", () => {
    const numbers = minute();
    assert.deepStrictEqual(toLegacyMetrics(numbers.toMetrics(60_000)), {
      averageChangeTime: 225,
      recentChangeTimes: [250, 200],
      smartChangeSuccessRate: 1,
      smartChangeSuccessCount: 1,
      smartChangeTotalCount: 1,
      fullChangeSuccessRate: 1,
      fullChangeSuccessCount: 1,
      fullChangeTotalCount: 1,
      activeSubscriptionsCount: 2,
      performanceDegraded: false,
    });
    numbers.changeStarted(btc, "swap", 60_000);
    numbers.changeFailed(btc, 60_000, "data");
    assert.isTrue(toLegacyMetrics(numbers.toMetrics(60_000)).performanceDegraded);
    const slow = new LiveNumbers(0);
    slow.changeStarted(btc, "full", 0);
    slow.changeDone(btc, 1_001);
    assert.isTrue(toLegacyMetrics(slow.toMetrics(2_000)).performanceDegraded);
    assert.isFalse(toLegacyMetrics(new LiveNumbers(0).toMetrics(0)).performanceDegraded);
  });

  it("hold so many keys and count the rest together, so that nothing is lost from the total", () => {
    const numbers = new LiveNumbers(0, { keyLimit: 2 });
    for (const name of ["a", "b", "c", "d", "c"]) numbers.message(numbers.key(name as KeyId, 0), 0, 5);
    const { keys, messages } = numbers.toMetrics(500);
    assert.deepStrictEqual(
      keys.map(({ key, messages }) => [key, messages]),
      [
        ["a", 1],
        ["b", 1],
        ["other", 3],
      ],
    );
    assert.deepStrictEqual([messages.total, messages.perSecond], [5, 5]);
    numbers.forget("a" as KeyId);
    numbers.forget("c" as KeyId);
    numbers.message(numbers.key("e" as KeyId, 500), 500, 5);
    assert.deepStrictEqual(
      numbers.toMetrics(500).keys.map(({ key }) => key),
      ["b", "e", "other"],
    );
    assert.strictEqual(numbers.toMetrics(500).messages.total, 6);
  });

  it("hold a handful of links, and know a link that is down from one that nobody wanted", () => {
    const numbers = new LiveNumbers(0);
    for (let i = 0; i < 20; i++) numbers.link(`link-${i}`).opened(0);
    assert.deepStrictEqual(
      [numbers.toMetrics(0).links.length, numbers.link("link-19").name, numbers.link("other").opens],
      [9, "other", 12],
    );
    const link = numbers.link("link-0");
    link.ended("unwanted", "", 10);
    assert.strictEqual(link.downMs(1_000), 0);
    link.opened(2_000);
    link.ended("closed", "closed 1006", 3_000);
    assert.deepStrictEqual([link.reconnects, link.downMs(3_400)], [0, 400]);
    link.opened(3_500);
    assert.deepStrictEqual([link.reconnects, link.downMs(9_000)], [1, 500]);
  });

  it("show a hundred consumers one by one and count all", () => {
    const numbers = new LiveNumbers(0);
    for (let i = 0; i < 150; i++) numbers.consumerOpened("trades", 1).delivered = 2;
    const { each, open, total } = numbers.toMetrics(0).consumers;
    assert.deepStrictEqual([each.length, open, total.delivered], [100, 150, 300]);
  });
});
