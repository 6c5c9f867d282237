import { assert, describe, it } from "@effect/vitest";
import { keyId } from "../../src/domain/StreamKey.ts";
import { type FeedAction, FeedWatch, type ProbeResult, type Silence, type Suspect } from "../../src/transport/FeedWatch.ts";
import { btc, eth, market, tickerKey } from "../stream/exchange.ts";

const options = { listTimeoutMs: 1_000, resendWaitMs: 3_000 };

const suspectOf = (of: typeof btc, changes: Partial<Suspect> = {}): Suspect => ({
  id: keyId(tickerKey(of)),
  key: tickerKey(of),
  sinceMs: 0,
  silenceMs: 5_000,
  last: undefined,
  spoke: true,
  blamed: false,
  ...changes,
});

/** A watch with what it would find silent, and what was last said, as one line. */
class Scene {
  readonly watch = new FeedWatch(options);
  silence: Silence = { suspects: [], nextMs: 60_000, othersSpeak: true };
  looks = 0;

  next(nowMs: number): FeedAction {
    return this.watch.next(nowMs, () => {
      this.looks++;
      return this.silence;
    });
  }

  silent(...suspects: ReadonlyArray<Suspect>): void {
    this.silence = { ...this.silence, suspects };
  }

  /** What is said, and the phase after it. */
  step(nowMs: number): string {
    return `${said(this.next(nowMs))} → ${this.watch.phase}`;
  }
}

const said = (action: FeedAction): string => {
  switch (action._tag) {
    case "Wait":
      return `wait until ${action.dueMs}`;
    case "Probe":
      return `probe ${action.suspect.id}`;
    case "Gone":
      return `gone ${action.suspect.id}`;
    case "Quiet":
    case "Mute":
    case "Refuse":
      return `${action._tag.toLowerCase()} ${action.suspects.map(({ id }) => id).join()}`;
    default:
      return action._tag.toLowerCase();
  }
};

const phases = ["trusting", "listing", "resent", "probing"] as const;

/** A watch that came into a phase at 10 s, 11 s or 14 s, with the ticker of KRW-BTC silent. */
const sceneIn = (phase: (typeof phases)[number]): Scene => {
  const scene = new Scene();
  if (phase === "trusting") scene.next(10_000);
  scene.silent(suspectOf(btc));
  if (phase === "trusting") return scene;
  scene.next(10_000);
  if (phase !== "listing") scene.next(11_000);
  if (phase === "probing") scene.next(14_000);
  assert.strictEqual(scene.watch.phase, phase);
  return scene;
};

type Event = "time passes" | "listed" | "speaks again" | "resubscribed" | ProbeResult;

