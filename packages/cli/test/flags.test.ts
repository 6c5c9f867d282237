import { assert, describe, it } from "@effect/vitest";
import { Effect, Option, Result } from "effect";
import { readFileSync } from "node:fs";
import { version } from "../src/cli.ts";
import { candlesOptions } from "../src/commands/rows.ts";
import { intentOf, parseDuration } from "../src/settings.ts";
import { checkVenue } from "../src/venue.ts";
import { invoke, noFlags } from "./invoke.ts";

describe("flags", () => {
  it("read durations with a unit, and nothing else", () => {
    assert.deepStrictEqual(
      ["500ms", "2s", "1.5m", "1h"].map((text) => Result.getOrNull(parseDuration(text))),
      [500, 2_000, 90_000, 3_600_000],
    );
    assert.isTrue(["", "-1s", "2 weeks", "1e3", "Infinity", "s", "1500"].every((text) => Result.isFailure(parseDuration(text))));
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

  it("name the venue, or what was probably meant", () => {
    const refusal = (venue: string) =>
      Result.match(checkVenue({ ...noFlags, venue }), { onSuccess: () => "", onFailure: ({ message }) => message });
    assert.deepStrictEqual(["upbit", "upbit-th", "sim", "http://127.0.0.1:8787", "https://api.upbit.com"].map(refusal), [
      "",
      "",
      "",
      "",
      "",
    ]);
    assert.match(refusal("upbitt"), /upbit, upbit-sg, upbit-id, upbit-th, sim.*did you mean upbit\?$/);
    assert.match(refusal("upbit-t"), /did you mean upbit-th\?$/);
    assert.match(refusal("binance"), /upbit-th, sim, nor an address such as http:\/\/127\.0\.0\.1:8787$/);
    assert.match(refusal("127.0.0.1:8787"), /begins with its scheme: http:\/\/127\.0\.0\.1:8787$/);
    assert.match(refusal("localhost:8787"), /: http:\/\/localhost:8787$/);
    assert.match(refusal("api.upbit.com"), /: https:\/\/api\.upbit\.com$/);
  });

  it("are refused where the venue has no use for them", () => {
    const isRefused = (flags: Partial<typeof noFlags>) => Result.isFailure(checkVenue({ ...noFlags, ...flags }));
    assert.isTrue(isRefused({ seed: Option.some(3) }));
    assert.isFalse(isRefused({ venue: "sim", seed: Option.some(3) }));
    assert.isTrue(isRefused({ simulated: Option.some(true) }));
    assert.isTrue(isRefused({ venue: "sim", simulated: Option.some(false) }));
    assert.isFalse(isRefused({ venue: "http://127.0.0.1:1", simulated: Option.some(false) }));
  });

  it("show the version of the package", () => {
    const manifest: { readonly version: string } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
    assert.strictEqual(version, manifest.version);
  });
});

describe("bad usage fails before any network use", () => {
  const refused: ReadonlyArray<readonly [what: string, args: ReadonlyArray<string>, says: RegExp]> = [
    ["a command without its market", ["ticker"], /the market is missing/],
    ["an unknown command", ["tickr", "KRW-BTC"], /no command "tickr" — did you mean ticker\?/],
    ["an unknown flag", ["ticker", "KRW-BTC", "--maxage", "1s"], /naru ticker has no flag --maxage/],
    ["a word that a flag does not know", ["ticker", "KRW-BTC", "--context", "gambling"], /--context "gambling"/],
    ["a duration without sense", ["ticker", "KRW-BTC", "--max-age", "soon"], /--max-age "soon" is not a duration/],
    ["a duration without its unit", ["ticker", "KRW-BTC", "--deadline", "5"], /--deadline "5" has no unit: write 5s or 5000ms/],
    ["a negative duration", ["ticker", "KRW-BTC", "--deadline", "-1s"], /--deadline "-1s" is negative/],
    ["a count that is no number", ["trades", "KRW-BTC", "--count", "many"], /--count "many"/],
    ["a stream of no values", ["stream", "ticker", "KRW-BTC", "--count", "0"], /--count "0".*at least 1/],
    ["a stream of fewer values than none", ["stream", "ticker", "KRW-BTC", "--count", "-1"], /--count "-1".*at least 1/],
    ["a kind that does not exist", ["stream", "news", "KRW-BTC"], /no command "news"/],
    ["a group of commands without one of them", ["stream"], /needs one of ticker, orderbook, trades, candles, bars/],
    ["a port that does not exist", ["sim", "serve", "--port", "99999"], /--port "99999" is not a port/],
    ["an intent of a stream", ["stream", "ticker", "KRW-BTC", "--strategy", "rest_only"], /stream ticker has no flag --strategy/],
    ["an intent of a watch, before the command", ["--deadline", "5s", "watch", "KRW-BTC"], /naru watch has no flag --deadline/],
    ["levels of trades", ["stream", "trades", "KRW-BTC", "--levels", "3"], /stream trades has no flag --levels/],
    ["an interval of trades", ["stream", "trades", "KRW-BTC", "--interval", "1m"], /stream trades has no flag --interval/],
    ["levels of a ticker", ["explain", "ticker", "KRW-BTC", "--levels", "3"], /explain ticker has no flag --levels/],
    ["a venue of a file", ["decode", "x.json", "--venue", "sim"], /naru decode has no flag --venue/],
    ["a venue of the demonstration", ["demo", "--venue", "upbit"], /naru demo has no flag --venue/],
    ["a deadline of the emulated exchange", ["sim", "serve", "--deadline", "5s"], /naru sim serve has no flag --deadline/],
  ];
  for (const [what, args, says] of refused) {
    it.effect(`${what}, in a line on stderr and one on where to read more`, () =>
      Effect.gen(function* () {
        const { exitCode, err, out } = yield* invoke(...args);
        assert.strictEqual(exitCode, 64);
        assert.deepStrictEqual(out, []);
        assert.strictEqual(err.length, 2, err.join("\n"));
        assert.match(err[0] ?? "", says);
        assert.match(err[1] ?? "", /--help tells more$/);
      }),
    );
  }

  it.effect("with --json as one document on stdout too", () =>
    Effect.gen(function* () {
      const { documents, err } = yield* invoke("ticker", "KRW-BTC", "--deadline", "5", "--json");
      assert.strictEqual(err.length, 2);
      assert.strictEqual(documents().length, 1);
      assert.deepInclude(documents()[0], { _tag: "UsageError", command: "naru ticker", retryable: false });
      assert.match(String(documents()[0]?.["message"]), /write 5s/);
    }),
  );

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
