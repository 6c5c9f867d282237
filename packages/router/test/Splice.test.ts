/** A stream whose feed was changed under it: what comes twice, what comes late, and what may be missing. */
import { assert, describe, it } from "@effect/vitest";
import type { ElementOf, StreamElement } from "../src/domain/StreamElement.ts";
import { Splice } from "../src/Splice.ts";
import { type btc, candle, ticker, trade } from "./samples.ts";

const live = <A extends { readonly market: typeof btc }>(value: A, snapshot = false): StreamElement<A> => ({
  _tag: "Live",
  market: value.market,
  value,
  snapshot,
  channel: "websocket",
  late: false,
  receivedTimeMs: 0,
});

const tradeAt = (id: number, ms = id * 10): ElementOf["trades"] => ({ ...trade(String(id), ms), id: String(id), tradeTimeMs: ms });
const said = (elements: ReadonlyArray<StreamElement<ElementOf["trades"]>>) =>
  elements.map((element) =>
    element._tag === "Gap"
      ? `gap ${element.fromMs}-${element.toMs}`
      : element._tag === "Live"
        ? `${element.value.id}${element.late ? " late" : ""}`
        : element._tag,
  );

describe("a spliced stream of trades", () => {
  it("goes on after a dead feed with a gap to the first trade that is not known, and without one where it is", () => {
    for (const [first, told] of [
      [5, ["gap 20-50", "5"]],
      [2, []],
    ] as const) {
      const splice = new Splice("trades", 100);
      for (const id of [1, 2]) splice.note(live(tradeAt(id)));
      splice.cut("the router ended");
      assert.deepStrictEqual(said(splice.spliced(live(tradeAt(first), true))), [...told]);
    }
  });

  it("gives each trade of two feeds side by side once, in order or called late, and tells no gap", () => {
    const splice = new Splice("trades", 100);
    splice.note(live(tradeAt(1)));
    splice.overlap();
    const direct = [2, 3, 5];
    const router = [1, 2, 3, 4, 5, 6];
    const given = [...direct, ...router].flatMap((id) => said(splice.spliced(live(tradeAt(id)))));
    assert.deepStrictEqual(given, ["2", "3", "5", "4 late", "6"]);
  });

  it("hands on what is no value", () => {
    const splice = new Splice("trades", 100);
    splice.cut("");
    assert.deepStrictEqual(said(splice.spliced({ _tag: "Resumed", downMs: 1, atMs: 1 })), ["Resumed"]);
  });
});

describe("a spliced stream of states", () => {
  it("never goes back in time, and has no gaps", () => {
    const splice = new Splice("ticker", 100);
    splice.note(live(ticker("1", 10)));
    splice.cut("the router ended");
    assert.deepStrictEqual(splice.spliced(live(ticker("0", 5))), []);
    assert.strictEqual(splice.spliced(live(ticker("2", 20))).length, 1);
  });
});

describe("a spliced stream of candles", () => {
  const minute = 60_000;
  const at = (index: number, state: "forming" | "closed") => live({ ...candle(index * minute), openTimeMs: index * minute, state });

  it("closes each window once, whichever feed does", () => {
    const splice = new Splice("candles", 100);
    splice.note(at(1, "forming"));
    splice.overlap();
    const given = [
      at(1, "closed"),
      at(2, "forming"),
      at(1, "closed"),
      at(1, "forming"),
      at(2, "closed"),
      at(2, "closed"),
      at(3, "forming"),
    ].map((element) => splice.spliced(element).length);
    assert.deepStrictEqual(given, [1, 1, 0, 0, 1, 0, 1]);
  });
});
