import { assert, describe, it } from "@effect/vitest";
import type { KeyId } from "@naru/router/domain/StreamKey";
import { LiveNumbers } from "@naru/router/health/LiveNumbers";
import { liveLine, liveLines, liveToJson } from "../../src/render/live.ts";
import { plain } from "../../src/render/style.ts";

const atMs = Date.UTC(2026, 0, 5, 3);
const sim = { venue: "sim", simulated: true };

/** Ten seconds of a link with two keys, one of them busy; then the link breaks. */
const seen = () => {
  const numbers = new LiveNumbers(0);
  const link = numbers.link("main");
  link.opened(0);
  link.subscribed(2, false);
  for (const [id, mode] of [
    ["ticker:KRW-BTC", "full"],
    ["trades:KRW-ETH", "swap"],
  ] as const) {
    numbers.changeStarted(id as KeyId, mode, 0);
    numbers.message(numbers.key(id as KeyId, 0), 150, undefined);
    numbers.changeDone(id as KeyId, 150);
  }
  for (let i = 0; i < 50; i++) numbers.message(numbers.key("trades:KRW-ETH" as KeyId, 0), i * 200, 12);
  const consumer = numbers.consumerOpened("trades", 1);
  consumer.delivered = 1_051;
  consumer.dropped = 2;
  link.ended("closed", "closed 1006", 10_000);
  numbers.failed("connection", 10_000, "closed 1006\u001b[2J");
  return numbers.toMetrics(10_000);
};

describe("the numbers of the live side", () => {
  it("are a picture: link, changes, messages, losses, the last failure, and the busiest keys first", () => {
    assert.deepStrictEqual(liveLines(seen(), sim, plain), [
      "link      main DOWN for 0.00 ms  0 keys  0 reconnects  0 failed attempts  down 0.00 ms  last end 0.00 ms ago: closed 1006",
      "changes   mean of the last 2 150 ms  swap 100 % (1 of 1)  full 100 % (1 of 1)  under way 0",
      "messages  5.0 a second  52 in all  lag p50 12 ms  p95 12 ms",
      "elements  1,051 delivered  2 dropped  0 conflated  0 late  0 recovered  0 gaps",
      "healing   0 holes healed  0 told  0 rows  mean –",
      "failure   connection 0.00 ms ago: closed 1006\ufffd[2J",
      "     KEY             MESSAGES  A SECOND  SILENT FOR  LAG P50  LAG P95",
      "SIM  trades:KRW-ETH        51       5.0      200 ms    12 ms    12 ms",
      "SIM  ticker:KRW-BTC         1       0.0       9.8 s        –        –",
    ]);
  });

  it("are one line in a pipe, with the moment they were true", () => {
    assert.strictEqual(
      liveLine(seen(), atMs, sim),
      "SIM  2026-01-05 12:00:00  links 0/1  5.0 msg/s  lag p50 12 ms p95 12 ms  change 150 ms  swap 100 % (1 of 1)  dropped 2  conflated 0  gaps 0",
    );
  });

  it("are the document of liveMetrics with venue, label and time before it", () => {
    const metrics = seen();
    assert.deepStrictEqual(liveToJson(metrics, atMs, sim), {
      kind: "live_metrics",
      venue: "sim",
      simulated: true,
      time: "2026-01-05T03:00:00.000Z",
      ...metrics,
    });
  });
});
