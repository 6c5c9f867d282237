import { assert, it } from "@effect/vitest";
import { keyId, type StreamKey } from "../src/domain/StreamKey.ts";
import { Presubscribed } from "../src/Presubscribed.ts";
import { marketOf } from "./samples.ts";

it("a key that was subscribed ahead is used once, by a question in time, or wasted once, when it is subscribed no longer", () => {
  const [btc, eth, xrp] = ["KRW-BTC", "KRW-ETH", "KRW-XRP"].map((code): StreamKey => ({ kind: "ticker", market: marketOf(code) })) as [
    StreamKey,
    StreamKey,
    StreamKey,
  ];
  const wanted = new Set<string>();
  const ends: Array<string> = [];
  const ahead = new Presubscribed({ isWanted: (key) => wanted.has(keyId(key)), onEnd: (outcome) => void ends.push(outcome) });
  const begin = (key: StreamKey) => {
    wanted.add(keyId(key));
    ahead.began(key);
  };
  begin(btc);
  begin(eth);
  ahead.asked(xrp);
  ahead.asked(undefined);
  assert.deepStrictEqual(ends, []);
  ahead.asked(btc);
  ahead.asked(btc);
  assert.deepStrictEqual(ends, ["used"]);
  // Its slot went to another: the question after that comes too late.
  wanted.delete(keyId(eth));
  ahead.asked(eth);
  ahead.asked(eth);
  assert.deepStrictEqual(ends, ["used", "wasted"]);
  begin(btc);
  wanted.delete(keyId(btc));
  begin(xrp);
  assert.deepStrictEqual(ends, ["used", "wasted", "wasted"]);
});
