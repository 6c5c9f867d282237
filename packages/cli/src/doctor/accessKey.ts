/**
 * The optional key of an account, from `UPBIT_ACCESS_KEY` and `UPBIT_SECRET_KEY` and from nowhere else. Market data needs none, so a key is judged
 * and never used otherwise. It is secret from the first byte: nothing here prints it, and it is sent, signed, only to the exchange's own hosts.
 */
import { createHmac } from "node:crypto";
import * as Config from "effect/Config";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Random from "effect/Random";
import * as Redacted from "effect/Redacted";

/** The two halves of a key. */
export interface AccessKey {
  readonly access: Redacted.Redacted;
  readonly secret: Redacted.Redacted;
}

export type KeyFacts =
  | { readonly _tag: "Absent" }
  /** One of the variables is there and the other is not, or one is not what the exchange gives out. */
  | { readonly _tag: "Wrong"; readonly reason: string }
  | { readonly _tag: "Present"; readonly answer: KeyAnswer };

export type KeyAnswer =
  /** Why the exchange was not asked. */
  | { readonly _tag: "NotAsked"; readonly reason: string }
  /** Null where the exchange does not say when it ends. */
  | { readonly _tag: "Accepted"; readonly expiresAtMs: number | null }
  | { readonly _tag: "Refused"; readonly name: string }
  | { readonly _tag: "Unclear"; readonly reason: string };

const names = { access: "UPBIT_ACCESS_KEY", secret: "UPBIT_SECRET_KEY" } as const;
/** Letters and digits, forty or so; a quote, a blank or a line break got in by mistake. */
const wellFormed = /^[A-Za-z0-9]{30,64}$/;

export type ReadKey = { readonly _tag: "None"; readonly facts: KeyFacts } | { readonly _tag: "Some"; readonly key: AccessKey };

/** What the environment holds. */
export const read: Effect.Effect<ReadKey> = Effect.gen(function* () {
  const access = yield* variable(names.access);
  const secret = yield* variable(names.secret);
  if (access === undefined && secret === undefined) return none({ _tag: "Absent" });
  if (access === undefined || secret === undefined) {
    const [there, missing] = access === undefined ? [names.secret, names.access] : [names.access, names.secret];
    return none({ _tag: "Wrong", reason: `${there} is set and ${missing} is not` });
  }
  const strange = [...(isWellFormed(access) ? [] : [names.access]), ...(isWellFormed(secret) ? [] : [names.secret])];
  if (strange.length > 0) return none({ _tag: "Wrong", reason: `${strange.join(" and ")} is not made of 30 to 64 letters and digits` });
  return { _tag: "Some", key: { access, secret } };
});

const none = (facts: KeyFacts): ReadKey => ({ _tag: "None", facts });

const variable = (name: string): Effect.Effect<Redacted.Redacted | undefined> =>
  Config.option(Config.Redacted(name)).pipe(
    Effect.map((value) => Option.getOrUndefined(Option.filter(value, (text) => Redacted.value(text) !== ""))),
    // An environment that cannot be read holds no key.
    Effect.orElseSucceed(() => undefined),
  );

const isWellFormed = (text: Redacted.Redacted): boolean => wellFormed.test(Redacted.value(text));

/** The `Authorization` header of one request without parameters. Each is good for one request: it holds a number used once. */
export const authorization = Effect.fnUntraced(function* ({ access, secret }: AccessKey) {
  const nonce = yield* nonceOf;
  const payload = { access_key: Redacted.value(access), nonce };
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part(payload)}`;
  const signature = createHmac("sha256", Redacted.value(secret)).update(signed).digest("base64url");
  return Redacted.make(`Bearer ${signed}.${signature}`);
});

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A number used once, in the form that the exchange asks for: a random UUID. */
const nonceOf: Effect.Effect<string> = Effect.map(
  Effect.forEach(Array.from({ length: 16 }), () => Random.nextIntBetween(0, 255)),
  (bytes) => {
    const hex = bytes
      .map((byte, at) => (at === 6 ? (byte & 0x0f) | 0x40 : at === 8 ? (byte & 0x3f) | 0x80 : byte).toString(16).padStart(2, "0"))
      .join("");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  },
);

/** What the exchange's answer to a question for the account's keys says of this one. Nothing of the answer's text is passed on but names. */
export const answerOf = (status: number, body: string, { access }: AccessKey): KeyAnswer => {
  const document = parsed(body);
  if (status === 200) {
    const keys = Array.isArray(document) ? (document as ReadonlyArray<unknown>) : [];
    const own = keys.find((entry) => fieldOf(entry, "access_key") === Redacted.value(access));
    const expires = Date.parse(String(fieldOf(own, "expire_at")));
    return { _tag: "Accepted", expiresAtMs: Number.isFinite(expires) ? expires : null };
  }
  const name = fieldOf(fieldOf(document, "error"), "name");
  // A key that may not list keys is a good key.
  if (name === "out_of_scope") return { _tag: "Accepted", expiresAtMs: null };
  const isWord = typeof name === "string" && /^[a-z_]{1,60}$/.test(name);
  if (status === 401 || status === 403) return { _tag: "Refused", name: isWord ? name : `HTTP ${status}` };
  return { _tag: "Unclear", reason: `HTTP ${status}${isWord ? ` ${name}` : ""}` };
};

const parsed = (body: string): unknown => {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
};

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null && name in value ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
