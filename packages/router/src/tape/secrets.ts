/**
 * What never reaches a tape: headers that carry a credential or a session are left out, values of query parameters that look like one are
 * replaced, and of an
 * address only host, path and query are taken. A tape can be given away.
 */
import { isSecretName } from "./secretName.ts";
import type { Headers } from "./TapeEvent.ts";

/** Headers without those that may carry a secret. */
export const withoutSecrets = (headers: Readonly<Record<string, string | undefined>>): Headers => {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) if (value !== undefined && !isSecretName(name)) kept[name.toLowerCase()] = value;
  return kept;
};

/** Host, and path with query as it was spelt, without secrets. What is no address has no host; saying so is the transport's to do. */
export const addressOf = (url: string): { readonly host: string; readonly target: string } => {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  return { host: URL.canParse(url) ? new URL(url).host : "", target: start < 0 ? "/" : targetWithoutSecrets(url.slice(start)) };
};

/** A path with its query, the values of secret parameters replaced. */
export const targetWithoutSecrets = (target: string): string => {
  const mark = target.indexOf("?");
  if (mark < 0) return target;
  const parameters = target.slice(mark + 1).split("&");
  return `${target.slice(0, mark)}?${parameters.map(withoutSecretValue).join("&")}`;
};

const withoutSecretValue = (parameter: string): string => {
  const [name = ""] = parameter.split("=", 1);
  return isSecretName(decoded(name)) ? `${name}=secret` : parameter;
};

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};
