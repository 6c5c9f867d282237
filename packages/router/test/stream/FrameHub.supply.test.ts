/** What the hub makes of values read over REST: which keys it misses, who is given what, and that no moment is told twice or backwards. */
import { assert, describe, it } from "@effect/vitest";
import { Effect } from "effect";
import { HotStore } from "../../src/cache/HotStore.ts";
import type { Orderbook } from "../../src/domain/Orderbook.ts";
import { keyId, type StreamKey } from "../../src/domain/StreamKey.ts";
import type { Ticker } from "../../src/domain/Ticker.ts";
import { LiveNumbers } from "../../src/health/LiveNumbers.ts";
import { defaultRouterConfig } from "../../src/RouterConfig.ts";
import { receiptOf } from "../../src/transport/Receipt.ts";
import type { DataMessage } from "../../src/transport/Session.ts";
import { ConsumerBuffer } from "../../src/stream/ConsumerBuffer.ts";
import { FrameHub } from "../../src/stream/FrameHub.ts";
import { refute } from "../../src/stream/refute.ts";
import type { StreamValue } from "../../src/stream/Consumer.ts";
import { book, bookKey, btc, eth, ticker, tickerKey, trade, tradeRow, tradesKey } from "./exchange.ts";

const down = { _tag: "Reconnecting", attempt: 1, reason: "closed 1006", atMs: 0 } as const;
const receipt = receiptOf(1n, 1);
const message = (given: ReturnType<typeof ticker>): DataMessage => given as DataMessage;

/** A hub with no link, whose consumers are read by hand. */
const makeHub = () => {
  let woken = 0;
  const hot = new HotStore(100);
  const hub = new FrameHub({
    ...defaultRouterConfig,
    hot,
    numbers: new LiveNumbers(0),
    holdLimit: 10,
    requestRepair: () => {},
    onJoined: () => {},
    onConfirmed: () => {},
    onHeld: () => {},
    onBroken: () => {},
    onDoubt: () => {},
    onDistrust: () => {},
    onUnserved: () => void woken++,
  });
  const attach = (...keys: ReadonlyArray<StreamKey>) => {
    const buffer = new ConsumerBuffer<StreamValue>({ kind: keys[0]?.kind ?? "ticker", capacity: 100 });
    const consumer = hub.attach(keys, buffer, undefined);
    /** What came since the last look, as `channel time levels`. */
    const look = () => {
      if (buffer.size === 0) return [];
      return Effect.runSync(buffer.pull).map((element) => {
        if (element._tag !== "Live") return element._tag;
        const { value, channel, snapshot } = element;
        const levels = "asks" in value ? ` ${value.asks.length}` : "";
        return `${channel} ${"timestampMs" in value ? value.timestampMs : ""}${levels}${channel === "rest" && !snapshot ? " change" : ""}`;
      });
    };
    return { consumer, look };
  };
  const say = (given: ReturnType<typeof ticker>) => {
    hub.accept(0, message(given), receipt);
    hub.flush();
  };
  const supply = (given: ReturnType<typeof ticker>, depth = 0) => {
    const { value } = message(given) as { readonly value: Ticker | Orderbook };
    const key = "asks" in value ? bookKey(value.market, depth) : tickerKey(value.market);
    hub.states.supply(key, value, receipt, depth);
  };
  return { hub, hot, attach, say, supply, woken: () => woken };
};

