/** Asks an emulated exchange without any client: one request, or one socket whose frames are read at chosen times. */
import { ExchangeModel, type ExchangeOptions } from "../../src/index.ts";

/** Wednesday 2026-01-07 12:17:42 in Korea. */
export const now = Date.UTC(2026, 0, 7, 3, 17, 42, 123);

const ip = "10.0.0.1";

export const makeExchange = (profile: ExchangeOptions["profile"], options: ExchangeOptions = {}): ExchangeModel =>
  new ExchangeModel({ seed: 1, profile, ...options, limits: { perWindow: 1_000_000, connectsPerSecond: 1_000, ...options.limits } });

export const ask = (exchange: ExchangeModel, target: string, nowMs = now, headers: Record<string, string> = {}) => {
  const outcome = exchange.handleRest({ method: "GET", target, headers, ip }, nowMs);
  if (outcome._tag !== "Response") throw new Error(`no response: ${outcome._tag}`);
  return { ...outcome, text: new TextDecoder().decode(outcome.body) };
};

/** Rows with numbers as the text they were spelled in. */
export const rowsOf = (text: string): ReadonlyArray<Record<string, string | null>> =>
  JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) => (typeof value === "number" ? context?.source : value));

/** Opens a socket, sends messages at once, and returns what has left after `forMs`. */
export const talk = (exchange: ExchangeModel, messages: ReadonlyArray<unknown>, forMs = 1_000, nowMs = now) => {
  const outcome = exchange.upgrade({ method: "GET", target: "/websocket/v1", headers: {}, ip }, nowMs);
  if (outcome._tag !== "Accepted") throw new Error(`refused: ${JSON.stringify("status" in outcome ? outcome.status : outcome)}`);
  const { session } = outcome.driven;
  for (const message of messages) session.receive(typeof message === "string" ? message : JSON.stringify(message), nowMs);
  const outputs = session.poll(nowMs + forMs);
  return {
    headers: outcome.headers,
    frames: outputs.flatMap((output) => (output._tag === "Frame" ? [output.text] : [])),
    close: outputs.find((output) => output._tag === "Close"),
    /** When the connection ended, since `nowMs`. */
    closedAfterMs:
      exchange.ledger.connections().at(-1)?.closed === undefined
        ? undefined
        : (exchange.ledger.connections().at(-1)?.closed?.atMs ?? 0) - nowMs,
  };
};

/** The first frames of a subscription, which is of snapshots only. */
export const snapshots = (exchange: ExchangeModel, types: ReadonlyArray<object>, format?: string): ReadonlyArray<string> =>
  talk(exchange, [
    [
      { ticket: "t" },
      ...types.map((type) => ({ is_only_snapshot: true, isOnlySnapshot: true, ...type })),
      ...(format === undefined ? [] : [{ format }]),
    ],
  ]).frames;
