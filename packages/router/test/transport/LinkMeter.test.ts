/** The facts of a link out of what its socket tells, by hand-made times. */
import { assert, describe, it } from "@effect/vitest";
import { LinkMeter } from "../../src/transport/LinkMeter.ts";

/** Twenty messages a second from `fromMs` on, each this far behind. */
const messages = (meter: LinkMeter, fromMs: number, seconds: number, lagMs: (at: number) => number) => {
  for (let at = 0; at < seconds * 20; at++) meter.messages(lagMs(at), 1, fromMs + at * 50);
};

describe("the meter of a link", () => {
  it("knows nothing before anything happened", () => {
    assert.deepStrictEqual(new LinkMeter().facts(0), {
      rttMs: null,
      jitterMs: null,
      timeoutMs: null,
      connectMs: null,
      lagExcessMs: null,
      wireBytesPerS: null,
      payloadBytesPerS: null,
    });
  });

  it("counts a trip from ping to pong, and none for a pong that nobody asked for", () => {
    const meter = new LinkMeter();
    meter.opened(42);
    meter.ponged(5);
    meter.pinged(100);
    meter.ponged(180);
    meter.ponged(900);
    assert.deepInclude(meter.facts(1_000), { rttMs: 80, jitterMs: 40, timeoutMs: 240, connectMs: 42 });
  });

  it("does not take the next link's first pong for the answer to the last link's ping", () => {
    const meter = new LinkMeter();
    meter.pinged(100);
    meter.opened(20);
    meter.ponged(60_000);
    assert.isNull(meter.facts(60_000).rttMs);
  });

  it("says how many bytes a second came in the last ten, and forgets those of another link", () => {
    const meter = new LinkMeter();
    for (let second = 0; second <= 60; second++) meter.counted({ wire: second * 500, payload: second * 2_000 }, second * 1_000);
    assert.deepInclude(meter.facts(60_000), { wireBytesPerS: 500, payloadBytesPerS: 2_000 });
    for (let second = 61; second <= 72; second++) {
      const more = (second - 60) * 1_000;
      meter.counted({ wire: 30_000 + more, payload: 120_000 + more }, second * 1_000);
    }
    assert.deepInclude(meter.facts(72_000), { wireBytesPerS: 1_000, payloadBytesPerS: 1_000 });
    // Silence: the rate falls with every second that brings nothing.
    assert.closeTo(meter.facts(83_000).wireBytesPerS ?? 0, 500, 30);
    meter.opened(10);
    assert.isNull(meter.facts(84_000).wireBytesPerS);
  });

  it("takes clocks that differ for no lag, and jitter for no full line", () => {
    const meter = new LinkMeter();
    messages(meter, 0, 60, () => -86_400_000);
    assert.strictEqual(meter.facts(60_000).lagExcessMs, 0);
    messages(meter, 60_000, 10, (at) => -86_400_000 + (at % 4) * 700);
    assert.strictEqual(meter.facts(70_000).lagExcessMs, 0);
  });

  it("sees a line that delays every message, and that it is over", () => {
    const meter = new LinkMeter();
    messages(meter, 0, 60, () => 30);
    messages(meter, 60_000, 12, (at) => 630 + (at % 3) * 50);
    assert.strictEqual(meter.facts(72_000).lagExcessMs, 600);
    messages(meter, 72_000, 2, () => 35);
    assert.strictEqual(meter.facts(74_000).lagExcessMs, 5);
  });

  it("concludes nothing from a few messages, nor from those of long ago", () => {
    const meter = new LinkMeter();
    messages(meter, 0, 60, () => 30);
    for (let at = 0; at < 9; at++) meter.messages(5_000, 1, 80_000 + at);
    assert.isNull(meter.facts(80_100).lagExcessMs);
    meter.messages(5_000, 1, 80_200);
    assert.strictEqual(meter.facts(80_300).lagExcessMs, 4_970);
    assert.isNull(meter.facts(95_000).lagExcessMs);
  });

  it("forgets after ten minutes how quick messages once were: a clock that was set does not spoil it for ever", () => {
    const meter = new LinkMeter();
    messages(meter, 0, 60, () => 30);
    messages(meter, 60_000, 11 * 60, () => 3_030);
    assert.strictEqual(meter.facts(12 * 60_000).lagExcessMs, 0);
  });
});
