/** Step 2: a market whose stream is live is answered from memory, without a request. */
import type { Ticker } from "@naru/router/domain/Ticker";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import { duration, grouped } from "../render/numbers.ts";
import { isLive } from "./elements.ts";
import { follow } from "./Follower.ts";
import { timed } from "./Stage.ts";
import { claim, same, type Step } from "./Step.ts";

export const hotAnswer: Step = {
  title: "A hot answer, from memory",
  play: ({ data, ledger, market, patienceMs }) =>
    Effect.scoped(
      Effect.gen(function* () {
        const tickers = yield* follow<Ticker>(data.streamTickerEvents(market), patienceMs);
        const spoke = yield* tickers.await(isLive);
        const before = ledger.restCount();
        const { value: answer, tookMs } = yield* timed(data.getTicker(market));
        const { tier, channel, confirmedAgeMs } = answer.provenance;
        return {
          shown: [
            `${market} ${grouped(answer.value.price)} in ${duration(tookMs)}, confirmed ${duration(confirmedAgeMs)} ago over ${channel}`,
          ],
          claims: [
            claim("its stream is live", Option.isSome(spoke)),
            same("tier", tier, "hot_cache"),
            same("channel", channel, "websocket"),
            same("requests the exchange saw", ledger.restCount() - before, 0),
          ],
        };
      }),
    ),
};
