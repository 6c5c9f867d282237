/** Step 1: nothing is known yet, so the first question is answered over REST, by one request that the exchange saw. */
import * as Effect from "effect/Effect";
import { duration, grouped } from "../render/numbers.ts";
import { timed } from "./Stage.ts";
import { claim, same, type Step } from "./Step.ts";

const market = "KRW-ETH";

export const firstAnswer: Step = {
  title: "A first answer, over REST",
  play: ({ data, ledger }) =>
    Effect.gen(function* () {
      const before = ledger.restCount("/v1/ticker");
      const { value: answer, tookMs } = yield* timed(data.getTicker(market));
      const { tier, channel, simulated, stale } = answer.provenance;
      return {
        shown: [`${market} ${grouped(answer.value.price)} in ${duration(tookMs)}, by ${tier} over ${channel}`],
        claims: [
          same("channel", channel, "rest"),
          same("requests the exchange saw", ledger.restCount("/v1/ticker") - before, 1),
          claim("labelled as simulated, and not stale", simulated && !stale),
        ],
      };
    }),
};
