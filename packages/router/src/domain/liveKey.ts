/** Which live key can answer a question, if any: the socket knows the newest ticker, book and trade, and the candle that is forming. */
import { asksNewest, type Question } from "./Question.ts";
import type { StreamKey } from "./StreamKey.ts";

export const liveKeyOf = (question: Question): StreamKey | undefined => {
  switch (question.kind) {
    case "ticker":
      return { kind: "ticker", market: question.market };
    case "orderbook":
      return { kind: "orderbook", market: question.market, levels: question.levels };
    case "trades":
      return question.count === 1 && asksNewest(question) ? { kind: "trades", market: question.market } : undefined;
    case "candles":
      return question.count === 1 && question.fromMs === null && question.toMs === null && question.forming === "include"
        ? { kind: "candles", market: question.market, interval: question.interval }
        : undefined;
  }
};
