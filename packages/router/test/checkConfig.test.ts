/** Knobs that cannot be used are refused all at once, and none of the others is taken. */
import { assert, describe, it } from "@effect/vitest";
import { Result, Schema } from "effect";
import { boundsOf, checkedConfig, problemsOf } from "../src/checkConfig.ts";
import { defaultRouterConfig, type RouterConfigShape } from "../src/RouterConfig.ts";

/** As somebody might write it into a file: of any type. */
const written = (changes: Readonly<Record<string, unknown>>) => changes as Partial<RouterConfigShape>;
const knobs = (changes: Readonly<Record<string, unknown>>) => problemsOf(written(changes)).map(({ knob }) => knob);

describe("a configuration", () => {
  it("that is the default, or a change of any part of it within reason, is taken", () => {
    assert.deepStrictEqual(checkedConfig({}), Result.succeed(defaultRouterConfig));
    assert.deepStrictEqual(checkedConfig(defaultRouterConfig), Result.succeed(defaultRouterConfig));
    const changed = checkedConfig({
      pingAfterMs: 400,
      deadAfterMs: 1_200,
      copies: 2,
      coreMarkets: ["KRW-BTC"],
      limitShare: { part: 2, of: 3 },
    });
    assert.deepInclude(Result.getOrThrow(changed), { deadAfterMs: 1_200, maxSockets: defaultRouterConfig.maxSockets });
  });

  it.prop(
    "is taken whole or not at all: every bad knob is named, and no good one (I08)",
    { picks: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 }))).check(Schema.isMaxLength(12)) },
    ({ picks }) => {
      const names = Object.keys(defaultRouterConfig);
      // Nothing of the shape has null in it.
      const bad = [...new Set(picks.map((pick) => names[pick % names.length] ?? ""))].sort();
      const given = { ...defaultRouterConfig, ...Object.fromEntries(bad.map((name) => [name, null])) };
      assert.deepStrictEqual(knobs(given).sort(), bad);
      const checked = checkedConfig(written(given));
      assert.strictEqual(Result.isSuccess(checked), bad.length === 0);
      if (Result.isSuccess(checked)) return;
      assert.strictEqual(checked.failure._tag, "ConfigError");
      for (const name of bad) assert.include(checked.failure.message, name);
    },
  );

  it("is refused with the path of what is wrong, however deep, and with what is no knob", () => {
    const { linkProfiles } = defaultRouterConfig;
    const cases: ReadonlyArray<readonly [Readonly<Record<string, unknown>>, ReadonlyArray<string>]> = [
      [{ deadlineMs: -1 }, ["deadlineMs"]],
      [{ deadlineMs: Number.NaN, maxStaleMs: "30s" }, ["deadlineMs", "maxStaleMs"]],
      [{ deadlinesMs: 1 }, ["deadlinesMs"]],
      [{ maxAgeMs: { ...defaultRouterConfig.maxAgeMs, ticker: "2s" } }, ["maxAgeMs.ticker"]],
      [{ maxAgeMs: { ticker: 1 } }, ["maxAgeMs.orderbook", "maxAgeMs.trades", "maxAgeMs.candles"]],
      [{ linkProfiles: { ...linkProfiles, thin: { ...linkProfiles.thin, format: "short" } } }, ["linkProfiles.thin.format"]],
      [{ attemptDeadlinesMs: [200, "500"] }, ["attemptDeadlinesMs[1]"]],
      [{ maxSockets: 0, copies: 3, streamBuffer: 1.5 }, ["maxSockets", "copies", "streamBuffer"]],
      [{ rescueAfterShare: 60 }, ["rescueAfterShare"]],
      [{ pingAfterMs: 20_000 }, ["pingAfterMs"]],
      [{ limitShare: { part: 4, of: 3 } }, ["limitShare"]],
      [{ socketFormat: "short", reorder: true }, ["socketFormat", "reorder"]],
    ];
    for (const [changes, expected] of cases) assert.deepStrictEqual(knobs(changes), expected, JSON.stringify(changes));
  });

  it("is held within the bounds that are told of each knob", () => {
    const beyond: Readonly<Record<string, unknown>> = {
      "0 or more": -1,
      "0 to 1": 1.5,
      "whole, 1 or more": 0,
      "1 or 2": 3,
      "true or false": "true",
      text: 1,
    };
    const told = new Map<string, number>();
    for (const [knob, value] of Object.entries(defaultRouterConfig)) {
      if (typeof value === "object") continue;
      const [bounds = "", more] = boundsOf(knob, value).split(", less than ");
      told.set(bounds, (told.get(bounds) ?? 0) + 1);
      const isWord = !(bounds in beyond);
      if (isWord) for (const word of bounds.split(", ")) assert.deepStrictEqual(knobs({ [knob]: word }), [], `${knob} ${word}`);
      assert.deepStrictEqual(knobs({ [knob]: isWord ? "planted" : beyond[bounds] }), [knob], `${knob} ${bounds}`);
      if (more !== undefined) assert.deepStrictEqual(knobs({ [knob]: 1e9 }), [knob], `${knob} less than ${more}`);
    }
    assert.includeMembers([...told.keys()], Object.keys(beyond));
    assert.strictEqual(boundsOf("linkProfiles.thin.format", "compact"), "venue, full, compact");
  });
});
