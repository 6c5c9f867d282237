import { assert, describe, it } from "@effect/vitest";
import { Exchange, layerLoopbackServer, LoopbackServer, Sim } from "@naru/sim";
import { layerFor } from "@naru/upbit/Upbit";
import { Effect, Layer } from "effect";
import { createServer } from "node:net";
import { liveCheck, type Verdict, verdictLine } from "../src/liveCheck.ts";

const loopback = layerLoopbackServer().pipe(Layer.provideMerge(Exchange.layer({ seed: 13 })));

/** Everything the check says of the exchange at `url`, as told, line by line. */
const check = (url: string) => {
  const lines: Array<string> = [];
  const tell = (verdict: Verdict) => Effect.sync(() => void lines.push(verdictLine(verdict, true)));
  return liveCheck("KRW-BTC", tell).pipe(
    Effect.map((verdicts) => ({ verdicts, lines })),
    Effect.provide(layerFor({ venue: url, profile: { simulated: true } })),
  );
};

const named = (verdicts: ReadonlyArray<Verdict>, tag: Verdict["_tag"]) =>
  verdicts.filter(({ _tag }) => _tag === tag).map(({ channel, name }) => `${channel} ${name}`);

const everything = [
  "rest markets",
  "rest ticker",
  "rest orderbook",
  "rest trades",
  "rest candles 1m",
  "rest candles 5m",
  "rest candles 15m",
  "rest candles 1d",
  "websocket ticker",
  "websocket trades",
  "websocket orderbook",
  "websocket candles 1m",
];

/** An address on this machine where nobody listens: the port was free a moment ago. */
const nobodyAt = Effect.callback<string>((resume) => {
  const server = createServer();
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    server.close(() => resume(Effect.succeed(`http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`)));
  });
});

describe("the live check", () => {
  it.live("every kind is answered over every channel that carries it, with one request each and one socket (R001-13)", () =>
    Effect.gen(function* () {
      const { ledger } = yield* Exchange;
      const { url } = yield* LoopbackServer;
      const { verdicts, lines } = yield* check(url);
      assert.deepStrictEqual(named(verdicts, "Answered"), everything, lines.join("\n"));
      for (const line of lines) assert.match(line, /^ok +(?:rest|websocket) .+ SIM .+ (?:age \d+ ms|no age)$/);
      for (const path of [
        "ticker",
        "orderbook",
        "trades/ticks",
        "candles/minutes/1",
        "candles/minutes/5",
        "candles/minutes/15",
        "candles/days",
      ])
        assert.strictEqual(ledger.restCount(`/v1/${path}`), 1, path);
      assert.strictEqual(ledger.rejected, 0);
      assert.strictEqual(ledger.connections().length, 1);
    }).pipe(Effect.provide(loopback)),
  );

  it.live("a refusal and an answer that cannot be right fail their own lines and no other", () =>
    Effect.gen(function* () {
      const { url } = yield* LoopbackServer;
      yield* Sim.failRest("/v1/orderbook", { status: 400, body: '{"error":{"name":"invalid_parameter","message":"no"}}' }, 10);
      yield* Sim.failRest("/v1/trades/ticks", { status: 200, body: "[]" }, 10);
      const { verdicts, lines } = yield* check(url);
      assert.deepStrictEqual(named(verdicts, "Failed"), ["rest orderbook", "rest trades"]);
      assert.match(lines[2] ?? "", /^FAILED +rest +orderbook +InvalidRequest: /);
      assert.match(lines[3] ?? "", /^FAILED +rest +trades +Implausible: no trade/);
      assert.strictEqual(named(verdicts, "Answered").length, everything.length - 2);
    }).pipe(Effect.provide(loopback)),
  );

  it.live("without a network it says so once per channel and asks nothing more", () =>
    Effect.gen(function* () {
      const { verdicts, lines } = yield* check(yield* nobodyAt);
      assert.deepStrictEqual(named(verdicts, "Failed"), ["rest markets", "websocket ticker"]);
      assert.strictEqual(named(verdicts, "NotAsked").length, everything.length - 2);
      for (const line of lines.filter((one) => one.startsWith("FAILED"))) assert.match(line, /NetworkError: .*ECONNREFUSED/);
    }),
  );
});
