/**
 * Tick sizes as the exchange publishes them: the KRW table is the one in force since 2025-07-31, the USDT table since 2024-08-19, and the BTC
 * market has one tick everywhere. Prices here are integers in a market's own unit of 10^-decimals, so a tick is an integer too; a tick finer
 * than the unit (only reachable by scripted prices far below the market's own) counts as one unit.
 */

export type Quote = "KRW" | "BTC" | "USDT";

/** `[from, tick]`, both in quote currency, highest first. The last row starts at 0. */
const krw: ReadonlyArray<readonly [string, string]> = [
  ["1000000", "1000"],
  ["500000", "500"],
  ["100000", "100"],
  ["50000", "50"],
  ["10000", "10"],
  ["5000", "5"],
  ["100", "1"],
  ["10", "0.1"],
  ["1", "0.01"],
  ["0.1", "0.001"],
  ["0.01", "0.0001"],
  ["0.001", "0.00001"],
  ["0.0001", "0.000001"],
  ["0.00001", "0.0000001"],
  ["0", "0.00000001"],
];

const usdt: ReadonlyArray<readonly [string, string]> = [
  ["10", "0.01"],
  ["1", "0.001"],
  ["0.1", "0.0001"],
  ["0.01", "0.00001"],
  ["0.001", "0.000001"],
  ["0.0001", "0.0000001"],
  ["0", "0.00000001"],
];

const tables = { KRW: krw, BTC: [["0", "0.00000001"]] as const, USDT: usdt };

/** Reads `text` as an integer in units of 10^-decimals; `undefined` when it is no decimal or does not fit exactly. */
export const parseUnits = (text: string, decimals: number): number | undefined => {
  const match = /^(\d{1,15})(?:\.(\d{1,16}))?$/.exec(text);
  if (match === null) return undefined;
  const fraction = (match[2] ?? "").replace(/0+$/, "");
  if (fraction.length > decimals) return undefined;
  const units = Number((match[1] ?? "0") + fraction.padEnd(decimals, "0"));
  return Number.isSafeInteger(units) ? units : undefined;
};

/** The tick table of a quote currency in a market's own units. */
export class TickTable {
  private readonly from: ReadonlyArray<number>;
  private readonly ticks: ReadonlyArray<number>;
  /** The band asked for last: the next price is nearly always in it. */
  private band = 0;

  constructor(quote: Quote, decimals: number) {
    const rows = tables[quote].map(([from, tick]) => [scaled(from, decimals), Math.max(1, scaled(tick, decimals))] as const);
    this.from = rows.map((row) => row[0]);
    this.ticks = rows.map((row) => row[1]);
  }

  /** The tick in force at `price`. */
  at(price: number): number {
    let i = this.band;
    while (i > 0 && price >= (this.from[i - 1] ?? 0)) i--;
    while (i < this.from.length - 1 && price < (this.from[i] ?? 0)) i++;
    this.band = i;
    return this.ticks[i] ?? 1;
  }

  /** The nearest price on the grid, never below one tick. */
  round(price: number): number {
    const tick = this.at(price);
    return Math.max(tick, Math.round(price / tick) * tick);
  }

  /** The next price on the grid above `price`. */
  up(price: number): number {
    const tick = this.at(price);
    return (Math.floor(price / tick) + 1) * tick;
  }

  /** The next price on the grid below `price`; 0 when there is none. */
  down(price: number): number {
    const tick = this.at(price - 1);
    return Math.max(0, (Math.ceil(price / tick) - 1) * tick);
  }
}

/** A published figure in units, rounded down where the unit is coarser. */
const scaled = (text: string, decimals: number): number => {
  const [whole = "0", fraction = ""] = text.split(".");
  return Number(whole + fraction.slice(0, decimals).padEnd(decimals, "0"));
};
