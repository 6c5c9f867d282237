import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import { keyId, type StreamKey } from "../../src/domain/StreamKey.ts";
import type { Suspect } from "../../src/transport/FeedWatch.ts";
import { bookKey, btc, eth, market, tickerKey, tradesKey } from "../stream/exchange.ts";
import { mostInAny, SessionScene } from "./sessionScene.ts";

const one = tickerKey(btc);
const two = tickerKey(eth);

const suspect = (key: StreamKey): Suspect => ({
  id: keyId(key),
  key,
  sinceMs: 0,
  silenceMs: 5_000,
  last: undefined,
  spoke: true,
  blamed: false,
});

/** A link that is subscribed to the ticker of KRW-BTC since the start and was verified. Its news so far are taken. */
const subscribed = (changes: Partial<ConstructorParameters<typeof SessionScene>[1]> = {}): SessionScene => {
  const scene = new SessionScene([one], changes);
  scene.onList = () => scene.machine.listed(scene.sent, scene.nowMs);
  scene.run(5_000);
  assert.deepStrictEqual(scene.take(), ["0: subscribe ticker:KRW-BTC (changed)", "2000: list"]);
  scene.onList = undefined;
  return scene;
};

describe("a link that is not subscribed", () => {
  it("sends nothing while nothing is wanted, is pinged, and watches nothing", () => {
    const scene = new SessionScene();
    scene.silence = { suspects: [suspect(one)], nextMs: 0, othersSpeak: false };
    scene.run(25_000);
    assert.deepStrictEqual(scene.take(), ["10000: ping", "20000: ping"]);
    assert.strictEqual(scene.machine.phase, "bare");
  });

  it("sends the first set at once, also when it is wanted only later", () => {
    const scene = new SessionScene();
    scene.run(3_000);
    scene.wanted = [one];
    scene.run(3_000);
    assert.deepStrictEqual(scene.take(), ["3000: subscribe ticker:KRW-BTC (changed)"]);
    assert.strictEqual(scene.machine.phase, "subscribed");
  });

  it("ends unwanted when nobody wants it any more, even before a ping that is due", () => {
    const scene = new SessionScene();
    scene.run(9_000);
    scene.unwanted = true;
    scene.nowMs = 10_000;
    scene.run(10_000);
    assert.deepStrictEqual(scene.take(), ["10000: unwanted"]);
  });

  it("is given up when it is dead, even when it is unwanted as well", () => {
    const scene = new SessionScene();
    scene.answersPings = false;
    scene.run(14_999);
    scene.unwanted = true;
    scene.nowMs = 15_000;
    scene.run(15_020);
    assert.deepStrictEqual(scene.take(), ["10000: ping", "15020: silent for 15020"]);
  });

  it("does not send again because of unreadable frames before it has sent anything", () => {
    const scene = new SessionScene();
    assert.isTrue(scene.machine.unread(0));
    scene.run(9_000);
    assert.deepStrictEqual(scene.take(), []);
  });
});

