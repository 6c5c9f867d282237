/** The short way to order REST faults from a test: an answer of one's own, a hang, a reset, for requests of a path or picked by a function. */
import type { Fault } from "./Fault.ts";
import type { RequestTarget } from "./Hooks.ts";

export interface FaultResponse {
  /** Default 200. */
  readonly status?: number | undefined;
  /** Added to the usual headers; `undefined` removes one. Names in lower case. */
  readonly headers?: Readonly<Record<string, string | undefined>> | undefined;
  /** Default: empty. Bytes go out as they are. */
  readonly body?: string | Uint8Array | undefined;
  /** Only this many bytes of the body are sent, then the connection breaks. */
  readonly cutAfter?: number | undefined;
}

/** `hang`: no answer ever. `reset`: the connection breaks before any answer. */
export type RestFault = "hang" | "reset" | FaultResponse;

/** What a predicate may look at. */
export type FaultTarget = Pick<RequestTarget, "path" | "query">;

/** A path such as `/v1/candles`, which stands for everything below it too, or a predicate. */
export type FaultMatch = string | ((target: FaultTarget) => boolean);

/** The fault of the vocabulary that does it. */
export const faultOf = (given: RestFault): Extract<Fault, { readonly verb: "hang" | "reset" | "answer" }> => {
  if (typeof given === "string") return { verb: given };
  const { status, headers = {}, body = "", cutAfter } = given;
  return {
    verb: "answer",
    status,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value ?? null])),
    cutAfter,
    ...(typeof body === "string" ? { body } : { base64: Buffer.from(body).toString("base64") }),
  };
};

export const matchOf = (match: FaultMatch): ((target: FaultTarget) => boolean) | undefined =>
  typeof match === "function" ? match : undefined;
