/** `naru link` against the emulated exchange, healthy and broken in every way it looks for. */
import { assert, describe, it } from "@effect/vitest";
import type { StreamKey } from "@naru/router/domain/StreamKey";
import type { Market } from "@naru/router/domain/Market";
import { Sim } from "@naru/sim";
import { Effect, Fiber } from "effect";
import { TestClock } from "effect/testing";
import { examine } from "../../src/diagnosis/examine.ts";
import { compareLists, exitCodeOf, type Findings, problemsOf } from "../../src/diagnosis/Findings.ts";
import { findingsLines, findingsToJson } from "../../src/render/findings.ts";
import { plain } from "../../src/render/style.ts";
import { invoke } from "../invoke.ts";

const btc = "KRW-BTC" as Market;
const keys: ReadonlyArray<StreamKey> = [
  { kind: "ticker", market: btc },
  { kind: "trades", market: btc },
  { kind: "orderbook", market: btc, levels: 15 },
];

/** What five seconds of listening find, in virtual time; `before` breaks the exchange, `during` does so after two seconds. */
const found = (
  before: Effect.Effect<unknown, unknown, Sim.Exchange> = Effect.void,
  during: Effect.Effect<unknown, unknown, Sim.Exchange> = Effect.void,
) =>
  Effect.gen(function* () {
    yield* before;
    const examining = yield* Effect.forkChild(examine(keys, 5_000), { startImmediately: true });
    yield* TestClock.adjust("2 seconds");
    yield* during;
    yield* TestClock.adjust("20 seconds");
    return yield* Fiber.join(examining);
  }).pipe(Effect.provide(Sim.layerTest({ seed: 7 })));

describe("the examination of a link", () => {
  it.effect("connects, pings, compares the exchange's list with what was asked for, and measures each key (R003-48)", () =>
    Effect.gen(function* () {
      const findings = yield* found();
      assert.deepStrictEqual(problemsOf(findings), []);
      assert.isAbove(findings.connectedAfterMs ?? 0, 0);
      assert.isNotNull(findings.pongAfterMs);
      assert.deepStrictEqual(findings.list, { _tag: "Compared", missing: [], unexpected: [] });
      assert.deepStrictEqual(
        findings.keys.map(({ key, messages, perSecond }) => [key, messages > 0, perSecond > 0]),
        ["ticker:KRW-BTC", "trades:KRW-BTC", "orderbook:KRW-BTC"].map((key) => [key, true, true]),
      );
      assert.strictEqual(findings.listenedMs, 5_000);
    }),
  );

  it.effect("tells a link that cannot be opened, and ends with the exit code of the reason", () =>
    Effect.gen(function* () {
      const findings = yield* found(Sim.refuseUpgrades("1 minute"));
      assert.strictEqual(findings.connectedAfterMs, null);
      assert.match(problemsOf(findings).join(), /^the socket did not open: \S/);
      assert.strictEqual(exitCodeOf(findings), 69);
      const banned = yield* found(Sim.fault({ verb: "ban" }));
      assert.strictEqual(banned.lastError?._tag, "RateLimited");
      assert.strictEqual(exitCodeOf(banned), 75);
    }),
  );

  it.effect("tells pings that stay unanswered, keys that bring nothing, and frames that cannot be read", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(problemsOf(yield* found(Sim.fault({ verb: "no-pong" }))), ["the ping was not answered"]);
      const deaf = problemsOf(yield* found(Sim.fault({ verb: "deaf" })));
      assert.deepStrictEqual(deaf, [
        "the exchange did not tell its list",
        "nothing came of ticker:KRW-BTC, trades:KRW-BTC, orderbook:KRW-BTC in 5.0 s",
      ]);
      const garbage = yield* found(Sim.fault({ verb: "garbage-frames", type: "trade" }));
      assert.match(
        problemsOf(garbage).join("; "),
        /nothing came of trades:KRW-BTC in 5\.0 s; \d+ frames could not be read, the last because: \S/,
      );
    }),
  );

  it.effect("tells a link that ends while it is listened to, and the exchange's words for a refusal", () =>
    Effect.gen(function* () {
      const cut = yield* found(Effect.void, Sim.cutSockets);
      assert.deepStrictEqual(problemsOf(cut), ["the link ended: closed 1006"]);
      assert.isBelow(cut.listenedMs, 5_000);
      const refused = yield* found(Sim.fault({ verb: "error-frame" }));
      assert.strictEqual(refused.lastError?._tag, "InvalidRequest");
      assert.isTrue(problemsOf(refused).some((problem) => problem.startsWith("the link ended: ")));
    }),
  );

  it("compares lists by kind and market, whatever their order", () => {
    const ticker = (market: string): StreamKey => ({ kind: "ticker", market: market as Market });
    const trades: StreamKey = { kind: "trades", market: "KRW-BTC" as Market };
    const asked = [ticker("KRW-BTC"), ticker("KRW-ETH"), trades];
    const told = [trades, ticker("KRW-XRP"), ticker("KRW-BTC")];
    assert.deepStrictEqual(compareLists(asked, told), { _tag: "Compared", missing: ["ticker KRW-ETH"], unexpected: ["ticker KRW-XRP"] });
    const findings: Findings = { ...broken, list: compareLists(asked, told) };
    assert.deepStrictEqual(problemsOf(findings), [
      "the exchange's list lacks ticker KRW-ETH",
      "the exchange's list has ticker KRW-XRP beside what was asked for",
    ]);
  });
});