describe("a link that is subscribed", () => {
  it("gathers changes for 50 ms and sends the whole set once", () => {
    const scene = subscribed();
    scene.wanted = [one, two];
    scene.run(5_030);
    scene.wanted = [two, tradesKey(btc)];
    scene.run(5_060);
    assert.deepStrictEqual(scene.take(), ["5050: subscribe ticker:KRW-ETH,trades:KRW-BTC (changed)"]);
  });

  it("sends nothing for a change that is taken back in time, nor for another order of the same", () => {
    const scene = subscribed();
    scene.wanted = [one, two];
    scene.run(5_049);
    scene.wanted = [one];
    scene.run(9_000);
    assert.deepStrictEqual(scene.take(), []);
    const both = new SessionScene([one, two], { verifyAfterMs: 1e9 });
    both.run(100);
    both.wanted = [two, one];
    both.run(9_000);
    assert.strictEqual(both.take().length, 1);
  });

  it("a deeper book of the same market is a change", () => {
    const scene = new SessionScene([bookKey(btc, 5)], { verifyAfterMs: 1e9 });
    scene.run(0);
    scene.wanted = [bookKey(btc, 30)];
    scene.run(1_000);
    assert.strictEqual(scene.take().length, 2);
  });

  it("keeps what it is subscribed to when nothing is wanted any more", () => {
    const scene = subscribed();
    scene.wanted = [];
    scene.run(9_000);
    assert.deepStrictEqual(scene.take(), []);
    scene.unwanted = true;
    scene.run(9_001);
    assert.deepStrictEqual(scene.take(), ["9000: unwanted"]);
  });

  it("looks again when what is wanted may have changed by itself", () => {
    const scene = subscribed();
    scene.nextChangeMs = 7_000;
    scene.run(6_999);
    scene.wanted = [two];
    scene.nextChangeMs = Number.POSITIVE_INFINITY;
    // Nobody told: the machine was to be asked again at 7 s.
    scene.nowMs = 7_000;
    scene.run(8_000);
    assert.deepStrictEqual(scene.take(), ["7050: subscribe ticker:KRW-ETH (changed)"]);
  });

  it("pings a silent peer, and gives it up when that is not answered", () => {
    const scene = new SessionScene([one], { verifyAfterMs: 1e9 });
    scene.answersPings = false;
    scene.run(20_000);
    assert.deepStrictEqual(scene.take().slice(1), ["10000: ping", "15020: silent for 15020"]);
  });

  it("asks and gives up sooner where the link was fast, until its set shrinks", () => {
    const fast = () => {
      const scene = new SessionScene([one, two], { verifyAfterMs: 1e9 });
      scene.answersPings = false;
      for (let nowMs = 0; nowMs <= 3_000; nowMs += 100) {
        scene.run(nowMs);
        scene.machine.spoke(nowMs);
        scene.machine.heard(nowMs);
      }
      assert.isTrue(scene.machine.busy);
      scene.take();
      return scene;
    };
    const scene = fast();
    scene.run(10_000);
    assert.deepStrictEqual(scene.take(), ["4000: ping", "6020: silent for 3020"]);
    const grown = fast();
    grown.wanted = [one, two, tradesKey(btc)];
    grown.run(3_050);
    assert.isTrue(grown.machine.busy);
    const shrunk = fast();
    shrunk.wanted = [one];
    shrunk.run(3_050);
    assert.isFalse(shrunk.machine.busy);
    shrunk.run(20_000);
    assert.deepStrictEqual(shrunk.take().slice(1), ["13000: ping", "18020: silent for 15020"]);
  });
});

describe("the message budget", () => {
  it("when it is used up, what is wanted waits until one more fits, and goes out as it is then", () => {
    const scene = new SessionScene([], { verifyAfterMs: 1e9 });
    scene.run(0);
    for (let at = 0; at < 5; at++) {
      scene.wanted = [tickerKey(market(`KRW-A${at}`))];
      scene.run(scene.nowMs + 50);
    }
    assert.strictEqual(scene.messagesAt.length, 5);
    scene.wanted = [one];
    scene.run(1_000);
    scene.wanted = [two];
    scene.run(1_049);
    assert.strictEqual(scene.messagesAt.length, 5);
    scene.run(1_050);
    assert.deepStrictEqual(scene.take().at(-1), "1050: subscribe ticker:KRW-ETH (changed)");
  });

  it("a thousand changes in one second are six messages at most, and all of them hold within two seconds", () => {
    const scene = new SessionScene();
    scene.onList = () => scene.machine.listed(scene.sent, scene.nowMs);
    for (let at = 0; at < 1_000; at++) {
      scene.wanted = [...scene.wanted, tickerKey(market(`KRW-A${at}`))];
      scene.run(at);
    }
    assert.isAtMost(scene.messagesAt.length, 6);
    scene.run(2_000);
    assert.isTrue(scene.isSettled);
  });

  const Command = Schema.Struct({
    act: Schema.Literals(["want", "unwant", "nothing", "list right", "list wrong", "unread", "silent", "speak", "answer", "wait"]),
    key: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 7 })),
    ms: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 700 })),
  });
  const keys = [one, two, tradesKey(btc), tradesKey(eth), bookKey(btc, 1), bookKey(btc, 30), bookKey(eth, 5), tickerKey(market("KRW-X"))];

  it.prop(
    "no order of events breaks a limit in any window or makes the machine run in circles, and what was sent last is what is wanted in the end",
    { commands: Schema.Array(Command).check(Schema.isMinLength(50), Schema.isMaxLength(300)) },
    ({ commands }) => {
      const scene = new SessionScene();
      const wanted = new Map<string, StreamKey>();
      for (const { act, key: at, ms } of commands) {
        const key = keys[at]!;
        if (act === "want") wanted.set(keyId(key), key);
        if (act === "unwant") wanted.delete(keyId(key));
        if (act === "nothing") wanted.clear();
        if (act === "list right") scene.machine.listed(scene.sent, scene.nowMs);
        if (act === "list wrong") scene.machine.listed(scene.sent.slice(1), scene.nowMs);
        if (act === "unread") scene.machine.unread(scene.nowMs);
        if (act === "silent") {
          scene.silence = { ...scene.silence, suspects: scene.sent.slice(0, 2).map(suspect) };
          // A change of the subscription makes the watch look again.
          wanted.set(keyId(tradesKey(market("KRW-LOOK"))), tradesKey(market("KRW-LOOK")));
        }
        if (act === "speak") {
          scene.silence = { ...scene.silence, suspects: [] };
          scene.machine.spoke(scene.nowMs);
          scene.machine.heard(scene.nowMs);
        }
        if (act === "answer") scene.machine.probed(at % 2 === 0 ? "same" : "unknown", scene.nowMs);
        scene.wanted = [...wanted.values()];
        scene.run(scene.nowMs + (act === "wait" ? ms : 1 + (ms % 20)));
      }
      scene.silence = { ...scene.silence, suspects: [] };
      scene.run(scene.nowMs + 61_000);
      assert.isFalse(scene.ended);
      assert.isTrue(scene.wanted.length === 0 || scene.isSettled);
      assert.isAtMost(mostInAny(scene.messagesAt, 1_000), 5);
      assert.isAtMost(mostInAny(scene.messagesAt, 60_000), 100);
      // Nothing is left to say but what a list that nobody answers asks for.
      scene.take();
      scene.run(scene.nowMs + 9_000);
      assert.deepStrictEqual(
        scene.take().filter((line) => !line.endsWith("ping")),
        [],
      );
    },
    { arbitrary: { runs: 100 } },
  );
});

