/** Whether two decoded values are the same to the last digit, the order of their members included, in a microsecond. */
import { Decimal } from "@naru/router/domain/Decimal";
import { DecodeError } from "@naru/router/errors/MarketDataError";

/** The first place in which two values differ; undefined where they are the same. */
export const differenceOf = (a: unknown, b: unknown, path = "value"): string | undefined => {
  if (Object.is(a, b)) return undefined;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return `${path}: ${String(a)} and ${String(b)}`;
  if (a instanceof Decimal && b instanceof Decimal) {
    // By its two fields and not by its value: 10 × 10^0 and 1 × 10^1 are no equal decimals.
    return Object.is(a.mantissa, b.mantissa) && Object.is(a.scale, b.scale) ? undefined : `${path}: ${spelt(a)} and ${spelt(b)}`;
  }
  if (a instanceof DecodeError && b instanceof DecodeError)
    return a.message === b.message ? undefined : `${path}: ${a.message} and ${b.message}`;
  if (Array.isArray(a) !== Array.isArray(b) || Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return `${path}: values of two sorts`;
  const names = Object.keys(a);
  const others = Object.keys(b);
  if (names.length !== others.length) return `${path}: members ${names.join()} and ${others.join()}`;
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!;
    if (name !== others[i]) return `${path}: members ${names.join()} and ${others.join()}`;
    const found = differenceOf(memberOf(a, name), memberOf(b, name), `${path}.${name}`);
    if (found !== undefined) return found;
  }
  return undefined;
};

const spelt = ({ mantissa, scale }: Decimal): string => `${typeof mantissa} ${mantissa}e${-scale}`;

const memberOf = (value: object, name: string): unknown => (value as Readonly<Record<string, unknown>>)[name];
