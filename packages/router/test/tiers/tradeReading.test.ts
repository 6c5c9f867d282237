/** Reading trades back against an exchange made of a list: what is asked, what is called known, and what the answer is. */
import { assert, describe, it } from "@effect/vitest";
import type { Market } from "../../src/domain/Market.ts";
import type { Trade } from "../../src/domain/Trade.ts";
import type { TradesQuestion } from "../../src/domain/Question.ts";
import { type KnownTrades, TradeReading } from "../../src/tiers/tradeReading.ts";
import type { TradesQuery } from "../../src/transport/Venue.ts";
import { Decimal } from "../../src/domain/Decimal.ts";
import { trades } from "../select/questions.ts";

const second = 1_000;
const dayMs = 86_400_000;
/** Noon of a day. */
const now = Date.UTC(2026, 0, 9, 12);

const row = (ms: number, nth = 0): Trade => ({
  ...{ market: "KRW-BTC" as Market, id: `${ms}${String(nth).padStart(4, "0")}`, tradeTimeMs: ms },
  ...{ price: Decimal.of("1"), volume: Decimal.of("1"), side: "buy" },
});

type Asked = Partial<Pick<TradesQuestion, "count" | "before" | "fromMs" | "toMs">>;
const question = (asked: Asked): TradesQuestion => ({ ...trades(1), ...asked });
const range = (fromMs: number, toMs?: number) => question({ count: null, fromMs, ...(toMs !== undefined && { toMs }) });

interface Exchange {
  /** Oldest first. */
  readonly rows: ReadonlyArray<Trade>;
  /** Without `days_ago`: whether it goes back over midnight, or stays in today. Both are readings of the documentation. */
  readonly crosses: boolean;
  readonly nowMs?: number;
}

/** A page as an exchange gives it, newest first. */
const serve = ({ rows, crosses, nowMs = now }: Exchange, { count, before, daysAgo, to }: TradesQuery): ReadonlyArray<Trade> => {
  const today = Math.floor(nowMs / dayMs) * dayMs;
  const dayStart = today - (daysAgo ?? 0) * dayMs;
  const fromMs = daysAgo === undefined && crosses ? today - 7 * dayMs : dayStart;
  const endMs = daysAgo === undefined ? nowMs : dayStart + dayMs;
  const toMs = to === undefined ? endMs : Math.min(endMs, dayStart + Date.parse(`1970-01-01T${to}Z`));
  const cut = before === undefined ? rows.length : rows.findIndex(({ id }) => id === before);
  const found = rows.slice(0, cut).filter(({ tradeTimeMs }) => tradeTimeMs >= fromMs && tradeTimeMs < toMs);
  return found.slice(-count).reverse();
};

/** Reads to the end; what was asked, and what was called known. */
const readAll = (asked: TradesQuestion, exchange: Exchange, pageSize = 3, wallMs = exchange.nowMs ?? now) => {
  const reading = new TradeReading(asked, pageSize, wallMs);
  const queries: Array<TradesQuery> = [];
  const known: Array<KnownTrades> = [];
  const nowMs = exchange.nowMs ?? now;
  for (let query = reading.next(); query !== undefined && queries.length < 200; query = reading.next()) {
    queries.push(query);
    const found = reading.page(serve(exchange, query), { earliestMs: Math.min(nowMs, wallMs), latestMs: Math.max(nowMs, wallMs) });
    if (found !== undefined) known.push(found);
  }
  return { reading, queries, known, ids: reading.result().map(({ id }) => id) };
};

const idsOf = (rows: ReadonlyArray<Trade>, fromMs = -Infinity, toMs = Infinity) =>
  rows.filter(({ tradeTimeMs }) => tradeTimeMs >= fromMs && tradeTimeMs < toMs).map(({ id }) => id);