describe("the list of what is subscribed", () => {
  it("verifies a change two seconds after it, once, and confirms the keys that it names", () => {
    const scene = new SessionScene([one, two]);
    scene.run(2_500);
    assert.deepStrictEqual(scene.take(), ["0: subscribe ticker:KRW-BTC,ticker:KRW-ETH (changed)", "2000: list"]);
    assert.deepStrictEqual(scene.machine.listed([two, one], 2_500), { confirmed: [one, two], isSame: true });
    scene.run(9_000);
    assert.deepStrictEqual(scene.take(), []);
  });

  it("is let go when it is not answered in a second; an answer that comes later confirms nothing", () => {
    const scene = new SessionScene([one]);
    scene.run(3_500);
    assert.isUndefined(scene.machine.listed([one], 3_500));
    scene.run(9_000);
    assert.deepStrictEqual(scene.take().slice(1), ["2000: list"]);
  });

  it("that misses a key has the set sent again, once; what it names is confirmed all the same", () => {
    const scene = new SessionScene([one, two]);
    for (const at of [2_000, 4_000]) {
      scene.run(at);
      assert.deepStrictEqual(scene.machine.listed([two], at), { confirmed: [two], isSame: false });
      scene.run(at);
    }
    scene.run(9_000);
    assert.deepStrictEqual(
      scene.take().map((line) => line.replace("ticker:KRW-BTC,ticker:KRW-ETH ", "")),
      ["0: subscribe (changed)", "2000: list", "2000: subscribe (mismatch)", "4000: list"],
    );
  });

  it("that misses only what the link before was given up for has nothing sent again", () => {
    for (const [missing, sentAgain] of [
      [[one], false],
      [[one, two], true],
    ] as const) {
      const scene = new SessionScene([one, two]);
      scene.blamed.add(one);
      scene.run(2_000);
      scene.machine.listed(
        [one, two].filter((key) => !(missing as ReadonlyArray<StreamKey>).includes(key)),
        2_000,
      );
      scene.run(9_000);
      assert.strictEqual(
        scene.take().some((line) => line.endsWith("(mismatch)")),
        sentAgain,
      );
    }
  });

  it("that contradicted a set which was sent again for it leaves no second repetition to a silence", () => {
    const scene = new SessionScene([one, two]);
    scene.onList = () => scene.machine.listed([two], scene.nowMs);
    scene.run(4_500);
    scene.take();
    scene.silence = { suspects: [suspect(one)], nextMs: Number.POSITIVE_INFINITY, othersSpeak: true };
    scene.machine.unread(4_500);
    scene.run(9_000);
    assert.deepStrictEqual(scene.take(), [
      "5000: subscribe ticker:KRW-BTC,ticker:KRW-ETH (unread)",
      "5000: list",
      "8000: probe ticker:KRW-BTC",
    ]);
  });

  it("that names more than was asked for is a mismatch too, and one of a shallower book does not confirm the deeper", () => {
    const more = new SessionScene([one]);
    more.run(2_000);
    assert.deepStrictEqual(more.machine.listed([one, two], 2_000), { confirmed: [one], isSame: false });
    more.run(2_000);
    assert.strictEqual(more.take().at(-1), "2000: subscribe ticker:KRW-BTC (mismatch)");
    const book = new SessionScene([bookKey(btc, 30)]);
    book.run(2_000);
    assert.deepStrictEqual(book.machine.listed([bookKey(btc, 5)], 2_000), { confirmed: [], isSame: false });
  });

  it("says nothing of a subscription that has changed since it was asked for", () => {
    const scene = new SessionScene([one]);
    scene.run(2_000);
    scene.wanted = [two];
    scene.run(2_050);
    assert.isUndefined(scene.machine.listed([one], 2_060));
    scene.run(4_000);
    assert.deepStrictEqual(scene.take().slice(2), ["2050: subscribe ticker:KRW-ETH (changed)"]);
    scene.run(4_050);
    assert.deepStrictEqual(scene.take(), ["4050: list"]);
  });

  it("may be wrong once about every new set", () => {
    const scene = new SessionScene([one]);
    scene.onList = () => scene.machine.listed([], scene.nowMs);
    scene.run(20_000);
    assert.strictEqual(scene.take().filter((line) => line.endsWith("(mismatch)")).length, 1);
    scene.wanted = [two];
    scene.run(40_000);
    assert.strictEqual(scene.take().filter((line) => line.endsWith("(mismatch)")).length, 1);
  });
});

