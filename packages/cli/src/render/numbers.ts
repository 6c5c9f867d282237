/** Numbers as people read them. Prices keep every digit: only the separators are added. */
import type { Decimal } from "@naru/router/domain/Decimal";

/** `1234000.5` as `1,234,000.5`; digits after the point are never grouped. */
export const grouped = (value: Decimal | bigint | number | string): string => {
  const [whole = "", fraction] = String(value).split(".");
  const withCommas = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? withCommas : `${withCommas}.${fraction}`;
};

/** A percentage with its sign and two decimals: `+1.23 %`. What rounds to nothing has no sign. */
export const percent = (value: number): string => {
  const rounded = value.toFixed(2);
  if (Number(rounded) === 0) return "0.00 %";
  return `${value > 0 ? "+" : ""}${rounded} %`;
};

/** Cut to the whole part where it is large: a day's turnover in won is not read to the fraction. */
export const rough = (value: Decimal): string => grouped(Math.abs(value.number) >= 1_000 ? String(Math.round(value.number)) : value);

/** A length of time with its unit, short: `3 ms`, `1.2 s`, `4 min`, `2 h`, `3 d`. */
export const duration = (ms: number): string => {
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min`;
  if (ms < 86_400_000) return `${Math.floor(ms / 3_600_000)} h`;
  return `${grouped(Math.floor(ms / 86_400_000))} d`;
};

/** `1 request`, `5 requests`. */
export const counted = (count: number, singular: string): string => `${grouped(count)} ${singular}${count === 1 ? "" : "s"}`;
