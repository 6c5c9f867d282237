/** What a type object of a request means: the streams it asks for, and its line in the answer to LIST_SUBSCRIPTIONS. */
import { parseUnits } from "../market/TickSize.ts";
import type { ListedMarkets } from "../market/World.ts";
import type { BookProfile } from "../profile/Profile.ts";
import type { ListedSubscription } from "../wire/SocketFrames.ts";
import { plain } from "../wire/Spelling.ts";
import type { TypeRequest } from "./ClientMessage.ts";
import type { StreamRequest } from "./MarketStream.ts";

/** One stream for each code. Codes that do not exist, or are not in capitals, and levels that cannot be are left out without a word. */
export function* streamRequests(type: TypeRequest, world: ListedMarkets, book: BookProfile): Generator<StreamRequest> {
  const isPlain = type.level === undefined || Number(type.level) === Number(book.plainLevel);
  for (const code of type.codes) {
    const [name = "", suffix] = type.kind === "orderbook" ? code.split(".") : [code];
    const tape = world.tape(name);
    if (tape === undefined) continue;
    const { decimals, quote } = tape.spec;
    const step = isPlain ? 0 : parseUnits(type.level ?? book.plainLevel, decimals);
    if (step === undefined || (step !== 0 && quote !== "KRW")) continue;
    const depth = book.depths.find((known) => suffix === String(known)) ?? book.socketLevels;
    yield { kind: type.kind, tape, depth, step, level: isPlain ? book.plainLevel : plain(step, decimals) };
  }
}

export const listed = (types: ReadonlyArray<TypeRequest>, book: BookProfile): ReadonlyArray<ListedSubscription> =>
  types.map((type) => ({
    type: type.type,
    codes: type.codes,
    level: type.kind === "orderbook" && book.socketLevel === "understood" ? (type.level ?? book.plainLevel) : undefined,
  }));
