/** Groups of cases, for `--only`. No case has the name of a group. */
export const groups = {
  decode: ["decode-bytes", "decode-schema"],
  stream: ["stream-flood", "stream-paced"],
  fanout: ["fanout-consumers"],
  rest: ["rest-calls", "rest-tickers"],
  hot: ["hot-ticker", "hot-store", "live"],
  limiter: ["limiter-effect", "limiter-bottleneck", "limiter-ccxt"],
  candles: ["candle-pages", "candle-history"],
  startup: ["startup-import", "startup-command"],
  market: ["market-wide"],
  scale: ["scale-markets", "scale-subscribers", "scale-rates", "scale-keys", "scale-history"],
} as const satisfies Readonly<Record<string, ReadonlyArray<string>>>;
