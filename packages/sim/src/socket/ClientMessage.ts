/**
 * Reads what a client sends over the socket: the text `PING`, or a JSON array of a ticket, types and a format. The exchange is strict about
 * the shape (an error frame and a close follow) and silent about codes it does not know.
 */
import type { SocketOptions } from "../Options.ts";
import type { Format, Profile, SocketTexts, StreamKind } from "../profile/Profile.ts";

export type { StreamKind } from "../profile/Profile.ts";

/** One type object of a request, as it was asked for. */
export interface TypeRequest {
  /** The wire's name, such as `candle.1m`. */
  readonly type: string;
  readonly kind: StreamKind;
  readonly codes: ReadonlyArray<string>;
  /** The level as JSON text; `undefined` when it was not given. */
  readonly level: string | undefined;
  readonly onlySnapshot: boolean;
  readonly onlyRealtime: boolean;
}

interface Refusal {
  readonly _tag: "Refused";
  readonly name: string;
  readonly message: string;
}

export type ClientMessage =
  | { readonly _tag: "Ping" }
  | { readonly _tag: "Subscribe"; readonly types: ReadonlyArray<TypeRequest>; readonly format: Format; readonly ticket: string }
  | { readonly _tag: "List"; readonly format: Format; readonly ticket: string }
  | Refusal;

type Fields = Readonly<Record<string, unknown>>;

type Reading = Pick<SocketOptions, "bothOnlyFlags" | "emptyCodes">;

export const readClientMessage = (text: string, { book, socket }: Profile, options: Reading): ClientMessage => {
  const { texts } = socket;
  if (text === "PING") return { _tag: "Ping" };
  const elements = parseArray(text);
  if (elements === undefined) return wrongFormat(texts);
  const ticket = elements.find((element) => typeof element["ticket"] === "string")?.["ticket"];
  if (typeof ticket !== "string" || ticket === "") return refused("NO_TICKET", texts.noTicket);
  const wanted = elements.find((element) => "format" in element)?.["format"] ?? "DEFAULT";
  const format = socket.formats.find((known) => known === wanted);
  if (format === undefined) return wrongFormat(texts);
  const method = elements.find((element) => "method" in element)?.["method"];
  if (method === "LIST_SUBSCRIPTIONS" && socket.listSubscriptions) return { _tag: "List", format, ticket };
  if (method !== undefined) return refused("INVALID_PARAM", texts.unknownMethod(String(method)));
  const typed = elements.filter((element) => "type" in element);
  if (typed.length === 0) return refused("NO_TYPE", texts.noType);
  const types: Array<TypeRequest> = [];
  for (const element of typed) {
    if ("level" in element && book.socketLevel === "refused") return wrongFormat(texts);
    const read = readType(element, socket, options);
    if ("_tag" in read) return read;
    types.push(read);
  }
  return { _tag: "Subscribe", types, format, ticket };
};

const parseArray = (text: string): ReadonlyArray<Fields> | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  const elements: ReadonlyArray<unknown> = value;
  return elements.every(isFields) ? elements : undefined;
};

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

const privateTypes = new Set<unknown>(["myOrder", "myAsset", "announcement"]);

const readType = (element: Fields, socket: Profile["socket"], options: Reading): TypeRequest | Refusal => {
  const { texts } = socket;
  const type = element["type"];
  if (privateTypes.has(type)) return refused("INVALID_AUTH", texts.invalidAuth);
  const kind = socket.streams.find((known) => type === typeName(known));
  if (kind === undefined) return refused("INVALID_PARAM", texts.unknownType(String(type)));
  const codes = element["codes"];
  if (!Array.isArray(codes) || (codes.length === 0 && options.emptyCodes === "refused")) return refused("NO_CODES", texts.noCodes);
  const level = element["level"];
  const onlySnapshot = isTrue(element, socket.onlySnapshot);
  const onlyRealtime = isTrue(element, socket.onlyRealtime);
  const isBoth = onlySnapshot && onlyRealtime;
  if (isBoth && options.bothOnlyFlags === "refused") return wrongFormat(texts);
  const ignored = isBoth && options.bothOnlyFlags === "ignored";
  return {
    type: typeName(kind),
    kind,
    codes: codes.filter((code) => typeof code === "string"),
    level: typeof level === "number" || typeof level === "string" ? String(level) : undefined,
    onlySnapshot: onlySnapshot && !ignored,
    onlyRealtime: onlyRealtime && !ignored,
  };
};

/** A stream's name on the wire. */
export const typeName = (kind: StreamKind): string =>
  kind === "ticker" || kind === "trade" || kind === "orderbook" ? kind : `candle.${kind}`;

const isTrue = (element: Fields, names: ReadonlyArray<string>): boolean => names.some((name) => element[name] === true);

const wrongFormat = (texts: SocketTexts): Refusal => refused("WRONG_FORMAT", texts.wrongFormat);

const refused = (name: string, message: string): Refusal => ({ _tag: "Refused", name, message });
