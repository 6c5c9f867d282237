/** The two-channel comparison against its published table, with the two published defects turned into rules. */
import { assert, describe, it } from "@effect/vitest";
import { type ChannelInput, type ChannelReason, channelScore, type RealtimePriority } from "../../src/select/channelScore.ts";

const input = (changes: Partial<ChannelInput> = {}): ChannelInput => ({
  kind: "ticker",
  realtime: "medium",
  frequency: "unknown",
  connected: true,
  websocketUsage: 0,
  restUsage: 0,
  markets: 1,
  past: false,
  ...changes,
});

const priorities: ReadonlyArray<RealtimePriority> = ["high", "medium", "low"];

describe("channelScore", () => {
  it("gives the published points, choice and confidence, and REST wherever the socket is not connected (R001-04)", () => {
    const row = (connected: boolean, frequency: "unknown" | "high") =>
      priorities.map((realtime) => {
        const score = channelScore(input({ connected, frequency, realtime }));
        return `${score.websocket}/${score.rest} ${score.channel} ${score.confidence.toFixed(3)}`;
      });
    assert.deepStrictEqual(row(true, "unknown"), ["75/40 websocket 0.652", "63/42 websocket 0.600", "51/44 rest 0.463"]);
    assert.deepStrictEqual(row(true, "high"), ["87/40 websocket 0.685", "75/42 websocket 0.641", "63/44 websocket 0.589"]);
    assert.deepStrictEqual(row(false, "unknown"), ["45/40 rest 0.471", "33/42 rest 0.560", "21/44 rest 0.677"]);
    // The original chose the socket in the first of these: 57 points for a link that was not there.
    assert.deepStrictEqual(row(false, "high"), ["57/40 rest 0.412", "45/42 rest 0.483", "33/44 rest 0.571"]);
  });

  it("decides history and several rows by rule, with certainty", () => {
    const table: ReadonlyArray<readonly [Partial<ChannelInput>, ChannelReason]> = [
      [{ kind: "candles", past: true }, "past_data_requires_rest"],
      [{ kind: "candles", count: 2 }, "multiple_candles_requires_rest"],
      [{ kind: "trades", past: true }, "past_trades_requires_rest"],
      [{ kind: "trades", count: 2 }, "multiple_trades_requires_rest"],
    ];
    for (const [changes, reason] of table) {
      assert.deepInclude(channelScore(input({ realtime: "high", ...changes })), { channel: "rest", reason, confidence: 1 });
    }
    assert.strictEqual(channelScore(input({ kind: "candles", count: 1, realtime: "high" })).reason, "scored");
  });

  it("takes points from a channel near its limit", () => {
    const points = (usage: number) => {
      const { websocket, rest } = channelScore(input({ websocketUsage: usage, restUsage: usage }));
      return [websocket, rest];
    };
    assert.deepStrictEqual(
      [points(0.79), points(0.8), points(0.9)],
      [
        [63, 42],
        [59, 36],
        [55, 30],
      ],
    );
  });

  it("takes REST while its mean is less than one and a half times the socket's, and asks points only where nothing was measured (R004-23)", () => {
    const measured = (restMeanMs: number | null, websocketMeanMs: number | null, connected = true) =>
      channelScore(input({ realtime: "high", connected, restMeanMs, websocketMeanMs }));
    assert.deepInclude(measured(100, 80), { channel: "rest", reason: "rest_quick_enough" });
    assert.deepInclude(measured(130, 80), { channel: "websocket", reason: "websocket_much_quicker" });
    assert.deepInclude(measured(120, 80), { channel: "websocket" });
    assert.deepInclude(measured(null, 80), { channel: "websocket", reason: "scored" });
    assert.deepInclude(measured(100, null), { channel: "websocket", reason: "scored" });
    assert.deepInclude(measured(9_000, 1, false), { channel: "rest", reason: "not_connected" });
  });
});