/** The phase, what happens in it, when that happens and the watch is asked, and what it says, with the phase after that. */
const table: ReadonlyArray<readonly [(typeof phases)[number], Event, atMs: number, expected: string]> = [
  ["trusting", "time passes", 59_999, "wait until 60000 → trusting"],
  ["trusting", "time passes", 60_000, "list → listing"],
  ["trusting", "listed", 12_000, "wait until 60000 → trusting"],
  ["trusting", "speaks again", 60_000, "wait until 120000 → trusting"],
  ["trusting", "resubscribed", 12_000, "list → listing"],
  ["trusting", "newer", 12_000, "wait until 60000 → trusting"],
  ["trusting", "same", 12_000, "wait until 60000 → trusting"],
  ["trusting", "unknown", 12_000, "wait until 60000 → trusting"],
  ["trusting", "gone", 12_000, "wait until 60000 → trusting"],

  ["listing", "time passes", 10_999, "wait until 11000 → listing"],
  ["listing", "time passes", 11_000, "resend → resent"],
  ["listing", "listed", 10_500, "resend → resent"],
  ["listing", "speaks again", 10_999, "wait until 11000 → listing"],
  ["listing", "speaks again", 11_000, "wait until 120000 → trusting"],
  ["listing", "resubscribed", 10_999, "wait until 11000 → listing"],
  ["listing", "newer", 10_999, "wait until 11000 → listing"],
  ["listing", "same", 10_999, "wait until 11000 → listing"],
  ["listing", "unknown", 10_999, "wait until 11000 → listing"],
  ["listing", "gone", 10_999, "wait until 11000 → listing"],

  ["resent", "time passes", 13_999, "wait until 14000 → resent"],
  ["resent", "time passes", 14_000, "probe ticker:KRW-BTC → probing"],
  ["resent", "listed", 13_999, "wait until 14000 → resent"],
  ["resent", "speaks again", 14_000, "wait until 120000 → trusting"],
  ["resent", "resubscribed", 13_999, "wait until 14000 → resent"],
  ["resent", "newer", 13_999, "wait until 14000 → resent"],
  ["resent", "same", 13_999, "wait until 14000 → resent"],
  ["resent", "unknown", 13_999, "wait until 14000 → resent"],
  ["resent", "gone", 13_999, "wait until 14000 → resent"],

  ["probing", "time passes", 1e9, "wait until Infinity → probing"],
  ["probing", "listed", 1e9, "wait until Infinity → probing"],
  ["probing", "speaks again", 1e9, "wait until Infinity → probing"],
  ["probing", "resubscribed", 1e9, "wait until Infinity → probing"],
  ["probing", "newer", 15_000, "mute ticker:KRW-BTC → trusting"],
  ["probing", "same", 15_000, "quiet ticker:KRW-BTC → trusting"],
  ["probing", "unknown", 15_000, "quiet ticker:KRW-BTC → trusting"],
  ["probing", "gone", 15_000, "gone ticker:KRW-BTC → trusting"],
];

const happens = (scene: Scene, event: Event, nowMs: number): void => {
  if (event === "listed") scene.watch.listed(nowMs);
  else if (event === "resubscribed") scene.watch.resubscribed(nowMs);
  else if (event === "speaks again") scene.silence = { suspects: [], nextMs: 120_000, othersSpeak: true };
  else if (event !== "time passes") scene.watch.probed(event, nowMs);
};

