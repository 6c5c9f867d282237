/** Whether something failed for want of a network, and what to do then. */

/** Whether the reason of an attempt or of a broken link is the network rather than the exchange. */
export const isNetworkReason = (reason: string): boolean => /\b(?:NetworkError|TimeoutError|CircuitOpen)\b/.test(reason);

/** Advice for who cannot reach the venue; none for a command that asks none, or the one that needs no network. */
export const hintWithoutNetwork = ({ venue }: { readonly venue?: string | undefined }): string | undefined =>
  venue === undefined || venue === "sim" ? undefined : "hint: try --venue sim, the emulated exchange, which needs no network";
