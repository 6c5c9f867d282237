/**
 * From what Node, undici and `ws` throw to the errors of this library. The phase cannot be read from a code alone: ECONNRESET means three
 * different things before TLS, before the headers and inside the body, so the caller says which phase it was in.
 */
import { NetworkError } from "@naru/router/errors/MarketDataError";

export type NetworkPhase = NetworkError["phase"];

const dnsCodes: ReadonlySet<string> = new Set([
  "ENOTFOUND",
  "EAI_AGAIN",
  "EAI_FAIL",
  "EAI_NODATA",
  "EAI_NONAME",
  "ENODATA",
  "ESERVFAIL",
  "ETIMEOUT",
]);

const connectCodes: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EHOSTDOWN",
  "ENETDOWN",
  "EADDRNOTAVAIL",
  "ETIMEDOUT",
]);

/** OpenSSL's verification results carry no common prefix; the names are those of Node's TLS documentation. */
const certificateCodes: ReadonlySet<string> = new Set([
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_GET_CRL",
  "UNABLE_TO_DECRYPT_CERT_SIGNATURE",
  "UNABLE_TO_DECRYPT_CRL_SIGNATURE",
  "UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "INVALID_CA",
  "INVALID_PURPOSE",
  "PATH_LENGTH_EXCEEDED",
  "HOSTNAME_MISMATCH",
  "EPROTO",
]);

const isTls = (code: string): boolean => certificateCodes.has(code) || /^(?:CERT_|CRL_|ERR_TLS_|ERR_SSL_|ERR_OSSL_)/.test(code);

/** The system's code of an error, or its name; `null` for what is no error. */
export const errorCode = (cause: unknown): string | null => {
  if (!(cause instanceof Error)) return null;
  return "code" in cause && typeof cause.code === "string" ? cause.code : cause.name;
};

/** The phase a failure belongs to: the code's own where it has one, `phase` where the moment decides. */
export const networkPhase = (code: string | null, phase: NetworkPhase): NetworkPhase => {
  if (code === null) return phase;
  if (dnsCodes.has(code)) return "dns";
  if (connectCodes.has(code) && (phase === "connect" || phase === "upgrade")) return "connect";
  return isTls(code) ? "tls" : phase;
};

/** Upstream and system text is kept short: it ends in logs. */
const maxDetail = 200;

/** `phase` is where the call was when it failed. */
export const networkError = (cause: unknown, host: string, phase: NetworkPhase): NetworkError => {
  const code = errorCode(cause);
  const detail = cause instanceof Error && cause.message !== "" ? cause.message.slice(0, maxDetail) : null;
  return new NetworkError({ phase: networkPhase(code, phase), host, code, detail });
};

/** The host of a URL for error texts; the text itself where it is no URL. */
export const hostOf = (url: string): string => URL.parse(url)?.host ?? url.slice(0, maxDetail);

/** Header values as the port wants them: lower-case names, a header sent twice joined with `, `. */
export const joinHeaders = (
  headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>,
): Readonly<Record<string, string | undefined>> => {
  const joined: Record<string, string | undefined> = Object.create(null);
  for (const [name, value] of Object.entries(headers)) joined[name.toLowerCase()] = typeof value === "string" ? value : value?.join(", ");
  return joined;
};
