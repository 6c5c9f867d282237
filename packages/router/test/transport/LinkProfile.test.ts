/** What is judged of which facts, as tables. */
import { assert, describe, it } from "@effect/vitest";
import { defaultRouterConfig, type RouterConfigShape } from "../../src/RouterConfig.ts";
import type { LinkFacts } from "../../src/transport/LinkMeter.ts";
import { decide, describeReason, judgeLink, type LinkProfile, unmeasured } from "../../src/transport/LinkProfile.ts";
import type { WireFormat } from "../../src/transport/Venue.ts";

const nothing: LinkFacts = {
  rttMs: null,
  jitterMs: null,
  timeoutMs: null,
  connectMs: null,
  lagExcessMs: null,
  wireBytesPerS: null,
  payloadBytesPerS: null,
};
const good: LinkFacts = {
  rttMs: 12,
  jitterMs: 1,
  timeoutMs: 16,
  connectMs: 40,
  lagExcessMs: 3,
  wireBytesPerS: 50_000,
  payloadBytesPerS: 50_000,
};
const lagging: LinkFacts = { ...good, lagExcessMs: 620 };
const distant: LinkFacts = { ...good, rttMs: 210, jitterMs: 10, timeoutMs: 250 };

const minute = 60_000;
const knobs = (changes: Partial<RouterConfigShape> = {}): RouterConfigShape => ({ ...defaultRouterConfig, ...changes });
const judged = (facts: LinkFacts, from: LinkProfile = unmeasured, nowMs = 0, changes: Partial<RouterConfigShape> = {}) =>
  judgeLink(from, facts, nowMs, knobs(changes));

describe("the profile of a line", () => {
  const table: ReadonlyArray<readonly [string, LinkFacts, Partial<RouterConfigShape>, LinkProfile["name"], string]> = [
    ["nothing measured", nothing, {}, "fast", "Unmeasured"],
    ["a good line", good, {}, "fast", "Unmeasured"],
    ["messages half a second late", { ...good, lagExcessMs: 500 }, {}, "thin", "Lagging"],
    ["a little less", { ...good, lagExcessMs: 499 }, {}, "fast", "Unmeasured"],
    ["a known capacity in use", good, { linkCapacityBytesPerS: 55_000 }, "thin", "Loaded"],
    ["a known capacity not in use", good, { linkCapacityBytesPerS: 60_000 }, "fast", "Unmeasured"],
    ["a long way", { ...good, rttMs: 150 }, {}, "far", "FarAway"],
    ["not so long a way", { ...good, rttMs: 149 }, {}, "fast", "Unmeasured"],
    ["a long way and late", { ...distant, lagExcessMs: 900 }, {}, "thin", "Lagging"],
  ];
  for (const [title, facts, changes, name, reason] of table)
    it(`${title} is ${name}`, () => {
      const profile = judged(facts, unmeasured, 0, changes);
      assert.deepStrictEqual([profile.name, profile.reason._tag], [name, reason]);
      assert.isAbove(describeReason(profile.reason).length, 10);
    });

  it("does not change twice within its dwell, and is the same object while nothing changes", () => {
    const far = judged(distant, unmeasured, 5_000);
    assert.strictEqual(judged(good, far, 5_000 + minute - 1), far);
    const back = judged(good, far, 5_000 + minute);
    assert.deepStrictEqual([back.name, back.reason._tag, back.sinceMs], ["fast", "Relieved", 5_000 + minute]);
    assert.strictEqual(judged(good, back, 10 * minute), back);
  });

  it("between its two thresholds stays what it is", () => {
    const between: LinkFacts = { ...good, rttMs: 130 };
    assert.strictEqual(judged(between).name, "fast");
    assert.strictEqual(judged(between, judged(distant), minute).name, "far");
  });

  it("is not left because the short frames it brought relieve the line, only when full ones would fit", () => {
    const thin = judged(lagging);
    assert.strictEqual(thin.fullAtBytesPerS, 50_000);
    const relieved: LinkFacts = { ...good, wireBytesPerS: 6_000, payloadBytesPerS: 24_000 };
    assert.strictEqual(judged(relieved, thin, 10 * minute), thin);
    const quieter: LinkFacts = { ...relieved, wireBytesPerS: 3_000, payloadBytesPerS: 14_000 };
    assert.strictEqual(judged(quieter, thin, 10 * minute).name, "fast");
    // Quick again, but not by much, or nothing measured at all: no relief.
    assert.strictEqual(judged({ ...quieter, lagExcessMs: 200 }, thin, 10 * minute), thin);
    assert.strictEqual(judged(nothing, thin, 10 * minute), thin);
  });

  it("never swings oftener than its dwell, whatever is measured (R003-40)", () => {
    let profile = unmeasured;
    const changes: Array<number> = [];
    for (let second = 0; second < 600; second++) {
      const facts = second % 2 === 0 ? { ...lagging, rttMs: 400 } : { ...good, payloadBytesPerS: 0 };
      const next = judged(facts, profile, second * 1_000);
      if (next !== profile) changes.push(second);
      profile = next;
    }
    assert.isAtLeast(changes.length, 9);
    for (const [at, second] of changes.entries()) assert.isTrue(at === 0 || second - (changes[at - 1] ?? 0) >= 60);
  });
});

