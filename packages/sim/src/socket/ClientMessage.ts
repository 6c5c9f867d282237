/**
 * Reads what a client sends over the socket: the text `PING`, or a JSON array of a ticket, types and a format. The exchange is strict about
 * the shape (an error frame and a close follow) and silent about codes it does not know.
 */
import { type CandleUnit, streamedUnits } from "../market/Windows.ts";
import { type Format, formats } from "../wire/SocketFrames.ts";

export type StreamKind = "ticker" | "trade" | "orderbook" | CandleUnit;

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

export type ClientMessage =
  | { readonly _tag: "Ping" }
  | { readonly _tag: "Subscribe"; readonly types: ReadonlyArray<TypeRequest>; readonly format: Format; readonly ticket: string }
  | { readonly _tag: "List"; readonly format: Format; readonly ticket: string }
  | { readonly _tag: "Refused"; readonly name: string; readonly message: string };

type Fields = Readonly<Record<string, unknown>>;

export const readClientMessage = (text: string): ClientMessage => {
  if (text === "PING") return { _tag: "Ping" };
  const elements = parseArray(text);
  if (elements === undefined) return refused("WRONG_FORMAT", "Format 이 맞지 않습니다.");
  const ticket = elements.find((element) => typeof element["ticket"] === "string")?.["ticket"];
  if (typeof ticket !== "string" || ticket === "") return refused("NO_TICKET", "티켓이 존재하지 않거나, 유효하지 않습니다.");
  const wanted = elements.find((element) => "format" in element)?.["format"] ?? "DEFAULT";
  const format = formats.find((known) => known === wanted);
  if (format === undefined) return refused("WRONG_FORMAT", "Format 이 맞지 않습니다.");
  const method = elements.find((element) => "method" in element)?.["method"];
  if (method === "LIST_SUBSCRIPTIONS") return { _tag: "List", format, ticket };
  if (method !== undefined) return refused("INVALID_PARAM", `${String(method)} 은 지원하지 않는 메서드입니다.`);
  const typed = elements.filter((element) => "type" in element);
  if (typed.length === 0) return refused("NO_TYPE", "type 필드가 존재하지 않습니다.");
  const types: Array<TypeRequest> = [];
  for (const element of typed) {
    const read = readType(element);
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

const readType = (element: Fields): TypeRequest | ClientMessage => {
  const type = element["type"];
  if (type === "myOrder" || type === "myAsset" || type === "announcement") return refused("INVALID_AUTH", "인증 정보가 올바르지 않습니다.");
  const kind = kindOf(type);
  if (kind === undefined || typeof type !== "string") return refused("INVALID_PARAM", `${String(type)} 은 지원하지 않는 타입입니다.`);
  const codes = element["codes"];
  if (!Array.isArray(codes) || codes.length === 0) return refused("NO_CODES", "codes 필드가 존재하지 않습니다.");
  const level = element["level"];
  return {
    type,
    kind,
    codes: codes.filter((code) => typeof code === "string"),
    level: typeof level === "number" || typeof level === "string" ? String(level) : undefined,
    onlySnapshot: isTrue(element, "is_only_snapshot", "isOnlySnapshot"),
    onlyRealtime: isTrue(element, "is_only_realtime", "isOnlyRealtime"),
  };
};

const kindOf = (type: unknown): StreamKind | undefined => {
  if (type === "ticker" || type === "trade" || type === "orderbook") return type;
  return streamedUnits.find((unit) => type === `candle.${unit}`);
};

const isTrue = (element: Fields, ...names: ReadonlyArray<string>): boolean => names.some((name) => element[name] === true);

const refused = (name: string, message: string): ClientMessage => ({ _tag: "Refused", name, message });