/** What is called known holds exactly the trades of its stretch. */
const assertKnown = (known: ReadonlyArray<KnownTrades>, rows: ReadonlyArray<Trade>) => {
  for (const { fromMs, toMs, rows: said } of known) {
    const within = said.filter(({ tradeTimeMs }) => tradeTimeMs >= fromMs && tradeTimeMs < toMs);
    assert.sameMembers(
      within.map(({ id }) => id),
      idsOf(rows, fromMs, toMs),
      `${fromMs} to ${toMs}`,
    );
  }
};

describe("trades read back in pages", () => {
  it("are never called complete in a millisecond that a page cuts, until the next page has the rest of it", () => {
    const rows = [row(now - 9_000), ...[0, 1, 2, 3].map((nth) => row(now - 5_000, nth)), row(now - 1_000)];
    const { known, ids } = readAll(range(now - 8_000), { rows, crosses: true });
    assert.deepStrictEqual(
      known.map(({ fromMs, toMs }) => [fromMs - now, toMs - now]),
      [
        [-4_999, Infinity],
        [-8_999, -4_999],
      ],
    );
    assertKnown(known, rows);
    assert.deepStrictEqual(ids, idsOf(rows, now - 8_000));
  });

  it("may fill pages with a single millisecond", () => {
    const rows = [row(now - 9_000), ...Array.from({ length: 11 }, (_, nth) => row(now - 5_000, nth)), row(now - 1_000)];
    const { known, ids, queries } = readAll(range(now - 8_000), { rows, crosses: true });
    assertKnown(known, rows);
    assert.deepStrictEqual(ids, idsOf(rows, now - 8_000));
    assert.strictEqual(queries.length, 5);
  });

  it("are found over midnights, however the exchange reads a question without a day", () => {
    const rows = Array.from({ length: 40 }, (_, at) => row(now - 7 * dayMs + 3_600_000 * (4 * at + 1), at % 2));
    for (const crosses of [true, false]) {
      const exchange = { rows, crosses };
      for (const [fromMs, toMs] of [
        [now - 7 * dayMs + 7_200_000, undefined],
        [now - 5 * dayMs, now - 3 * dayMs],
        [now - 2 * dayMs - 5, now - 2 * dayMs + 3_600_000],
        [now - 4 * dayMs, Math.floor(now / dayMs) * dayMs - 2 * dayMs],
      ] as const) {
        const { known, ids, reading } = readAll(range(fromMs, toMs), exchange);
        assert.isTrue(reading.isWhole);
        assert.deepStrictEqual(ids, idsOf(rows, fromMs, toMs));
        assertKnown(known, rows);
      }
      assert.deepStrictEqual(readAll(question({ count: 20 }), exchange).ids, idsOf(rows).slice(-20));
      const before = rows[20]?.id ?? "";
      const { ids, known } = readAll(question({ count: 12, before }), exchange);
      assert.deepStrictEqual(ids, idsOf(rows).slice(8, 20));
      assertKnown(known, rows);
      assert.deepStrictEqual(
        readAll(question({ count: 5, toMs: now - 3 * dayMs }), exchange).ids,
        idsOf(rows, 0, now - 3 * dayMs).slice(-5),
      );
      assert.deepStrictEqual(readAll(question({ count: 999 }), exchange).ids, idsOf(rows), "as many as there are");
    }
  });

  it("of a market in which nobody traded are known to be none, as far back as the exchange certainly gives them", () => {
    for (const crosses of [true, false]) {
      const { known, ids, reading } = readAll(range(now - 3 * dayMs), { rows: [], crosses });
      assert.deepStrictEqual([ids, reading.isWhole], [[], true]);
      assertKnown(known, []);
      assert.isAtMost(Math.min(...known.map(({ fromMs }) => fromMs)), now - 3 * dayMs);
      const further = readAll(range(now - 7 * dayMs), { rows: [], crosses });
      assert.isFalse(further.reading.isWhole, "of the seventh day back a part may be forgotten");
      assert.isAbove(further.reading.edgeMs ?? 0, now - 7 * dayMs);
    }
  });

  it("further back than the exchange gives end where it ends, and say so", () => {
    const rows = [row(now - 9 * dayMs), row(now - 6 * dayMs), row(now - dayMs)];
    const { ids, known, reading } = readAll(range(now - 8 * dayMs), { rows, crosses: true });
    assert.isFalse(reading.isWhole);
    assert.deepStrictEqual(ids, idsOf(rows).slice(1));
    for (const { fromMs } of known) assert.isAbove(fromMs, now - 7 * dayMs);
    assert.deepStrictEqual(
      readAll(range(now - 9 * dayMs, now - 8 * dayMs), { rows, crosses: true }).queries,
      [],
      "nothing is asked in vain",
    );
  });

  it("begin at the right day although our clock is ahead of the exchange's over midnight", () => {
    const midnight = Math.floor(now / dayMs) * dayMs;
    const nowMs = midnight - 30 * second;
    const rows = [row(midnight - 3 * dayMs + 5_000), row(midnight - 2 * dayMs + 5_000), row(midnight - dayMs + 5_000)];
    for (const crosses of [true, false]) {
      for (const wallMs of [nowMs, nowMs + 60 * second, nowMs + 600 * second, nowMs - 600 * second]) {
        const [fromMs, toMs] = [midnight - 2 * dayMs, midnight - 2 * dayMs + 6_000];
        const { ids, known, reading } = readAll(range(fromMs, toMs), { rows, crosses, nowMs }, 3, wallMs);
        assert.deepStrictEqual([ids, reading.isWhole], [idsOf(rows, fromMs, toMs), true]);
        assertKnown(known, rows);
      }
    }
  });

  it("that do not go down in time are given, and of them nothing is called complete but what stands in order below", () => {
    const rows = [row(now - 9_000), row(now - 8_000), row(now - 7_000), row(now - 4_000), row(now - 6_000), row(now - 2_000)];
    const { ids, known } = readAll(range(now - 9_500), { rows: [row(now - 10_000), ...rows], crosses: true });
    assert.sameMembers(ids, idsOf(rows));
    assert.deepStrictEqual(ids, [...ids].sort(), "in order all the same");
    for (const { toMs } of known) assert.isAtMost(toMs, now - 7_000);
  });

  it("that come again and again end a question instead of going on for ever", () => {
    const page = [row(now - 5), row(now - 9)];
    // Rows of the question, and rows above it.
    for (const toMs of [undefined, now - 1_000]) {
      const reading = new TradeReading(range(now - dayMs, toMs), 2, now);
      let asked = 0;
      for (; reading.next() !== undefined && asked < 100; asked++) reading.page(page, both);
      assert.isAtMost(asked, 9);
      assert.isFalse(reading.isWhole);
    }
  });

  it("are not asked for where they are kept, and go on below", () => {
    const rows = Array.from({ length: 12 }, (_, at) => row(now - 12_000 + 1_000 * at));
    const exchange = { rows, crosses: true };
    const reading = new TradeReading(range(now - 12_000), 3, now);
    const first = reading.next();
    assert.deepStrictEqual(first, { count: 3 });
    reading.page(serve(exchange, { count: 3 }), both);
    assert.strictEqual(reading.edgeMs, now - 2_999);
    reading.kept(rows.slice(4, 10), now - 8_500);
    const next = reading.next();
    assert.deepStrictEqual(next, { count: 3, before: rows[4]?.id, daysAgo: undefined });
    const found = reading.page(serve(exchange, next ?? { count: 0 }), both);
    assert.deepStrictEqual([found?.fromMs, found?.toMs], [now - 10_999, now - 8_500]);
    reading.kept(rows.slice(0, 2), now - 12_000);
    assert.isUndefined(reading.next());
    assert.deepStrictEqual(
      reading.result().map(({ id }) => id),
      idsOf(rows),
    );
  });
});

const both = { earliestMs: now, latestMs: now };
