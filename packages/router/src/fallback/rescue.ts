/** What the end of a router's call means for the one who stands behind it: whether asking directly can help, and whose fault it was. Pure. */
import type { Provenance } from "../domain/Provenance.ts";
import type { MarketDataError } from "../errors/MarketDataError.ts";

/**
 * - `answered`
 * - `final`: about the question, or refused by limits of our own: nobody else could do better, and it says nothing about the router.
 * - `limited`: the exchange refuses us, or who answers cannot prove to be it. Asking another way would make it worse, or be the same.
 * - `failed`: it did not answer, or only with an old value.
 * - `dead`: there is no router any more.
 */
export type CallEnd = "answered" | "final" | "limited" | "failed" | "dead";

export const endOfError = (error: MarketDataError): CallEnd => {
  switch (error._tag) {
    case "InvalidRequest":
    case "MarketUnknown":
    case "NeverTraded":
    case "Unauthorized":
    case "Overloaded":
      return "final";
    case "RateLimited":
      return error.status === null ? "final" : "limited";
    case "NetworkError":
      return error.retryable ? "failed" : "limited";
    case "StaleData":
      return isLimited(error.staleReason) ? "final" : "failed";
    case "Closed":
      return "dead";
    default:
      return "failed";
  }
};

/** Reads turned away from a key take its old value by their own wish. */
export const endOfAnswer = ({ staleReason }: Pick<Provenance, "staleReason">): CallEnd => {
  if (staleReason === null || staleReason === "transition") return "answered";
  return isLimited(staleReason) ? "final" : "failed";
};

/** By the exchange or by ourselves: the label of an old value does not tell, so it is held against nobody. */
const isLimited = (reason: string): boolean => reason === "limited" || reason === "banned";

/** A deadline shorter than this, in milliseconds, says nothing about anybody when it is over. */
export const patientMs = 2_000;

/** Whether a failure says anything about those who were asked. */
export const isTelling = (error: MarketDataError): boolean =>
  error._tag !== "CircuitOpen" && !(error._tag === "TimeoutError" && error.phase === "deadline" && error.timeoutMs < patientMs);