describe("the watch over a feed", () => {
  it("says in every phase, to everything that can happen, what its table says", () => {
    for (const [phase, event, atMs, expected] of table) {
      const scene = sceneIn(phase);
      happens(scene, event, atMs);
      assert.strictEqual(scene.step(atMs), expected, `${phase}: ${event} at ${atMs}`);
    }
    const events = new Set(table.map(([, event]) => event));
    assert.strictEqual(new Set(table.map(([phase, event]) => `${phase} ${event}`)).size, phases.length * events.size);
  });

  it("looks for silent keys when something is due, and not before", () => {
    const scene = new Scene();
    scene.next(0);
    for (let nowMs = 1; nowMs < 60_000; nowMs += 1_000) scene.next(nowMs);
    assert.strictEqual(scene.looks, 1);
    scene.next(60_000);
    assert.strictEqual(scene.looks, 2);
  });

  it("asks REST about the key whose silence says most", () => {
    const scene = sceneIn("resent");
    scene.silent(suspectOf(btc, { silenceMs: 60_000 }), suspectOf(eth, { silenceMs: 5_000 }));
    // Who fell silent only after the suspicion began is no suspect of it.
    assert.strictEqual(scene.step(14_000), "probe ticker:KRW-BTC → probing");
    const both = new Scene();
    both.silent(suspectOf(btc, { silenceMs: 60_000 }), suspectOf(eth, { silenceMs: 5_000 }));
    both.next(10_000);
    both.next(11_000);
    assert.strictEqual(both.step(14_000), "probe ticker:KRW-ETH → probing");
  });

  it("condemns nothing for a key that spoke while REST was asked about it", () => {
    const scene = sceneIn("probing");
    scene.silent();
    scene.watch.probed("newer", 15_000);
    assert.strictEqual(scene.step(15_000), "wait until 60000 → trusting");
  });

  it("begins anew with those that are still silent when the one asked about has spoken", () => {
    const scene = new Scene();
    scene.silent(suspectOf(btc), suspectOf(eth, { silenceMs: 60_000 }));
    for (const nowMs of [10_000, 11_000, 14_000]) scene.next(nowMs);
    scene.silent(suspectOf(eth, { silenceMs: 60_000 }));
    scene.watch.probed("newer", 15_000);
    assert.strictEqual(scene.step(15_000), "list → listing");
  });

  it("refuses a key that two links did not bring, when others speak and REST knows it; the second link is not given up", () => {
    const ignored = suspectOf(eth, { spoke: false, blamed: true, silenceMs: 5_000 });
    const quiet = suspectOf(btc, { silenceMs: 60_000 });
    for (const [othersSpeak, expected] of [
      [true, "refuse ticker:KRW-ETH → trusting"],
      [false, "mute ticker:KRW-ETH → trusting"],
    ] as const) {
      const scene = new Scene();
      scene.silence = { suspects: [quiet, ignored], nextMs: 60_000, othersSpeak };
      scene.next(10_000);
      // It was sent again on the link before.
      assert.strictEqual(scene.step(11_000), "probe ticker:KRW-ETH → probing");
      scene.watch.probed("newer", 15_000);
      assert.strictEqual(scene.step(15_000), expected);
    }
  });

  it("gives the first link up for a key that it never brought", () => {
    const scene = new Scene();
    scene.silent(suspectOf(eth, { spoke: false }));
    for (const nowMs of [10_000, 11_000, 14_000]) scene.next(nowMs);
    scene.watch.probed("newer", 15_000);
    assert.strictEqual(scene.step(15_000), "mute ticker:KRW-ETH → trusting");
  });

  it("goes on watching after a verdict: the next look is at once", () => {
    const scene = sceneIn("probing");
    scene.watch.probed("same", 15_000);
    scene.next(15_000);
    scene.silent();
    assert.strictEqual(scene.step(15_000), "wait until 60000 → trusting");
    scene.silent(suspectOf(btc));
    assert.strictEqual(scene.step(60_000), "list → listing");
  });

  it("takes one quiet market for itself: the next is asked about, and what REST knows of that condemns the link", () => {
    const scene = new Scene();
    const quiet = suspectOf(btc);
    const moved = suspectOf(eth, { silenceMs: 60_000, spoke: false });
    scene.silent(quiet, moved);
    for (const nowMs of [10_000, 11_000, 14_000]) scene.next(nowMs);
    scene.watch.probed("same", 15_000);
    assert.strictEqual(scene.step(15_000), "quiet ticker:KRW-BTC → probing");
    scene.silent(moved);
    assert.strictEqual(scene.step(15_000), "probe ticker:KRW-ETH → probing");
    scene.watch.probed("newer", 15_100);
    assert.strictEqual(scene.step(15_100), "mute ticker:KRW-ETH → trusting");
  });

  it("asks about four of many; the others are believed with them where they ever spoke here, and only for now where not", () => {
    const scene = new Scene();
    const many = ["A", "B", "C", "D", "E", "F"].map((name, at) => suspectOf(market(`KRW-${name}`), { silenceMs: at, spoke: name !== "F" }));
    scene.silent(...many);
    for (const nowMs of [10_000, 11_000]) scene.next(nowMs);
    const seen = [scene.step(14_000)];
    for (let nth = 0; nth < 4; nth++) {
      scene.watch.probed("same", 15_000);
      seen.push(scene.step(15_000));
      scene.silent(...many.slice(nth + 1));
      if (nth < 3) seen.push(scene.step(15_000));
    }
    assert.deepStrictEqual(seen, [
      ...["A", "B", "C"].flatMap((name) => [`probe ticker:KRW-${name} → probing`, `quiet ticker:KRW-${name} → probing`]),
      "probe ticker:KRW-D → probing",
      "quiet ticker:KRW-D,ticker:KRW-E → trusting",
    ]);
    const last = scene.next(15_000);
    assert.deepStrictEqual(last, { _tag: "Quiet", suspects: many.slice(5), isProved: false });
  });
});
