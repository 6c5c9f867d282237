/**
 * The markets of the emulated exchange: real, well-known coins with their Korean and English names, at made-up prices of a plausible size.
 * `trades` is the mean number of trades a minute; the quiet ones have many empty minutes, which is what makes candles miss and tickers age.
 * A market's prices are integers of 10^-decimals, chosen so that about eight digits lie before the point and every sum stays exact.
 */
import { hashText } from "./Hash.ts";
import { parseUnits, type Quote, TickTable } from "./TickSize.ts";

export interface MarketSpec {
  /** `KRW-BTC`: quote first. */
  readonly code: string;
  readonly quote: Quote;
  readonly base: string;
  readonly korean: string;
  readonly english: string;
  /** Prices are integers in units of 10^-decimals of the quote currency. */
  readonly decimals: number;
  /** The price the path swings around, in units. */
  readonly reference: number;
  /** Mean trades a minute. */
  readonly rate: number;
  /** How far the price swings: 1 for an ordinary coin, near 0 for one pegged to a currency. */
  readonly volatility: number;
  /** Size of an ordinary trade in 1e-8 of the base currency. */
  readonly size: number;
  /** A book of this market changes this often, in milliseconds; a multiple of 100. */
  readonly bookPeriodMs: number;
  /** Levels a side really has; the wire pads to 30 with zeros. */
  readonly depth: number;
  readonly warning: boolean;
  /** The automatic cautions that are on. */
  readonly cautions: ReadonlyArray<string>;
  readonly ticks: TickTable;
  /** The market's own 32-bit seed. */
  readonly seed: number;
}

/** `[base, Korean name, English name, price, mean trades a minute, anything else]` */
export type Row = readonly [base: string, korean: string, english: string, price: string, trades: number, more?: Partial<MarketSpec>];

const krw: ReadonlyArray<Row> = [
  ["BTC", "비트코인", "Bitcoin", "114000000", 24, { bookPeriodMs: 100 }],
  ["ETH", "이더리움", "Ethereum", "4800000", 16, { bookPeriodMs: 100 }],
  ["XRP", "엑스알피(리플)", "XRP", "3200", 20, { bookPeriodMs: 100 }],
  ["SOL", "솔라나", "Solana", "238000", 10, { bookPeriodMs: 200 }],
  ["DOGE", "도지코인", "Dogecoin", "242", 8, { bookPeriodMs: 200 }],
  ["USDT", "테더", "Tether", "1452", 3, { volatility: 0.04 }],
  ["ADA", "에이다", "Cardano", "840", 2],
  ["TRX", "트론", "TRON", "462", 1.5],
  ["AVAX", "아발란체", "Avalanche", "28600", 1],
  ["LINK", "체인링크", "Chainlink", "22400", 1],
  ["BCH", "비트코인캐시", "Bitcoin Cash", "742000", 0.7],
  ["ETC", "이더리움클래식", "Ethereum Classic", "24300", 0.7],
  ["SUI", "수이", "Sui", "4150", 2],
  ["XLM", "스텔라루멘", "Stellar Lumens", "412", 1],
  ["HBAR", "헤데라", "Hedera", "268", 0.8],
  ["SHIB", "시바이누", "Shiba Inu", "0.0142", 1],
  ["PEPE", "페페", "PEPE", "0.0118", 1, { cautions: ["PRICE_FLUCTUATIONS"] }],
  ["DOT", "폴카닷", "Polkadot", "4870", 0.5],
  ["ATOM", "코스모스", "Cosmos", "5120", 0.3],
  ["SAND", "샌드박스", "The Sandbox", "318", 0.3],
  ["SEI", "세이", "Sei", "271", 0.4],
  ["ZIL", "질리카", "Zilliqa", "12.4", 0.15, { warning: true, cautions: ["GLOBAL_PRICE_DIFFERENCES"] }],
];

const btc: ReadonlyArray<Row> = [
  ["ETH", "이더리움", "Ethereum", "0.04210000", 0.4],
  ["XRP", "엑스알피(리플)", "XRP", "0.00002810", 0.3],
  ["SOL", "솔라나", "Solana", "0.00209000", 0.1],
  ["ADA", "에이다", "Cardano", "0.00000737", 0.05],
  ["LINK", "체인링크", "Chainlink", "0.00019650", 0.04, { depth: 18 }],
  ["DOT", "폴카닷", "Polkadot", "0.00004270", 0.02, { depth: 12 }],
  ["ATOM", "코스모스", "Cosmos", "0.00004490", 0.01, { depth: 7, cautions: ["GLOBAL_PRICE_DIFFERENCES"] }],
];

const usdt: ReadonlyArray<Row> = [
  ["BTC", "비트코인", "Bitcoin", "78500", 2, { bookPeriodMs: 300 }],
  ["ETH", "이더리움", "Ethereum", "3300", 1],
  ["XRP", "엑스알피(리플)", "XRP", "2.204", 0.6],
  ["SOL", "솔라나", "Solana", "163.9", 0.3],
  ["DOGE", "도지코인", "Dogecoin", "0.1667", 0.2],
  ["ADA", "에이다", "Cardano", "0.5785", 0.1],
  ["TRX", "트론", "TRON", "0.3182", 0.05, { depth: 22 }],
];

/** All markets, in the order the exchange lists them. The seed decides their prices, never their names. */
export const makeCatalogue = (seed: number): ReadonlyArray<MarketSpec> => [
  ...krw.map((row) => specOf("KRW", row, seed)),
  ...btc.map((row) => specOf("BTC", row, seed)),
  ...usdt.map((row) => specOf("USDT", row, seed)),
];

/** The size of an ordinary trade in quote currency. */
const ordinaryTrade = { KRW: 200_000, BTC: 0.002, USDT: 150 } as const;

/** A market of the exchange from a row of the catalogue. */
export const specOf = (quote: Quote, [base, korean, english, price, rate, more]: Row, seed: number): MarketSpec => {
  const decimals = decimalsFor(Number(price));
  const reference = parseUnits(price, decimals) ?? 0;
  const code = `${quote}-${base}`;
  const money = quote === "KRW" && Number(price) < 1 ? 10_000 : ordinaryTrade[quote];
  return {
    code,
    quote,
    base,
    korean,
    english,
    decimals,
    reference,
    rate,
    volatility: 1,
    size: Math.max(100, Math.round((money / Number(price)) * 1e8)),
    bookPeriodMs: rate >= 1 ? 500 : rate >= 0.3 ? 2_000 : 10_000,
    depth: 30,
    warning: false,
    cautions: [],
    ticks: new TickTable(quote, decimals),
    seed: hashText(seed, code),
    ...more,
  };
};

/** As many decimals as leave about eight digits in all, at most 8. */
const decimalsFor = (price: number): number => {
  let decimals = 0;
  for (let scaled = price; scaled < 1e7 && decimals < 8; scaled *= 10) decimals++;
  return decimals;
};
