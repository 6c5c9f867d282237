/** Who leads, under scores that change their mind all the time. */
import { assert, describe, it } from "@effect/vitest";
import type { Channel } from "../../src/domain/Provenance.ts";
import { leadMs, Leads } from "../../src/select/Leads.ts";

/** The changes of lead over a time in which the socket is wanted, or there, every other `halfMs`. */
const changes = (leads: Leads, { spanMs, halfMs, isOut }: { spanMs: number; halfMs: number; isOut: boolean }): ReadonlyArray<number> => {
  const at: Array<number> = [];
  let last: Channel | undefined;
  for (let nowMs = 0; nowMs < spanMs; nowMs += 100) {
    const isUp = Math.floor(nowMs / halfMs) % 2 === 0;
    const margin = isUp || !isOut ? 0.1 : Infinity;
    const lead = leads.lead("ticker", isUp ? "websocket" : "rest", margin, nowMs);
    if (last !== undefined && lead !== last) at.push(nowMs);
    last = lead;
  }
  return at;
};

describe("the lead", () => {
  it("changes at most once in ten seconds when a tier comes and goes every two (E18)", () => {
    for (const isOut of [false, true]) {
      const at = changes(new Leads(), { spanMs: 120_000, halfMs: 2_000, isOut });
      assert.isAbove(at.length, 2);
      for (const [i, ms] of at.entries()) {
        // What is gone cannot lead: that change alone does not wait.
        const isForced = isOut && Math.floor(ms / 2_000) % 2 === 1;
        if (i > 0 && !isForced) assert.isAtLeast(ms - (at[i - 1] ?? 0), leadMs);
      }
      assert.isAtMost(at.length, isOut ? 20 : 12);
    }
  });

  it("changes at once the first time, and when the one that led is gone", () => {
    const leads = new Leads();
    assert.strictEqual(leads.lead("ticker", "websocket", 0.1, 0), "websocket");
    assert.strictEqual(leads.lead("ticker", "rest", 0.1, 100), "rest");
    assert.strictEqual(leads.lead("ticker", "websocket", 0.1, 200), "rest");
    assert.strictEqual(leads.lead("ticker", "websocket", Infinity, 300), "websocket");
    assert.strictEqual(leads.lead("ticker", "rest", 0.1, 300 + leadMs), "rest");
  });

  it("does not change for scores that are alike", () => {
    const leads = new Leads();
    leads.lead("ticker", "websocket", 0.1, 0);
    for (let nowMs = 0; nowMs < 60_000; nowMs += 1_000) assert.strictEqual(leads.lead("ticker", "rest", 0.02, nowMs), "websocket");
    assert.strictEqual(leads.lead("ticker", "rest", 0.04, 60_000), "rest");
  });

  it("is one for each subject, and a look at it changes nothing", () => {
    const leads = new Leads();
    leads.lead("ticker", "websocket", 0.1, 0);
    assert.strictEqual(leads.peek("ticker", "rest", 0.1, 0), "rest");
    assert.strictEqual(leads.lead("ticker", "rest", 0.1, 0), "rest");
    assert.strictEqual(leads.peek("ticker", "websocket", 0.1, 0), "rest");
    assert.strictEqual(leads.peek("ticker", "websocket", Infinity, 0), "websocket");
    assert.strictEqual(leads.lead("ticker", "websocket", 0.1, leadMs), "websocket");
    assert.strictEqual(leads.lead("orderbook", "rest", 0.1, 0), "rest");
  });
});
