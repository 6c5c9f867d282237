/**
 * A page of candles over REST from its bytes: to rows with exact numbers, or to columns of doubles without an object for a row. Like the frames of
 * the socket, rows are expected to be like the row before them, and a page with anything odd in it is the general path's.
 */
import type { Candle } from "@naru/router/domain/Candle";
import type { Interval } from "@naru/router/domain/Interval";
import type { Market } from "@naru/router/domain/Market";
import { type CandleColumns, makeColumns, sliceColumns } from "@naru/router/domain/CandleColumns";
import { DecodeError } from "@naru/router/errors/MarketDataError";
import { dayCandle, isOnGrid, minuteCandle, minutesOf, type RestRow, restCandle, secondCandle, toRestCandle } from "../CandleShape.ts";
import * as longPlans from "../generated/plans/longCandles.ts";
import * as shortPlans from "../generated/plans/shortCandles.ts";
import { ObjectScanner } from "./ObjectScanner.ts";
import { Slots } from "./Slots.ts";

/** A full page of 200 rows with every field has 90 kB. */
const maxBytes = 262_144;
/** The exchange sends no more rows. */
const maxRows = 200;

const [comma, openBracket, closeBracket, openBrace] = [44, 91, 93, 123] as const;

export class CandlePageScanner {
  readonly #objects = new ObjectScanner(maxBytes);
  readonly #tables = new Map<object, RowTable>();

  /** The rows in the order of the page, their state judged at `exchangeNowMs`; undefined when the general path is to read it. */
  rows(body: Uint8Array, interval: Interval, exchangeNowMs: number): ReadonlyArray<Candle> | undefined {
    const table = this.#tableOf(interval);
    const toCandle = toRestCandle(interval, exchangeNowMs);
    const rows: Array<Candle> = [];
    const isWhole = this.#scan(body, table, () => {
      const candle = toCandle(table.row(this.#objects), "");
      if (candle instanceof DecodeError) return false;
      rows.push(candle);
      return true;
    });
    return isWhole ? rows : undefined;
  }

  /** The rows as columns, oldest first; undefined when they are not all of `market`, not newest first as the exchange sends them, or odd. */
  columns(body: Uint8Array, market: Market, interval: Interval): CandleColumns | undefined {
    const table = this.#tableOf(interval);
    const columns = makeColumns(market, interval, maxRows);
    const objects = this.#objects;
    const { mantissas } = objects;
    const { places } = table;
    const unit = minutesOf(interval);
    const double = (place: number): number => {
      const nearest = objects.doubleAt(place);
      return nearest === nearest ? nearest : objects.decimalAt(place).number;
    };
    let at = maxRows;
    let newerMs = Number.POSITIVE_INFINITY;
    const isWhole = this.#scan(body, table, () => {
      const openTimeMs = mantissas[places.openTimeMs]!;
      const isUnit = places.unit < 0 || mantissas[places.unit] === unit;
      if (objects.values[places.market] !== market || openTimeMs >= newerMs || !isUnit || !isOnGrid(interval, openTimeMs)) return false;
      newerMs = openTimeMs;
      at--;
      columns.openTimeMs[at] = openTimeMs;
      columns.lastTradeTimeMs[at] = mantissas[places.lastTradeTimeMs]!;
      columns.open[at] = double(places.open);
      columns.high[at] = double(places.high);
      columns.low[at] = double(places.low);
      columns.close[at] = double(places.close);
      columns.volume[at] = double(places.volume);
      columns.value[at] = double(places.value);
      return true;
    });
    return isWhole ? sliceColumns(columns, at, maxRows) : undefined;
  }

  /** Calls `take` for each row, whose values lie in their places until the next. False when a row is odd, or `take` says so. */
  #scan(body: Uint8Array, { slots }: RowTable, take: () => boolean): boolean {
    const objects = this.#objects;
    const { bytes } = objects;
    if (!objects.load(body) || bytes[0] !== openBracket) return false;
    if (bytes[1] === closeBracket) return objects.limit === 2;
    let at = 1;
    for (let row = 0; row < maxRows; row++) {
      if (bytes[at] !== openBrace) return false;
      const end =
        slots.plan === undefined ? objects.planned(slots, at + 1, 0, slots.steps.length) : slots.plan.read(objects, slots, at + 1);
      at = end < 0 ? this.#withCare(slots, at + 1) : end;
      if (at < 0) return false;
      if (end >= 0) slots.followed();
      if (!take()) return false;
      if (bytes[at] === closeBracket) return at + 1 === objects.limit;
      if (bytes[at++] !== comma) return false;
    }
    return false;
  }

  #withCare(slots: Slots, from: number): number {
    slots.begin();
    const end = this.#objects.members(slots, from);
    if (end >= 0) slots.learn(0);
    return end;
  }

  #tableOf(interval: Interval): RowTable {
    const shape = restCandle(interval);
    let table = this.#tables.get(shape);
    if (table === undefined) this.#tables.set(shape, (table = new RowTable(interval)));
    return table;
  }
}

/** One shape of rows, and where the values of a row lie. */
class RowTable {
  readonly slots: Slots;
  readonly places;

  constructor(interval: Interval) {
    const shape = restCandle(interval);
    this.slots = new Slots(shape.fields, "full", 0, { usual: planOf(shape) });
    const place = (name: string) => this.slots.names.indexOf(name);
    this.places = {
      ...{ market: place("market"), openTimeMs: place("openTimeMs"), lastTradeTimeMs: place("lastTradeTimeMs"), unit: place("unit") },
      ...{ open: place("open"), high: place("high"), low: place("low"), close: place("close") },
      ...{ volume: place("volume"), value: place("value") },
      ...{ previousClose: place("previousClose"), changeAmount: place("changeAmount"), changeRatio: place("changeRatio") },
      ...{ convertedClose: place("convertedClose"), firstDay: place("firstDay") },
    };
  }

  row(s: ObjectScanner): RestRow {
    const { places, slots } = this;
    const decimal = (place: number) => (place >= 0 && slots.filled[place] === 1 ? s.decimalAt(place) : undefined);
    return {
      market: s.values[places.market] as Market,
      openTimeMs: s.mantissas[places.openTimeMs]!,
      openTimeKorea: undefined,
      open: s.decimalAt(places.open),
      high: s.decimalAt(places.high),
      low: s.decimalAt(places.low),
      close: s.decimalAt(places.close),
      volume: s.decimalAt(places.volume),
      value: s.decimalAt(places.value),
      lastTradeTimeMs: s.mantissas[places.lastTradeTimeMs]!,
      ...(places.unit >= 0 && { unit: s.mantissas[places.unit]! }),
      ...(places.firstDay >= 0 && { firstDay: s.values[places.firstDay] as string }),
      ...(places.changeRatio >= 0 && {
        previousClose: decimal(places.previousClose),
        changeAmount: decimal(places.changeAmount),
        changeRatio: decimal(places.changeRatio),
        convertedClose: decimal(places.convertedClose),
      }),
    };
  }
}

/** The exchange's usual order of a shape's fields. */
const planOf = (shape: ReturnType<typeof restCandle>) => {
  if (shape === secondCandle) return shortPlans.secondCandle;
  if (shape === minuteCandle) return shortPlans.minuteCandle;
  return shape === dayCandle ? longPlans.dayCandle : longPlans.periodCandle;
};
