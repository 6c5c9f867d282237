import { assert, describe, it } from "@effect/vitest";
import { Effect, Option } from "effect";
import { readFileSync } from "node:fs";
import { version } from "../src/cli.ts";
import { candlesOptions } from "../src/commands/rows.ts";
import { intentOf, parseDuration } from "../src/flags.ts";
import { isSimulated } from "../src/venue.ts";
import { invoke, noFlags } from "./invoke.ts";

describe("flags", () => {
  it("read durations with and without a unit, and nothing else", () => {
    assert.deepStrictEqual(
      ["1500", "500ms", "2s", "1.5m", "1h"].map((text) => Option.getOrNull(parseDuration(text))),
      [1_500, 500, 2_000, 90_000, 3_600_000],
    );
    assert.deepStrictEqual(
      ["", "-1s", "2 weeks", "1e3", "Infinity", "s"].map((text) => Option.getOrNull(parseDuration(text))),
      [null, null, null, null, null, null],
    );
  });

  it("leave everything of an intent to the router's defaults unless given", () => {
    assert.isTrue(Object.values(intentOf(noFlags)).every((value) => value === undefined));
    const given = intentOf({ ...noFlags, maxAge: Option.some(250), realtime: Option.some(true), onStale: Option.some("serve") });
    assert.deepInclude(given, { maxAge: 250, realtime: true, onStale: "serve", deadline: undefined });
  });

  it("ask for 200 candles unless a count or a range says otherwise", () => {
    const none = { count: Option.none(), from: Option.none(), to: Option.none(), forming: Option.none(), fill: Option.none() };
    assert.strictEqual(candlesOptions(none).count, 200);
    assert.strictEqual(candlesOptions({ ...none, count: Option.some(7) }).count, 7);
    assert.strictEqual(candlesOptions({ ...none, from: Option.some("2026-01-01") }).count, undefined);
  });

  it("take what answers on this machine for an emulated exchange, and nothing else, unless told", () => {
    const of = (venue: string, simulated = Option.none<boolean>()) => isSimulated({ venue, simulated });
    assert.deepStrictEqual(
      ["http://127.0.0.1:8787", "http://localhost:1", "HTTP://[::1]:1", "https://127.0.0.2"].map((venue) => of(venue)),
      [true, true, true, true],
    );
    assert.deepStrictEqual(
      ["upbit", "https://api.upbit.com", "https://localhost.example.com", "https://127.0.0.1.example.com"].map((venue) => of(venue)),
      [false, false, false, false],
    );
    assert.isFalse(of("http://127.0.0.1:8787", Option.some(false)));
    assert.isTrue(of("https://mirror.example", Option.some(true)));
  });

  it("show the version of the package", () => {
    const manifest: { readonly version: string } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
    assert.strictEqual(version, manifest.version);
  });
});

describe("bad usage fails before any network use", () => {
  const refused: ReadonlyArray<readonly [what: string, args: ReadonlyArray<string>, says: RegExp]> = [
    ["a command without its market", ["ticker"], /market/],
    ["an unknown command", ["tickr", "KRW-BTC"], /tickr/],
    ["an unknown flag", ["ticker", "KRW-BTC", "--maxage", "1s"], /maxage/],
    ["a word that a flag does not know", ["ticker", "KRW-BTC", "--context", "gambling"], /gambling|context/],
    ["a duration without sense", ["ticker", "KRW-BTC", "--max-age", "soon"], /soon/],
    ["a count that is no number", ["trades", "KRW-BTC", "--count", "many"], /many|count/],
    ["a kind that does not exist", ["stream", "news", "KRW-BTC"], /news/],
  ];
  for (const [what, args, says] of refused) {
    it.effect(what, () =>
      Effect.gen(function* () {
        const { exitCode, err } = yield* invoke(...args);
        assert.notStrictEqual(exitCode, 0);
        assert.match(err.join("\n"), says);
      }),
    );
  }

  it.live("a market in another spelling, with the right one named", () =>
    Effect.gen(function* () {
      const { exitCode, err, out } = yield* invoke("ticker", "BTC/KRW");
      assert.strictEqual(exitCode, 64);
      assert.match(err.join("\n"), /did you mean KRW-BTC/);
      assert.deepStrictEqual(out, []);
    }),
  );

  it.live("an address that anybody on the way could change", () =>
    Effect.gen(function* () {
      const { exitCode, err } = yield* invoke("ticker", "KRW-BTC", "--venue", "http://example.com");
      assert.strictEqual(exitCode, 78);
      assert.match(err.join("\n"), /https:\/\//);
    }),
  );
});
