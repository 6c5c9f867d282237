import { assert, describe, it } from "@effect/vitest";
import { type Fault, verbs } from "../../src/index.ts";
import { toxicVerbs } from "../../src/proxy/Toxic.ts";
import { restCases } from "./restCases.ts";
import { socketCases } from "./socketCases.ts";
import { wireCases, wireVerbs } from "./wireCases.ts";

/** Rows of the catalogue that no fault of the exchange brings about, and why. */
const exceptions: Readonly<Record<string, string>> = {
  A08: "name lookup belongs to the client's side: a test hands it a resolver with a dead address first",
  B29: "no fault but the exchange's ordinary behaviour: a second subscription always replaces the first",
  B30: "no fault but the exchange's ordinary behaviour: it counts messages and refuses the sixth in a second",
  C01: "no fault but the exchange's ordinary behaviour: ids have 17 digits and neighbours within a millisecond",
  C11: "a matter of the client's clock and time zone",
  C14: "a new market is an event of the market model, not a fault",
  D09: "the client's own burst: the exchange's ordinary limits judge it",
  D10: "inside the client: a waiter that is interrupted",
  D11: "inside the client: a deadline shorter than its queue",
  D13: "inside the client: the spread of its retries",
  D15: "inside the client: what it keeps over a restart",
  D16: "no fault but the exchange's ordinary behaviour: it always limits requests with an Origin",
};

const catalogue = [
  ["A", 26],
  ["B", 34],
  ["C", 19],
  ["D", 16],
] as const;

describe("the fault vocabulary is complete", () => {
  it("every verb is shown at work by a test", () => {
    const shown = new Set<Fault["verb"]>([
      ...restCases.map(({ fault }) => fault.verb),
      ...socketCases.map(({ fault }) => fault.verb),
      ...wireCases.map(({ fault }) => fault.verb),
      ...wireVerbs,
      // Has a test of its own beside the cases of sockets.
      "close-unanswered",
    ]);
    // What the TCP proxy does is shown by the proxy's tests.
    const expected = verbs.map(({ verb }) => verb);
    console.log(`${shown.size} of ${expected.length} verbs shown in ${restCases.length + socketCases.length + wireCases.length} cases`);
    assert.deepStrictEqual([...shown].toSorted(), expected.toSorted());
  });

  it("every row of the catalogue is brought about by a verb, or is an exception with its reason", () => {
    const rows = catalogue.flatMap(([group, count]) =>
      Array.from({ length: count }, (_, i) => `${group}${String(i + 1).padStart(2, "0")}`),
    );
    const named = new Set([...verbs, ...toxicVerbs].flatMap(({ ids }) => ids));
    console.log(
      `${named.size} of ${rows.length} rows by ${verbs.length} verbs and ${toxicVerbs.length} of the proxy, ${Object.keys(exceptions).length} exceptions`,
    );
    assert.deepStrictEqual(
      rows.filter((row) => !named.has(row)),
      Object.keys(exceptions),
    );
    assert.deepStrictEqual(
      [...named].filter((id) => !rows.includes(id)),
      [],
    );
  });
});
