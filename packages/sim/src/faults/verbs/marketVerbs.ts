/** Faults of which market, which moment and how much an answer is about: each row may be true, but not the answer to the question. */
import type { ExchangeResponse } from "../../Exchange.ts";
import type { Answered } from "../Hooks.ts";
import { JsonArray, marketOf, parseJsonText, printJsonText } from "../JsonText.ts";
import { millis, text, whole } from "../Parameter.ts";
import { dataVerb, restVerb } from "../Verb.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const withText = (answer: ExchangeResponse, body: string): ExchangeResponse => ({ ...answer, body: encoder.encode(body) });

/** The same answer with other rows; `undefined` where there are no rows. */
const withRows = (answer: ExchangeResponse, use: (rows: JsonArray) => JsonArray | undefined): ExchangeResponse | undefined => {
  const rows = answer.status === 200 ? parseJsonText(decoder.decode(answer.body)) : undefined;
  const changed = rows instanceof JsonArray ? use(rows) : undefined;
  return changed === undefined ? undefined : withText(answer, printJsonText(changed));
};

/** Rows of one market, or all of them, as they were at another time. */
const rowsAsOf = (answer: ExchangeResponse, request: Answered, ms: number, market: string | undefined): ExchangeResponse | undefined => {
  const then = parseJsonText(request.answerTo(request.query, ms));
  if (!(then instanceof JsonArray)) return undefined;
  if (market === undefined || request.query.get("market") === market) return withText(answer, printJsonText(then));
  const old = then.items.find((row) => isOf(row, market));
  return withRows(answer, (rows) =>
    old === undefined ? undefined : new JsonArray(rows.items.map((row) => (isOf(row, market) ? old : row))),
  );
};

const isOf = (row: JsonArray["items"][number], market: string): boolean =>
  typeof row !== "string" && !(row instanceof JsonArray) && marketOf(row) === market;

const isList = ({ path }: Answered): boolean => path.startsWith("/v1/market/");

const names = ({ query }: { readonly query: URLSearchParams }): ReadonlyArray<string> =>
  (query.get("market") ?? query.get("markets") ?? "").toUpperCase().split(",");

export const marketVerbs = [
  restVerb(
    "wrong-market",
    { about: "The answer is another market's", ids: ["A21"] },
    {
      answered: text("The market that is answered", "KRW-ETH"),
    },
    ({ answered }) => ({
      onAnswer: (answer, request, { nowMs }) => {
        const query = new URLSearchParams(request.query);
        const name = query.has("markets") ? "markets" : "market";
        if (answer.status !== 200 || !query.has(name)) return undefined;
        query.set(
          name,
          (query.get(name) ?? "")
            .split(",")
            .map(() => answered)
            .join(","),
        );
        return withText(answer, request.answerTo(query, nowMs));
      },
    }),
  ),
  restVerb(
    "stale-rest",
    { about: "REST answers are old, as from a cache in between", ids: ["C18"] },
    {
      ageMs: millis("How old", 30_000),
    },
    ({ ageMs }) => ({
      onAnswer: (answer, request, { nowMs }) => (answer.status === 200 ? rowsAsOf(answer, request, nowMs - ageMs, undefined) : undefined),
    }),
  ),
  restVerb(
    "short-pages",
    { about: "Lists come shorter than asked", ids: ["A26", "C12"] },
    {
      rows: whole("Rows that are left", 1),
    },
    ({ rows }) => ({
      onAnswer: (answer) => withRows(answer, ({ items }) => (items.length > rows ? new JsonArray(items.slice(0, rows)) : undefined)),
    }),
  ),
  restVerb(
    "sparse-rows",
    { about: "Rows are missing inside a list", ids: ["A26", "C12", "C03"] },
    {
      keepEvery: whole("Only each nth is left", 2, { min: 2 }),
    },
    ({ keepEvery }) => ({
      onAnswer: (answer) =>
        withRows(answer, ({ items }) => (items.length < 2 ? undefined : new JsonArray(items.filter((_, i) => i % keepEvery === 0)))),
    }),
  ),
  dataVerb(
    "market-paused",
    { about: "Nothing happens in a market: its last state stays, its frames stop", ids: ["B32"] },
    {
      market: text("The market", "KRW-BTC"),
    },
    ({ market }) => ({
      onAnswer: (answer, request, { fromMs }) =>
        answer.status === 200 && !isList(request) ? rowsAsOf(answer, request, fromMs, market) : undefined,
      onFrameOut: (frame) => (frame.market === market ? [] : undefined),
    }),
  ),
  dataVerb(
    "delisted",
    { about: "A market is gone: not in the list, HTTP 404, no more frames", ids: ["C13", "A24"] },
    {
      market: text("The market", "KRW-BTC"),
    },
    ({ market }) => ({
      onRequest: (request) =>
        names(request).includes(market)
          ? {
              _tag: "Scripted",
              status: 404,
              headers: { "content-type": "application/json;charset=UTF-8" },
              body: '{"error":{"name":404,"message":"Code not found"}}',
            }
          : undefined,
      onAnswer: (answer, request) =>
        isList(request) ? withRows(answer, ({ items }) => new JsonArray(items.filter((row) => !isOf(row, market)))) : undefined,
      onFrameOut: (frame) => (frame.market === market ? [] : undefined),
    }),
  ),
] as const;
