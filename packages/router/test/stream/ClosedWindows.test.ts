import { assert, describe, it } from "@effect/vitest";
import type { Candle } from "../../src/domain/Candle.ts";
import { ClosedWindows, windowsRemembered } from "../../src/stream/ClosedWindows.ts";
import { btc, candleRow, minute } from "./exchange.ts";

const closed = (window: number, close: number): Candle => candleRow(btc, window, close, "closed");
const span = (from: number, before: number) => ({ fromMs: from * minute, beforeMs: before * minute });
const inShort = (candles: ReadonlyArray<Candle>) =>
  candles.map(({ openTimeMs, close, state }) => `${openTimeMs / minute}:${close} ${state}`);

/** Windows 1 to `last`, each given as closed after two trades. */
const windowsUpTo = (last: number): ClosedWindows => {
  const windows = new ClosedWindows();
  windows.began(minute);
  for (let window = 1; window <= last; window++) windows.give(closed(window, 2));
  return windows;
};

describe("the windows given as closed", () => {
  it("are corrected by a late frame that knows more, once, and by no other", () => {
    const windows = windowsUpTo(3);
    const late = [closed(2, 1), closed(2, 2), closed(2, 5), closed(2, 5), closed(2, 4)].map((row) => windows.late(row));
    assert.deepStrictEqual(inShort(late.filter((candle) => candle !== undefined)), ["2:5 corrected"]);
    assert.strictEqual(late[2]?.state, "corrected");
  });

  it("are corrected where two states end with one trade, and the other has more volume", () => {
    const windows = windowsUpTo(1);
    const { volume } = candleRow(btc, 1, 9);
    assert.strictEqual(windows.late({ ...closed(1, 2), volume })?.state, "corrected");
  });

  it("are joined by one that never came, and owe nothing of before the stream began", () => {
    const windows = new ClosedWindows();
    windows.began(3 * minute);
    windows.give(closed(5, 2));
    assert.deepStrictEqual(inShort([windows.late(closed(4, 1))].filter((candle) => candle !== undefined)), ["4:1 closed"]);
    assert.isUndefined(windows.late(closed(2, 1)));
  });

  it("are held against REST once: what is missing is given, what differs corrected, what REST confirmed is left alone", () => {
    const windows = windowsUpTo(2);
    windows.give(closed(4, 2));
    assert.deepStrictEqual(windows.unaudited(5 * minute, minute), span(1, 5));
    const { judged, found } = windows.audit(span(1, 5), [closed(0, 7), closed(1, 2), closed(2, 3), closed(3, 1), closed(4, 2)]);
    assert.strictEqual(judged, 4);
    assert.deepStrictEqual(inShort(found), ["2:3 corrected", "3:1 closed"]);
    assert.isUndefined(windows.unaudited(5 * minute, minute));
    assert.isUndefined(windows.late(closed(2, 9)));
  });

  it("are judged only as far as REST has them whole: where it lags they are asked for again", () => {
    for (const lagging of [
      [closed(1, 2), closed(2, 1), closed(3, 9)],
      [closed(1, 2), closed(3, 9)],
      [closed(1, 2), candleRow(btc, 2, 9)],
    ]) {
      const windows = windowsUpTo(3);
      assert.deepStrictEqual(windows.audit(span(1, 4), lagging), { judged: 1, found: [] });
      assert.deepStrictEqual(windows.unaudited(4 * minute, minute), span(2, 4));
    }
  });

  it("that were read back whole need no audit; before such a hole they still do", () => {
    const windows = windowsUpTo(3);
    windows.read(span(2, 4));
    assert.deepStrictEqual(windows.unaudited(4 * minute, minute), span(1, 4));
    windows.audit(span(1, 2), [closed(1, 2)]);
    windows.read(span(2, 4));
    assert.isUndefined(windows.unaudited(4 * minute, minute));
  });

  it("are remembered as far back as a page of REST reaches, and not given anew after that", () => {
    const windows = windowsUpTo(windowsRemembered + 10);
    assert.isUndefined(windows.late(closed(10, 5)));
    assert.strictEqual(windows.late(closed(11, 5))?.state, "corrected");
    const before = windowsRemembered + 11;
    assert.deepStrictEqual(windows.unaudited(before * minute, minute), span(before - windowsRemembered, before));
  });
});
