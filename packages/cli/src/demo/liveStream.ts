/** Step 5: trades come over the socket as they happen, each once, with the ids that the exchange sent. */
import type { Ledger } from "@naru/sim/Ledger";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import { elementLine } from "../render/elements.ts";
import { plain } from "../render/style.ts";
import { isLive, isTrade } from "./elements.ts";
import { claim, same, type Step } from "./Step.ts";

const wanted = 5;

export const liveStream: Step = {
  title: "A stream, each trade once",
  play: ({ ledger, market, trade, trades }) =>
    Effect.gen(function* () {
      const open = yield* trades.await(isLive);
      const made = yield* Effect.forEach(Array.from({ length: wanted }), () => trade);
      const arrived = yield* Effect.forEach(made, (id) => trades.await(isTrade(id)), { concurrency: "unbounded" });
      const received = trades.elements().filter(isLive);
      const ids = received.map(({ value }) => value.id);
      const sent = sentIds(ledger, market);
      return {
        shown: received.slice(-3).map((element) => elementLine({ kind: "trades", element }, { venue: "sim", simulated: true }, plain)),
        claims: [
          claim("the stream is live", Option.isSome(open)),
          same("trades made at the exchange that arrived", arrived.filter(Option.isSome).length, wanted),
          same("received twice", ids.length - new Set(ids).size, 0),
          same("received but not in the exchange's ledger", ids.filter((id) => !sent.has(id)).length, 0),
        ],
      };
    }),
};

/** Ids of the trades of a market that the exchange has sent, read from the frames' text: they do not fit a double. */
const sentIds = (ledger: Ledger, market: string): ReadonlySet<string> =>
  new Set(
    ledger.frames({ direction: "out", kind: "trade", market }).flatMap(({ text }) => /"(?:sequential_id|sid)":(\d+)/.exec(text)?.[1] ?? []),
  );