describe("what has to be sent again", () => {
  it("after an unreadable frame goes out half a second later, and not oftener than every five seconds", () => {
    const scene = subscribed();
    assert.isTrue(scene.machine.unread(5_000));
    assert.isFalse(scene.machine.unread(5_100));
    scene.run(5_600);
    assert.isTrue(scene.machine.unread(5_600));
    scene.run(20_000);
    assert.deepStrictEqual(
      scene.take().filter((line) => line.includes("subscribe")),
      ["5500: subscribe ticker:KRW-BTC (unread)", "10500: subscribe ticker:KRW-BTC (unread)"],
    );
  });

  it("after the rate fell goes out at once, and not oftener than every ten seconds", () => {
    const scene = new SessionScene([one], { verifyAfterMs: 1e9 });
    /** A message every 20 ms. */
    const speak = (untilMs: number) => {
      for (let nowMs = scene.nowMs + 20; nowMs <= untilMs; nowMs += 20) {
        scene.run(nowMs);
        scene.machine.spoke(nowMs);
        scene.machine.heard(nowMs);
      }
    };
    speak(40_000);
    scene.take();
    scene.run(40_900);
    assert.deepStrictEqual(scene.take(), ["40600: slow", "40600: subscribe ticker:KRW-BTC (slow)"]);
    speak(49_000);
    scene.run(49_900);
    assert.deepStrictEqual(scene.take(), []);
    speak(90_000);
    scene.run(90_900);
    assert.strictEqual(scene.take().join(), "90600: slow,90600: subscribe ticker:KRW-BTC (slow)");
  });

  it("is part of a change that goes out before it", () => {
    const scene = subscribed();
    scene.machine.unread(5_000);
    scene.wanted = [two];
    scene.run(6_900);
    assert.deepStrictEqual(scene.take(), ["5050: subscribe ticker:KRW-ETH (changed)"]);
  });

  it("after a silence goes out once the list was asked for, then REST is asked, and REST's word is followed", () => {
    for (const [word, end] of [
      ["newer", "mute ticker:KRW-BTC"],
      ["same", "quiet ticker:KRW-BTC"],
      ["unknown", "quiet ticker:KRW-BTC"],
    ] as const) {
      const scene = subscribed();
      scene.silence = { suspects: [suspect(one)], nextMs: Number.POSITIVE_INFINITY, othersSpeak: true };
      scene.wanted = [one, two];
      scene.run(9_999);
      assert.deepStrictEqual(scene.take(), [
        "5050: subscribe ticker:KRW-BTC,ticker:KRW-ETH (changed)",
        "5050: list",
        "6050: subscribe ticker:KRW-BTC,ticker:KRW-ETH (silence)",
        "8050: list",
        "9050: probe ticker:KRW-BTC",
      ]);
      scene.machine.probed(word, 9_999);
      scene.run(9_999);
      assert.deepStrictEqual(scene.take().at(-1), `9999: ${end}`);
    }
  });

  it("goes out at once when the list is answered", () => {
    const scene = subscribed();
    scene.onList = () => scene.machine.listed(scene.sent, scene.nowMs);
    scene.silence = { suspects: [suspect(one)], nextMs: Number.POSITIVE_INFINITY, othersSpeak: true };
    scene.wanted = [one, two];
    scene.run(5_050);
    assert.deepStrictEqual(
      scene.take().map((line) => line.replace("ticker:KRW-BTC,ticker:KRW-ETH ", "")),
      ["5050: subscribe (changed)", "5050: list", "5050: subscribe (silence)"],
    );
  });
});
