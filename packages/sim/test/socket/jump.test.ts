import { assert, describe, it } from "@effect/vitest";
import { makeExchange, now } from "../profile/asking.ts";

const dayMs = 86_400_000;

describe("a jump of the clock over a day", () => {
  const subscribed = () => {
    const exchange = makeExchange("upbit");
    const outcome = exchange.upgrade({ method: "GET", target: "/websocket/v1", headers: {}, ip: "10.0.0.1" }, now);
    if (outcome._tag !== "Accepted") throw new Error(outcome._tag);
    const { session } = outcome.driven;
    session.receive('[{"ticket":"t"},{"type":"orderbook","codes":["KRW-BTC.1"],"is_only_realtime":true}]', now);
    return { exchange, session };
  };

  it("brings its frames in bounded portions, all of them and in order", () => {
    const { session } = subscribed();
    const stamps: Array<number> = [];
    let portions = 0;
    do {
      const outputs = session.poll(now + dayMs / 24);
      assert.isAtMost(outputs.length, 10_000);
      for (const output of outputs) if (output._tag === "Frame") stamps.push(Number(/"timestamp":(\d+)/.exec(output.text)?.[1]));
      portions++;
    } while (session.nextWakeMs() <= now + dayMs / 24);
    assert.isAbove(portions, 3);
    assert.isAbove(stamps.length, 35_000);
    for (let i = 1; i < stamps.length; i++) assert.isAbove(stamps[i] ?? 0, stamps[i - 1] ?? 0);
  });

  it("cuts a client off that speaks before what happened until then can have left", () => {
    const { exchange, session } = subscribed();
    session.receive("PING", now + dayMs);
    const outputs = session.poll(now + dayMs);
    assert.isAtMost(outputs.length, 100_001);
    assert.strictEqual(outputs.at(-1)?._tag, "Drop");
    assert.isTrue(session.isEnded);
    assert.strictEqual(exchange.openSockets, 0);
  });
});
