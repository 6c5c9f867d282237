/** Groups of cases, for `--only`. No case has the name of a group. */
export const groups = {
  decode: ["decode-bytes", "decode-schema"],
  hot: ["hot-ticker", "hot-store", "live"],
  limiter: ["limiter-effect", "limiter-bottleneck", "limiter-ccxt"],
  candles: ["candle-history"],
  startup: ["startup-command"],
} as const satisfies Readonly<Record<string, ReadonlyArray<string>>>;
