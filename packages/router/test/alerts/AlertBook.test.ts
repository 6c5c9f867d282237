/** The book against the rule it is made for: told once, over once, never twice within the cool-down unless it grew worse. */
import { assert, describe, it } from "@effect/vitest";
import { Schema } from "effect";
import type { Severity } from "../../src/alerts/Alert.ts";
import { AlertBook } from "../../src/alerts/AlertBook.ts";
import type { Finding } from "../../src/alerts/rules.ts";

const coolDownMs = 300_000;
const finding = (about: string, severity: Severity = "warning"): Finding => ({
  rule: "error_burst",
  about,
  severity,
  what: "it happened",
  did: "",
  youCan: "",
});

const told = (book: AlertBook, nowMs: number, ...findings: ReadonlyArray<Finding>) =>
  book.found(findings, nowMs).map(({ finding: { about, severity }, state, sinceMs }) => `${about} ${severity} ${state} ${sinceMs}`);

describe("the book of alerts", () => {
  it("tells a trouble once when it begins and once when it is over, with the time it began (R002-35)", () => {
    const book = new AlertBook(coolDownMs);
    assert.deepStrictEqual(told(book, 1_000, finding("A")), ["A warning raised 1000"]);
    for (let ms = 2_000; ms < 60_000; ms += 1_000) assert.deepStrictEqual(told(book, ms, finding("A")), []);
    assert.deepStrictEqual(told(book, 60_000), ["A warning over 1000"]);
    assert.deepStrictEqual(told(book, 61_000), []);
  });

  it("is silent about what comes back within the cool-down, and about its end; and tells it when it is still there afterwards", () => {
    const book = new AlertBook(coolDownMs);
    told(book, 0, finding("A"));
    told(book, 1_000);
    assert.deepStrictEqual(told(book, 2_000, finding("A")), []);
    assert.deepStrictEqual(told(book, 3_000), []);
    assert.deepStrictEqual(told(book, 200_000, finding("A")), []);
    assert.deepStrictEqual(told(book, 299_999, finding("A")), []);
    assert.deepStrictEqual(told(book, 300_000, finding("A")), ["A warning raised 200000"]);
    assert.deepStrictEqual(told(book, 301_000), ["A warning over 200000"]);
  });

  it("tells at once of a trouble that grew worse, and of another one beside it", () => {
    const book = new AlertBook(coolDownMs);
    told(book, 0, finding("A"));
    assert.deepStrictEqual(told(book, 10, finding("A", "critical"), finding("B")), ["A critical raised 0", "B warning raised 10"]);
    assert.deepStrictEqual(told(book, 20, finding("A"), finding("B")), []);
  });

  it("remembers a bounded number of troubles", () => {
    const book = new AlertBook(coolDownMs);
    const many = Array.from({ length: 1_000 }, (_, at) => finding(`E${at}`));
    assert.lengthOf(told(book, 0, ...many), 64);
    // One that is over gives its place to one that begins.
    assert.lengthOf(told(book, 1, ...many.slice(1, 64)), 1);
    assert.deepStrictEqual(told(book, 2, ...many.slice(1, 64), finding("new")), ["new warning raised 2"]);
    assert.lengthOf(told(book, 3), 64);
  });

  it.prop(
    "never tells one trouble's beginning twice within the cool-down at the same severity, and every end follows a beginning",
    {
      steps: Schema.Array(
        Schema.Struct({
          waitMs: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 200_000 })),
          there: Schema.Boolean,
          severity: Schema.Literals(["warning", "critical"]),
        }),
      ).check(Schema.isMinLength(10), Schema.isMaxLength(80)),
    },
    ({ steps }) => {
      const book = new AlertBook(coolDownMs);
      let nowMs = 0;
      let lastMs = Number.NEGATIVE_INFINITY;
      let worst = "";
      let open = false;
      for (const { waitMs, there, severity } of steps) {
        nowMs += waitMs;
        for (const { state, finding: found } of book.found(there ? [finding("A", severity)] : [], nowMs)) {
          if (state === "raised") {
            assert.isTrue(nowMs - lastMs >= coolDownMs || (worst === "warning" && found.severity === "critical"));
            lastMs = nowMs;
            worst = found.severity;
            open = true;
          } else {
            assert.isTrue(open);
            open = false;
          }
        }
      }
    },
  );
});
