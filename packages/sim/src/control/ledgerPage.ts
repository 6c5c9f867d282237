/** `GET /_sim/ledger/…`: one page of what the exchange wrote down, and where the next begins. */
import * as Effect from "effect/Effect";
import type { LedgerKind } from "../Ledger.ts";
import { isSecretName } from "@naru/router/tape/secretName";
import { badField, ControlError } from "./ControlError.ts";
import type { Controlled } from "./Controlled.ts";

export const ledgerKinds = [
  "requests",
  "frames",
  "connections",
  "trades",
  "tickers",
  "candles",
  "orderbooks",
  "faults",
] as const satisfies ReadonlyArray<LedgerKind>;

const usualLimit = 100;
const maxLimit = 1_000;
const parameters = ["market", "connection", "fromMs", "toMs", "since", "limit"];

export const ledgerPage = ({ exchange }: Controlled, kind: string, query: URLSearchParams): Effect.Effect<unknown, ControlError> =>
  Effect.gen(function* () {
    const known = ledgerKinds.find((one) => one === kind);
    if (known === undefined)
      return yield* new ControlError({ status: 404, field: null, reason: `the ledger has no ${kind}: ${ledgerKinds.join(", ")}` });
    for (const name of query.keys())
      if (!parameters.includes(name)) return yield* badField(name, `is no parameter: ${parameters.join(", ")}`);
    const filter = {
      market: query.get("market")?.toUpperCase(),
      connection: yield* whole(query, "connection"),
      fromMs: yield* whole(query, "fromMs"),
      toMs: yield* whole(query, "toMs"),
    };
    const since = yield* whole(query, "since");
    const limit = (yield* whole(query, "limit")) ?? usualLimit;
    if (limit < 1 || limit > maxLimit) return yield* badField("limit", `is not from 1 to ${maxLimit}`);
    const page = exchange.ledger.page(known, { since, limit }, filter);
    return { kind: known, ...page, entries: page.entries.map(withoutSecrets) };
  });

/** The headers of a client by name; what credentials say is nobody's business but the exchange's. */
const withoutSecrets = (entry: object): object => {
  if (!("headers" in entry) || typeof entry.headers !== "object" || entry.headers === null) return entry;
  const headers = Object.entries(entry.headers).map(([name, value]) => [name, isSecretName(name) ? "hidden" : value] as const);
  return { ...entry, headers: Object.fromEntries(headers) };
};

const whole = (query: URLSearchParams, name: string): Effect.Effect<number | undefined, ControlError> => {
  const text = query.get(name);
  if (text === null) return Effect.void as Effect.Effect<undefined>;
  return /^\d{1,15}$/.test(text) ? Effect.succeed(Number(text)) : Effect.fail(badField(name, "is not a whole number"));
};
