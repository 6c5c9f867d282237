/**
 * JSON with its numbers kept as written. `JSON.parse` rounds a 17-digit trade id and a 22-digit volume; here every number arrives as a
 * {@link NumberToken} that still holds its text. What the quick scanner leaves is read by `JSON.parse`, which also says what is wrong with it.
 */
import * as Result from "effect/Result";
import { DecodeError } from "../errors/MarketDataError.ts";
import { GaveUp, maxDepth, NumberToken, scanJson } from "./JsonScanner.ts";

export { NumberToken } from "./JsonScanner.ts";

/** Parses `text`; fails with stage `json` on anything that is not JSON or nests deeper than market data does. */
export const parseExactJson = (text: string): Result.Result<unknown, DecodeError> => {
  const scanned = scanJson(text);
  return scanned === GaveUp ? parseSlowly(text) : Result.succeed(scanned);
};

/** The meaning of {@link parseExactJson}, four times slower. */
export const parseSlowly = (text: string): Result.Result<unknown, DecodeError> => {
  if (tooDeep(text)) return Result.fail(new DecodeError({ stage: "json", path: "", detail: `nested deeper than ${maxDepth}` }));
  try {
    return Result.succeed(JSON.parse(text, keepNumberText));
  } catch (cause) {
    return Result.fail(
      new DecodeError({ stage: "json", path: "", detail: cause instanceof Error ? cause.message.slice(0, 200) : "not JSON" }),
    );
  }
};

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Bytes as text; invalid UTF-8 is an error, because the usual decoder would silently replace bytes. */
export const decodeUtf8 = (bytes: Uint8Array): Result.Result<string, DecodeError> => {
  try {
    return Result.succeed(utf8.decode(bytes));
  } catch {
    return Result.fail(new DecodeError({ stage: "utf8", path: "", detail: `invalid UTF-8 in ${bytes.length} bytes` }));
  }
};

const keepNumberText = (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
  typeof value === "number" && context?.source !== undefined ? new NumberToken(context.source) : value;

/** Counts brackets outside strings, so that the recursive reviver never meets a hostile depth. */
const tooDeep = (text: string): boolean => {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (inString) {
      if (c === 92) i++;
      else if (c === 34) inString = false;
    } else if (c === 34) inString = true;
    else if (c === 91 || c === 123) {
      if (++depth > maxDepth) return true;
    } else if (c === 93 || c === 125) depth--;
  }
  return false;
};
