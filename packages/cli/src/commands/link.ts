/** `naru link`: the socket examined, and an exit code that says whether all is well. */
import { MarketList } from "@naru/router/cache/MarketList";
import { parseMarket } from "@naru/router/domain/Market";
import type { StreamKey } from "@naru/router/domain/StreamKey";
import type { MarketDataError } from "@naru/router/errors/MarketDataError";
import { Venue } from "@naru/router/transport/Venue";
import * as Effect from "effect/Effect";
import { CommandFailed } from "../CommandFailed.ts";
import { examine } from "../diagnosis/examine.ts";
import { exitCodeOf, problemsOf } from "../diagnosis/Findings.ts";
import type { LinkInput } from "../linkFlags.ts";
import * as output from "../output.ts";
import { withProgress } from "../progress.ts";
import { findingsLines, findingsToJson } from "../render/findings.ts";
import type { Connection } from "../settings.ts";
import type { TapeKind } from "../tapeFlags.ts";
import { withMarketData } from "../venue.ts";

export const link = (flags: Connection, input: LinkInput): Effect.Effect<void, CommandFailed> =>
  withMarketData(
    flags,
    Effect.gen(function* () {
      const { id: venue, simulated } = yield* Venue;
      const keys = yield* keysOf(input.markets, input.kinds);
      const findings = yield* withProgress(examine(keys, input.for), "listening to the link");
      const origin = { venue, simulated };
      yield* flags.json
        ? output.json(findingsToJson(findings, origin))
        : output.lines(findingsLines(findings, origin, yield* output.style));
      if (problemsOf(findings).length > 0) return yield* new CommandFailed({ exitCode: exitCodeOf(findings) });
    }),
  );

/** Each market in each kind, once. An unknown market is refused by name: the socket would answer it with silence. */
const keysOf = (
  markets: ReadonlyArray<string>,
  kinds: ReadonlyArray<TapeKind>,
): Effect.Effect<ReadonlyArray<StreamKey>, MarketDataError, MarketList> =>
  Effect.gen(function* () {
    const list = yield* MarketList;
    const parsed = yield* Effect.forEach([...new Set(markets)], (code) => Effect.fromResult(parseMarket(code)));
    // A venue that cannot list its markets now may still stream them.
    yield* Effect.ignore(list.get);
    yield* Effect.forEach(parsed, list.check, { discard: true });
    return parsed.flatMap((market) =>
      kinds.map((kind): StreamKey => (kind === "orderbook" ? { kind, market, levels: 15 } : { kind, market })),
    );
  });
