/** Answers as they leave: status, headers and bytes, from what a route, the gateway or a fault said. */
import type { ExchangeResponse, UpgradeOutcome } from "../Exchange.ts";
import type { ScriptedAnswer } from "../faults/Hooks.ts";
import type { PlainAnswer } from "./answers.ts";

const encoder = new TextEncoder();
const bytes = (body: string | Uint8Array): Uint8Array => (typeof body === "string" ? encoder.encode(body) : body);

export const respond = (
  status: number,
  headers: Record<string, string>,
  body: string | Uint8Array,
  cutAfter?: number,
): ExchangeResponse => ({
  _tag: "Response",
  status,
  headers,
  body: bytes(body),
  cutAfter,
});

export const plainly = ({ status, headers, text }: PlainAnswer): ExchangeResponse => respond(status, headers, text);

export const refused = (answer: PlainAnswer): UpgradeOutcome => ({ ...plainly(answer), _tag: "Refused" });

export const scripted = ({ status, headers, body, cutAfter }: ScriptedAnswer, usual: Record<string, string>): ExchangeResponse => {
  const merged: Record<string, string> = { ...usual };
  for (const [name, value] of Object.entries(headers)) {
    if (value === null) delete merged[name];
    else merged[name] = value;
  }
  return respond(status, merged, body, cutAfter);
};
