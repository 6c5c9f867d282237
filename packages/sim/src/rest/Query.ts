/** Reading query parameters the way the exchange does, with its three 400s. */

/** Why a query is not answered: thrown by the readers below and turned into an answer by the router. */
export class BadRequest {
  readonly status: number;
  readonly message: string;
  constructor(status: number, message: string) {
    this.status = status;
    this.message = message;
  }
}

export const invalidParameter = () => new BadRequest(400, "Invalid parameter. Check the given value!");
export const typeMismatch = () => new BadRequest(400, "Type mismatch error. Check the parameters type!");
export const missingParameter = () => new BadRequest(400, "Missing request parameter error. Check the required parameters!");
export const codeNotFound = () => new BadRequest(404, "Code not found");

export const required = (query: URLSearchParams, name: string): string => {
  const value = query.get(name);
  if (value === null || value === "") throw missingParameter();
  return value;
};

/** A positive integer; above `max` it counts as `max`, as the exchange cuts silently. */
export const count = (query: URLSearchParams, fallback: number, max: number, belowOne: "refused" | "one"): number => {
  const text = query.get("count");
  if (text === null || text === "") return fallback;
  if (!/^[+-]?\d{1,9}$/.test(text)) throw typeMismatch();
  const value = Number(text);
  if (value >= 1) return Math.min(value, max);
  if (belowOne === "one") return 1;
  throw invalidParameter();
};

export const flag = (query: URLSearchParams, names: ReadonlyArray<string>): boolean => {
  for (const name of names) {
    const text = query.get(name);
    if (text === null || text === "") continue;
    if (!/^(true|false)$/i.test(text)) throw typeMismatch();
    return text.toLowerCase() === "true";
  }
  return false;
};

export const list = (text: string): ReadonlyArray<string> =>
  text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");

/** Whether `to` was sent with a `:` or `+` that is not percent-encoded. */
export const hasRawTo = (target: string): boolean => /[?&]to=[^&]*[:+]/.test(target);