describe("keys that the socket does not bring", () => {
  it("are the tickers and books of consumers that are not live, each at its greatest depth, since they were found to be", () => {
    const { hub, attach, say, woken } = makeHub();
    const few = attach(bookKey(btc, 5));
    attach(bookKey(btc, 15));
    attach(tickerKey(eth));
    attach({ kind: "trades", market: btc });
    assert.strictEqual(woken(), 4);
    assert.deepStrictEqual(hub.states.unserved(7n), [
      { key: bookKey(btc, 15), sinceNanos: 7n },
      { key: tickerKey(eth), sinceNanos: 7n },
    ]);
    hub.sent(0, [bookKey(btc, 15), tickerKey(eth)], 0);
    say(ticker(eth, 1, 1));
    assert.deepStrictEqual(hub.states.unserved(9n), [{ key: bookKey(btc, 15), sinceNanos: 7n }]);
    say(book(btc, 15, 1, true));
    assert.deepStrictEqual(hub.states.unserved(10n), []);
    hub.interrupt(0, down, 0);
    assert.deepStrictEqual(hub.states.unserved(11n).length, 2);
    hub.interrupt(0, down, 0);
    assert.deepStrictEqual(
      hub.states.unserved(20n).map(({ sinceNanos }) => sinceNanos),
      [11n, 11n],
    );
    hub.detach(few.consumer);
    assert.deepStrictEqual(hub.states.unserved(21n).length, 2);
  });

  it("are none that only reads want", () => {
    const { hub } = makeHub();
    hub.sent(0, [tickerKey(btc)], 0);
    assert.deepStrictEqual(hub.states.unserved(1n), []);
  });

  it("begin anew after a frame that could not be read", () => {
    const { hub, attach, say, woken } = makeHub();
    attach(tickerKey(btc));
    hub.states.unserved(1n);
    hub.sent(0, [tickerKey(btc)], 0);
    say(ticker(btc, 1, 1));
    const before = woken();
    hub.lost(0, { kind: "ticker", market: btc }, 0);
    assert.isAbove(woken(), before);
    assert.deepStrictEqual(hub.states.unserved(5n), [{ key: tickerKey(btc), sinceNanos: 5n }]);
  });
});

describe("a value read over REST", () => {
  it("goes to those the socket does not serve, if it is newer, and the socket goes on after it", () => {
    const { hub, attach, say, supply } = makeHub();
    const { look } = attach(tickerKey(btc));
    supply(ticker(btc, 1, 5));
    assert.deepStrictEqual(look(), ["rest 5"]);
    supply(ticker(btc, 1, 5));
    supply(ticker(btc, 1, 4));
    assert.deepStrictEqual(look(), []);
    hub.sent(0, [tickerKey(btc)], 0);
    // The same moment as REST told, and an older frame, say nothing new.
    say(ticker(btc, 1, 4));
    say(ticker(btc, 1, 5, true));
    assert.deepStrictEqual(look(), []);
    say(ticker(btc, 2, 6));
    supply(ticker(btc, 3, 7));
    assert.deepStrictEqual(look(), ["websocket 6"]);
    hub.interrupt(0, down, 0);
    supply(ticker(btc, 3, 7));
    supply(ticker(btc, 4, 8));
    assert.deepStrictEqual(look(), ["Reconnecting", "rest 7", "rest 8"]);
  });

  it("does not repeat what the socket said before it fell silent; the socket's own snapshot does, as the sign that it is back", () => {
    const { hub, attach, say, supply } = makeHub();
    const { look } = attach(tickerKey(btc));
    hub.sent(0, [tickerKey(btc)], 0);
    say(ticker(btc, 1, 5));
    hub.interrupt(0, down, 0);
    supply(ticker(btc, 1, 5));
    hub.sent(0, [tickerKey(btc)], 0);
    say(ticker(btc, 1, 5, true));
    assert.deepStrictEqual(look(), ["websocket 5", "Reconnecting", "websocket 5"]);
  });

  it("is the first value of a consumer that has none, while the others have had it", () => {
    const { attach, supply, say, hub } = makeHub();
    const early = attach(tickerKey(btc));
    supply(ticker(btc, 1, 5));
    const late = attach(tickerKey(btc));
    supply(ticker(btc, 1, 5));
    assert.deepStrictEqual([early.look(), late.look()], [["rest 5"], ["rest 5"]]);
    hub.sent(0, [tickerKey(btc)], 0);
    const last = attach(tickerKey(btc));
    say(ticker(btc, 1, 5, true));
    assert.deepStrictEqual([early.look(), late.look(), last.look()], [[], [], ["websocket 5"]]);
  });

  it("of a book is cut to what each consumer wants, and is no book for those who want a deeper one", () => {
    const { hub, attach, supply, say } = makeHub();
    const few = attach(bookKey(btc, 3));
    const many = attach(bookKey(btc, 15));
    supply(book(btc, 5, 1), 5);
    assert.deepStrictEqual([few.look(), many.look()], [["rest 1 3"], []]);
    supply(book(btc, 15, 2), 15);
    assert.deepStrictEqual([few.look(), many.look()], [["rest 2 3"], ["rest 2 15"]]);
    hub.sent(0, [bookKey(btc, 5)], 0);
    say(book(btc, 5, 3, true));
    for (const { look } of [few, many]) look();
    hub.sent(0, [bookKey(btc, 15)], 0);
    // The shallow one is served by the socket, the deep one is not yet.
    supply(book(btc, 15, 4), 15);
    assert.deepStrictEqual([few.look(), many.look()], [[], ["rest 4 15"]]);
    say(book(btc, 15, 4, true));
    assert.deepStrictEqual([few.look(), many.look()], [["websocket 4 3"], []]);
  });

  it("is kept for reads, also when no stream wants it any more", () => {
    const { hot, hub, attach, supply } = makeHub();
    const { consumer } = attach(tickerKey(btc));
    hub.detach(consumer);
    supply(ticker(btc, 1, 5));
    assert.deepInclude(hot.get(keyId(tickerKey(btc))), { exchangeTimeMs: 5, channel: "rest", confirmedNanos: 1n });
  });
});

