/** The limit table and the header that tells what is left. */
import { assert, describe, it } from "@effect/vitest";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Result } from "effect";
import { limits, parseRemainingReq } from "../src/limits.ts";
import { profileFromUrl, profiles } from "../src/profiles.ts";
import { makeVenue } from "../src/UpbitVenue.ts";

const recordings = process.env["NARU_RECORDINGS"];

describe("limits", () => {
  it("are ten a second for each quotation group, five connects a second, five messages a second and a hundred a minute, wherever Upbit is (R000-28)", () => {
    assert.deepStrictEqual(Object.keys(limits.groups), ["market", "candle", "trade", "ticker", "orderbook"]);
    for (const group of Object.values(limits.groups)) assert.deepStrictEqual(group, { limit: 10, windowMs: 1_000 });
    assert.deepStrictEqual(limits.socketConnect, { limit: 5, windowMs: 1_000 });
    assert.deepStrictEqual(
      [...limits.socketMessage],
      [
        { limit: 5, windowMs: 1_000 },
        { limit: 100, windowMs: 60_000 },
      ],
    );
    const elsewhere = profileFromUrl("https://proxy.example/upbit");
    assert(Result.isSuccess(elsewhere));
    for (const profile of [...Object.values(profiles), elsewhere.success])
      assert.strictEqual(makeVenue(profile).limits, limits, profile.id);
  });
});

describe("Remaining-Req", () => {
  it("gives our group and the count left, in any order, case and spacing; malformed headers give nothing and never throw (D03)", () => {
    const table: ReadonlyArray<readonly [string | undefined, string | undefined]> = [
      ["group=market; min=600; sec=9", "market 9"],
      ["group=candles; min=600; sec=0", "candle 0"],
      ["group=crix-trades; min=600; sec=7", "trade 7"],
      ["sec=9;group=ticker", "ticker 9"],
      ["  SEC = 9 ;\tGroup = Orderbook ; ", "orderbook 9"],
      ["group=websocket; min=300; sec=3", "websocket-connect 3"],
      ["group=origin; min=6; sec=0", "origin 0"],
      ["group=brand-new; sec=4", "brand-new 4"],
      ["group=ticker; min=600; sec=9, group=ticker; min=600; sec=2", "ticker 2"],
      ["group=ticker; sec=9; sec=3", "ticker 3"],
      ["group=ticker; sec=9, group=market; sec=3", undefined],
      ["group=ticker; min=600", undefined],
      ["min=600; sec=9", undefined],
      ["group=ticker; sec=-1", undefined],
      ["group=ticker; sec=99999999999999999999", undefined],
      ["group=ticker; sec=1.5", undefined],
      ["group=ticker; sec=1e3", undefined],
      ["group=ticker; sec=", undefined],
      ["group=; sec=3", undefined],
      ["group=__proto__; sec=3", undefined],
      ["group=a b; sec=3", undefined],
      ["group=<group>; min=600; sec=<n>", undefined],
      ["", undefined],
      [undefined, undefined],
      [`group=ticker; sec=3;${" ".repeat(1_000_000)}`, undefined],
    ];
    const said = (header: string | undefined) => {
      const budget = parseRemainingReq(header);
      return budget === undefined ? undefined : `${budget.group} ${budget.remaining}`;
    };
    for (const [header, expected] of table) assert.strictEqual(said(header), expected, header?.slice(0, 80));
    let seed = 7;
    const parts = ["group=", "sec=", "min=", "ticker", "9", "-", ";", ",", "=", " ", "group", "sec", "\u0000", "가", "e9", "00000"];
    let read = 0;
    for (let i = 0; i < 100_000; i++) {
      let header = "";
      for (let n = 0; n < 12; n++) header += parts[(seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) >>> 28]!;
      const budget = parseRemainingReq(header);
      if (budget === undefined) continue;
      read++;
      assert.isTrue(Number.isInteger(budget.remaining) && budget.remaining >= 0 && budget.remaining <= 9_999, header);
      assert.match(budget.group, /^[a-z0-9][a-z0-9._-]*$/);
    }
    assert.isAbove(read, 0);
  });

  it.skipIf(recordings === undefined)("reads every recorded header (skipped without NARU_RECORDINGS, the folder of recordings)", () => {
    const lines = readFileSync(join(recordings!, "upbit/rest/headers-2026-09-23.jsonl"), "utf8")
      .split("\n")
      .filter((line) => line !== "");
    const headers = lines.flatMap((line) => {
      const record = JSON.parse(line) as { headers?: Record<string, string> };
      return record.headers === undefined ? [] : [record.headers["remaining-req"]];
    });
    assert.deepStrictEqual(headers.map(parseRemainingReq), [
      { group: "origin", remaining: 0 },
      { group: "websocket-connect", remaining: 3 },
      { group: "websocket-connect", remaining: 4 },
      { group: "market", remaining: 9 },
      { group: "candle", remaining: 9 },
      { group: "ticker", remaining: 8 },
    ]);
  });
});
