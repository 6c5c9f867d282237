import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem";
import { assert, describe, it } from "@effect/vitest";
import { Effect, FileSystem, Option } from "effect";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { decode } from "../../src/commands/decode.ts";
import type { RecordedKind } from "@naru/upbit/recorded";
import { held } from "../invoke.ts";

const frame = (price: string) =>
  `{"type":"trade","code":"KRW-BTC","timestamp":1767582000123,"trade_date":"2026-01-05","trade_time":"03:00:00","trade_timestamp":1767582000100,"trade_price":${price},"trade_volume":0.00100000,"ask_bid":"BID","prev_closing_price":113000000.00000000,"change":"RISE","change_price":1000000.00000000,"sequential_id":17675820001000001,"stream_type":"REALTIME"}`;

const wrapped = (raw: string) => JSON.stringify({ recv: 1, raw });

/** Decodes a file of this name and content, written for the test. */
const decoded = (name: string, content: string, kind: Option.Option<RecordedKind> = Option.none()) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem;
    const file = join(yield* fs.makeTempDirectoryScoped(), name);
    yield* fs.writeFileString(file, content);
    return yield* held(decode({ json: false }, { file, kind }));
  }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer));

describe("naru decode", () => {
  it.live("prints one document per record, numbers exact, and counts at the end", () =>
    Effect.gen(function* () {
      const { documents, err, exitCode } = yield* decoded(
        "frames.jsonl",
        `${wrapped(frame("1.14E8"))}\n\n${wrapped(frame("114000000.12345678"))}\n`,
      );
      assert.deepStrictEqual(
        documents().map(({ kind, market, value }) => [
          kind,
          market,
          (value as { readonly price: unknown; readonly id: unknown }).price,
          (value as { readonly id: unknown }).id,
        ]),
        [
          ["trades", "KRW-BTC", "114000000", "17675820001000001"],
          ["trades", "KRW-BTC", "114000000.12345678", "17675820001000001"],
        ],
      );
      assert.deepStrictEqual(err, ["decoded 2, ignored 0, failed 0"]);
      assert.strictEqual(exitCode, 0);
    }),
  );

  it.live("counts what is no market data by its name", () =>
    Effect.gen(function* () {
      const lines = [
        '[{"ticket":"a"},{"type":"ticker","codes":["KRW-BTC"]}]',
        '{"status":"UP"}',
        '{"error":{"name":"NO_CODES","message":"no codes"}}',
        '{"error":{"name":404,"message":"Code not found"}}',
        '{"ask_price":1.0,"bid_price":0.9,"ask_size":1.0,"bid_size":1.0}',
      ];
      const { err, exitCode, out } = yield* decoded("frames.jsonl", lines.map(wrapped).join("\n"));
      assert.deepStrictEqual(out, []);
      assert.deepStrictEqual(err, [
        "decoded 0, ignored 5 (subscribe frame 1, status frame 1, error frame 1, error body 1, fragment 1), failed 0",
      ]);
      assert.strictEqual(exitCode, 0);
    }),
  );

  it.live("decodes an empty list to nothing", () =>
    Effect.gen(function* () {
      const { err, exitCode } = yield* decoded("trades.json", "[]");
      assert.deepStrictEqual(err, ["decoded 0, ignored 0, failed 0"]);
      assert.strictEqual(exitCode, 0);
    }),
  );

  it.live("tells the place of what cannot be read, goes on, and fails in the end", () =>
    Effect.gen(function* () {
      const { err, exitCode, out } = yield* decoded(
        "frames.jsonl",
        [wrapped('{"type":"trade"'), frame("114000000.0"), wrapped('{"type":"trade","code":"KRW-BTC"}')].join("\n"),
      );
      assert.strictEqual(out.length, 1);
      assert.match(err[0] ?? "", /^naru: line 1: /);
      assert.match(err[1] ?? "", /^naru: line 3: /);
      assert.strictEqual(err.at(-1), "decoded 1, ignored 0, failed 2");
      assert.strictEqual(exitCode, 65);
    }),
  );

  it.live("takes the kind from the flag where the rows do not show it", () =>
    Effect.gen(function* () {
      // A Monday and the first of a month, last traded on that day.
      const row = `[{"market":"KRW-BTC","candle_date_time_utc":"2026-06-01T00:00:00","candle_date_time_kst":"2026-06-01T09:00:00","opening_price":1.0,"high_price":2.0,"low_price":1.0,"trade_price":2.0,"timestamp":1780280000123,"candle_acc_trade_price":3.0,"candle_acc_trade_volume":2.0,"first_day_of_period":"2026-06-01"}]`;
      const unnamed = yield* decoded("week.json", row);
      assert.strictEqual(unnamed.exitCode, 65);
      assert.match(unnamed.err[0] ?? "", /candles:1w/);
      const named = yield* decoded("week.json", row, Option.some("candles:1w"));
      assert.strictEqual(named.exitCode, 0);
      assert.deepStrictEqual(
        named.documents().map(({ value }) => (value as { readonly interval: unknown }).interval),
        ["1w"],
      );
    }),
  );

  it.live("calls a candle closed only where the record itself shows that its window was over", () =>
    Effect.gen(function* () {
      const row = (utc: string, lastTrade: string) =>
        `{"market":"KRW-BTC","candle_date_time_utc":"${utc}","candle_date_time_kst":"${utc}","opening_price":1.0,"high_price":2.0,"low_price":1.0,"trade_price":2.0,"timestamp":${Date.parse(lastTrade)},"candle_acc_trade_price":3.0,"candle_acc_trade_volume":2.0,"unit":1}`;
      const body = `[${row("2025-01-02T04:29:00", "2025-01-02T04:29:30Z")},${row("2025-01-02T04:28:00", "2025-01-02T04:28:30Z")}]`;
      const { documents } = yield* decoded("minutes.json", body);
      // The newest was still forming when it was recorded, however long ago that is: its figures are not final.
      assert.deepStrictEqual(
        documents().map(({ value }) => (value as { readonly state: unknown }).state),
        ["forming", "closed"],
      );
    }),
  );

  it.live("says in words that a file is missing, or is a directory", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem;
      const directory = join(yield* fs.makeTempDirectoryScoped(), "day.jsonl");
      yield* fs.makeDirectory(directory);
      const said = (file: string, json = false) => held(decode({ json }, { file, kind: Option.none() }));
      const missing = yield* said("/nowhere/at/all.json");
      assert.deepStrictEqual(missing.err, ["naru: /nowhere/at/all.json: no such file"]);
      assert.strictEqual(missing.exitCode, 66);
      const folder = yield* said(directory, true);
      assert.deepStrictEqual(folder.err, [`naru: ${directory}: is a directory`]);
      assert.deepInclude(folder.documents()[0], { _tag: "FileUnreadable", file: directory });
      assert.strictEqual(folder.exitCode, 66);
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)),
  );
});

const recordings = process.env["NARU_RECORDINGS"];

describe.runIf(recordings !== undefined)("naru decode on recordings", () => {
  const files = readdirSync(recordings ?? ".", { recursive: true, encoding: "utf8" })
    .filter((file) => recordings !== undefined && /\.jsonl?$/.test(file) && !/(?:^|\/)headers-/.test(file))
    .map((file) => join(recordings ?? ".", file));

  it.live("fails on none of them, and loses no record", () =>
    Effect.gen(function* () {
      assert.isAbove(files.length, 0);
      for (const file of files) {
        const { err, exitCode, out } = yield* held(decode({ json: false }, { file, kind: Option.none() }));
        assert.strictEqual(exitCode, 0, `${file}: ${err.join("; ")}`);
        assert.match(err.at(-1) ?? "", new RegExp(`^decoded ${out.length}, ignored .*failed 0$`), file);
      }
    }).pipe(Effect.provide(NodeFileSystem.layer)),
  );
});
