/** Step 3: callers that know nothing of each other ask for one market each at the same moment; the exchange sees one request. */
import * as Effect from "effect/Effect";
import { counted, duration } from "../render/numbers.ts";
import { timed } from "./Stage.ts";
import { claim, same, type Step } from "./Step.ts";

const markets = [
  "XRP",
  "SOL",
  "DOGE",
  "ADA",
  "TRX",
  "AVAX",
  "LINK",
  "BCH",
  "ETC",
  "SUI",
  "XLM",
  "HBAR",
  "SHIB",
  "PEPE",
  "DOT",
  "ATOM",
  "SAND",
  "SEI",
].map((base) => `KRW-${base}`);

export const coalescedBatch: Step = {
  title: "Many callers, one request",
  play: ({ data, ledger }) =>
    Effect.gen(function* () {
      const before = ledger.restCount("/v1/ticker");
      const { value: answers, tookMs } = yield* timed(
        Effect.forEach(markets, (market) => data.getTicker(market), { concurrency: "unbounded" }),
      );
      const requests = ledger.restCount("/v1/ticker") - before;
      return {
        shown: [`${counted(answers.length, "caller")} asked for one market each: ${counted(requests, "request")}, ${duration(tookMs)}`],
        claims: [
          same("requests the exchange saw", requests, 1),
          claim(
            "each got its own market",
            answers.every((answer, i) => answer.value.market === markets[i]),
          ),
        ],
      };
    }),
};
