/** The levels of a book as a client has them beside those of the exchange, which pads the thinner side with zeros. */
import type { Orderbook, PriceLevel } from "@naru/router/domain/Orderbook";
import type { Book, BookLevel } from "@naru/sim/market/Book";
import { plain } from "@naru/sim/wire/Spelling";

/** The first difference; `undefined` when every level the client has is the exchange's, in place. */
export const compareLevels = (book: Orderbook, true_: Book, decimals: number): string | undefined =>
  differs("ask", book.asks, true_.asks, decimals) ?? differs("bid", book.bids, true_.bids, decimals);

const differs = (side: string, said: ReadonlyArray<PriceLevel>, levels: ReadonlyArray<BookLevel>, decimals: number): string | undefined => {
  const real = levels.filter((level) => level.size > 0);
  for (const [i, level] of said.entries()) {
    const known = real[i];
    const told = `${level.price.toString()} × ${level.size.toString()}`;
    const is = known === undefined ? "nothing" : `${plain(known.price, decimals)} × ${plain(known.size, 8)}`;
    if (told !== is) return `${side} ${i} is told as ${told} and was ${is}`;
  }
  return undefined;
};