describe("what follows from a profile", () => {
  const thin = judged(lagging);
  const far = judged(distant);

  const formats: ReadonlyArray<readonly [LinkProfile, WireFormat, RouterConfigShape["socketFormat"], WireFormat]> = [
    [unmeasured, "full", "auto", "full"],
    [unmeasured, "compact", "auto", "compact"],
    [unmeasured, "compact_list", "full", "full_list"],
    [thin, "full", "auto", "compact"],
    [thin, "full_list", "auto", "compact_list"],
    [thin, "full", "full", "full"],
    [far, "full", "auto", "full"],
    [far, "full", "compact", "compact"],
  ];
  it("the format is the venue's own until the profile or the knob names a spelling", () => {
    for (const [profile, own, socketFormat, expected] of formats)
      assert.strictEqual(decide(profile, good, own, knobs({ socketFormat })).format, expected, `${profile.name} ${own} ${socketFormat}`);
  });

  it("compression is offered on a thin line, or as the knob says", () => {
    const compress = (profile: LinkProfile, socketCompression: RouterConfigShape["socketCompression"]) =>
      decide(profile, good, "full", knobs({ socketCompression })).compress;
    assert.deepStrictEqual([compress(unmeasured, "auto"), compress(thin, "auto"), compress(far, "auto")], [undefined, true, undefined]);
    assert.deepStrictEqual([compress(unmeasured, "on"), compress(thin, "off")], [true, false]);
  });

  it("deadlines are the profile's, longer where the road is, and on a line both thin and far the longer of the two", () => {
    assert.deepInclude(decide(unmeasured, good, "full", knobs()), {
      attemptDeadlinesMs: { rest: 2_000, websocket: 1_000 },
      hedgeAfterMs: 300,
      batchWindowMs: 5,
    });
    const slow: LinkFacts = { ...distant, rttMs: 900, timeoutMs: 1_100 };
    assert.deepInclude(decide(far, slow, "full", knobs()), {
      attemptDeadlinesMs: { rest: 4_400, websocket: 2_000 },
      hedgeAfterMs: 1_100,
      batchWindowMs: 20,
    });
    const both = judged({ ...distant, lagExcessMs: 900 });
    const { linkProfiles } = defaultRouterConfig;
    const longFar = { ...linkProfiles, far: { ...linkProfiles.far, attemptDeadlinesMs: { rest: 9_000, websocket: 500 } } };
    assert.deepStrictEqual(decide(both, distant, "full", knobs({ linkProfiles: longFar })).attemptDeadlinesMs, {
      rest: 9_000,
      websocket: 3_000,
    });
  });

  it("a longer batch window of the router's own knob holds", () => {
    assert.strictEqual(decide(far, good, "full", knobs({ batchWindowMs: 40 })).batchWindowMs, 40);
  });
});