describe("a live key that somebody's reading over REST speaks against", () => {
  const told = (value: unknown, isAgainst = true) => ({ value, receivedNanos: 9n, receivedMs: 9, refutes: () => isAgainst });

  it("is not live until it speaks again, and REST's word is kept and told", () => {
    const { hub, hot, attach, say } = makeHub();
    const side = { hub, doubt: () => assert.fail("a ticker has no audit of its own") };
    const newer = message(ticker(btc, 2, 8)).value;
    assert.isFalse(refute(side, tickerKey(btc), told(newer)), "nobody wants it");
    const { look } = attach(tickerKey(btc));
    hub.sent(0, [tickerKey(btc)], 0);
    assert.isFalse(refute(side, tickerKey(btc), told(newer)), "it has said nothing yet");
    say(ticker(btc, 1, 5));
    assert.isFalse(refute(side, tickerKey(btc), told(newer, false)), "it has said so meanwhile");
    assert.isTrue(hub.tracks.isLive(tickerKey(btc)));
    assert.isTrue(refute(side, tickerKey(btc), told(newer)));
    assert.isFalse(hub.tracks.isLive(tickerKey(btc)));
    assert.deepInclude(hot.get(keyId(tickerKey(btc))), { exchangeTimeMs: 8, channel: "rest" });
    assert.deepStrictEqual(look(), ["websocket 5", "rest 8"]);
    say(ticker(btc, 3, 9));
    assert.isTrue(hub.tracks.isLive(tickerKey(btc)));
  });

  it("is looked at by the audit where it brings trades that somebody follows, and is not live where only reads want them", () => {
    const { hub, attach, say } = makeHub();
    const doubts: Array<string> = [];
    const side = { hub, doubt: (id: string) => void doubts.push(id) };
    hub.sent(0, [tradesKey(btc)], 0);
    say(trade(btc, 1));
    const { consumer } = attach(tradesKey(btc));
    assert.isTrue(refute(side, tradesKey(btc), told([tradeRow(btc, 2)])));
    assert.deepStrictEqual([doubts, hub.tracks.isLive(tradesKey(btc))], [[keyId(tradesKey(btc))], true]);
    hub.detach(consumer);
    assert.isTrue(refute(side, tradesKey(btc), told([tradeRow(btc, 2)])));
    assert.deepStrictEqual([doubts.length, hub.tracks.isLive(tradesKey(btc))], [1, false]);
  });
});