const broken: Findings = {
  url: "wss://stub.test",
  connectedAfterMs: 20,
  pongAfterMs: 4,
  list: { _tag: "Compared", missing: ["ticker KRW-BTC"], unexpected: [] },
  keys: [{ key: "ticker:KRW-BTC", messages: 3, perSecond: 0.6, silentMs: 1_500, lagP50Ms: 12, lagP95Ms: 30 }],
  listenedMs: 5_000,
  undecodable: 0,
  ended: null,
  lastError: null,
};

describe("what an examination found", () => {
  it("is a line for each step, a table of the keys and a verdict", () => {
    assert.deepStrictEqual(findingsLines(broken, { venue: "sim", simulated: true }, plain), [
      "SIM  sim  wss://stub.test",
      "connect   open after 20 ms",
      "ping      answered after 4 ms",
      "list      1 key missing, 0 keys unexpected",
      "messages  3 messages in 5.0 s",
      "error     none",
      "     KEY             MESSAGES  A SECOND  SILENT FOR  LAG P50  LAG P95",
      "SIM  ticker:KRW-BTC         3       0.6       1.5 s    12 ms    30 ms",
      "WRONG  the exchange's list lacks ticker KRW-BTC",
    ]);
  });

  it("is a document with every problem in it", () => {
    const { keys: _, ...document } = findingsToJson(broken, { venue: "sim", simulated: true }) as { readonly keys: unknown };
    assert.deepStrictEqual(JSON.parse(JSON.stringify(document)), {
      kind: "link",
      venue: "sim",
      simulated: true,
      healthy: false,
      problems: ["the exchange's list lacks ticker KRW-BTC"],
      url: "wss://stub.test",
      connectedAfterMs: 20,
      pongAfterMs: 4,
      listenedMs: 5_000,
      undecodable: 0,
      ended: null,
      list: { asked: true, answered: true, missing: ["ticker KRW-BTC"], unexpected: [] },
      lastError: null,
    });
  });
});

describe("naru link", () => {
  it.live("ends with 0 when all is well, and with the reason's code when it is not", () =>
    Effect.gen(function* () {
      const well = yield* invoke("--venue", "sim", "link", "KRW-BTC", "--kinds", "ticker", "--for", "500ms", "--json");
      assert.strictEqual(well.exitCode, 0, well.out.join());
      assert.deepInclude(well.documents()[0], { kind: "link", simulated: true, healthy: true, problems: [] });
      const nobody = yield* invoke("--venue", "http://127.0.0.1:9", "link", "KRW-BTC", "--for", "1s");
      assert.strictEqual(nobody.exitCode, 69);
      assert.match(nobody.out.join("\n"), /connect {3}failed\nWRONG {2}the socket did not open: .*ECONNREFUSED/);
      assert.strictEqual((yield* invoke("--venue", "sim", "link", "KRW-BTD")).exitCode, 66);
    }),
  );
});
