/** Faults of status and headers: refusals that are not the client's fault, bans, redirects, and headers that say nonsense. */
import type { Firing, ScriptedAnswer } from "../Hooks.ts";
import { choice, headerText, millis, optionalText, text, whole } from "../Parameter.ts";
import { linkVerb, restVerb } from "../Verb.ts";
import { maintenancePage } from "./bodyVerbs.ts";

const json = { "content-type": "application/json;charset=UTF-8" };
const plain = { "content-type": "text/plain;charset=UTF-8" };

const scripted = (
  status: number,
  headers: ScriptedAnswer["headers"],
  body: string,
  verdict?: ScriptedAnswer["verdict"],
): ScriptedAnswer => ({
  _tag: "Scripted",
  status,
  headers,
  body,
  verdict,
});

const errorBody = (name: number | string, message: string): string => JSON.stringify({ error: { name, message } });

const httpDate = (ms: number): string => new Date(ms).toUTCString();

type RetryAfterForm = "seconds" | "date" | "negative" | "absurd" | "past" | "garbage";

const retryAfterForms: Readonly<Record<RetryAfterForm, (seconds: number, nowMs: number) => string>> = {
  seconds: (seconds) => String(seconds),
  date: (seconds, nowMs) => httpDate(nowMs + seconds * 1_000),
  negative: (seconds) => String(-seconds),
  absurd: () => "99999999999",
  past: (seconds, nowMs) => httpDate(nowMs - seconds * 1_000),
  garbage: () => "soon",
};

const remainingForms = {
  malformed: "group=;;min=;sec",
  "unknown-group": "group=nobody-knows; min=600; sec=3",
  duplicated: "group=ticker; min=600; sec=9, group=ticker; min=600; sec=2",
  negative: "group=ticker; min=-1; sec=-5",
  huge: "group=ticker; min=600; sec=99999999999999999999",
  fraction: "group=ticker; min=600; sec=0.5",
};

type BanForm = "seconds" | "korean" | "ms" | "date" | "none";

const banBodies: Readonly<Record<BanForm, (leftMs: number, nowMs: number) => string>> = {
  seconds: (leftMs) => `Too many API requests. Blocked for ${Math.max(1, Math.ceil(leftMs / 1_000))} seconds.`,
  korean: (leftMs) => `요청 수 제한을 초과하였습니다. ${Math.max(1, Math.ceil(leftMs / 1_000))}초 후에 다시 시도해주세요.`,
  ms: (leftMs) => `{"error":{"name":418,"message":"blocked","retry_after_ms":${Math.ceil(leftMs)}}}`,
  date: (leftMs, nowMs) => `Blocked until ${new Date(nowMs + leftMs).toISOString()}`,
  none: () => "I'm a teapot",
};

/** How long a ban without an end says it lasts. */
const endlessBanMs = 600_000;

const leftOf = ({ nowMs, untilMs }: Firing): number => Math.min(untilMs - nowMs, endlessBanMs);

/** The words of a record. An object's keys are its words, in the order they are written. */
const words = <K extends string>(record: Readonly<Record<K, unknown>>, first: NoInfer<K>): readonly [K, ...Array<K>] => {
  const rest = Object.keys(record).filter((word): word is K => word !== first);
  return [first, ...rest];
};

export const statusVerbs = [
  restVerb(
    "server-error",
    { about: "The exchange fails", ids: ["A22", "B12", "D12", "D14"] },
    {
      status: whole("HTTP status", 503, { min: 500, max: 599 }),
      body: choice("What comes with it", ["json", "html", "empty"]),
    },
    ({ status, body }) => ({
      onRequest: () =>
        body === "html"
          ? scripted(status, { "content-type": "text/html" }, maintenancePage)
          : scripted(status, json, body === "empty" ? "" : errorBody(status, "Internal server error")),
    }),
  ),
  restVerb(
    "retry-after",
    { about: "The exchange is busy and says when to come back, in one of many ways", ids: ["A23"] },
    {
      status: whole("HTTP status", 503, { min: 400, max: 599 }),
      form: choice("How it says it", words(retryAfterForms, "seconds")),
      seconds: whole("How long", 5),
    },
    ({ status, form, seconds }) => ({
      onRequest: (_request, { nowMs }) =>
        scripted(status, { ...json, "retry-after": retryAfterForms[form](seconds, nowMs) }, errorBody(status, "Try later")),
    }),
  ),
  restVerb(
    "too-many-requests",
    { about: "HTTP 429, whatever was sent before", ids: ["D01", "D02"] },
    {
      remaining: choice("The Remaining-Req header", ["zero", "absent"]),
    },
    ({ remaining }) => ({
      onRequest: ({ group = "default" }) =>
        scripted(
          429,
          { ...plain, "remaining-req": remaining === "absent" ? null : `group=${group}; min=599; sec=0` },
          "Too many API requests.",
          "limited",
        ),
    }),
  ),
  restVerb(
    "remaining-req",
    { about: "The Remaining-Req header is not what it should be", ids: ["D03"] },
    {
      form: choice("What is wrong with it", words(remainingForms, "malformed")),
    },
    ({ form }) => ({ onAnswer: (answer) => ({ ...answer, headers: { ...answer.headers, "remaining-req": remainingForms[form] } }) }),
  ),
  linkVerb(
    "shared-ip",
    { about: "Another program on the same address takes a share of every limit group it meets", ids: ["D04"] },
    {
      perSecond: whole("Its requests a second and group", 5, { min: 1, max: 1_000 }),
    },
    ({ perSecond }) => {
      const taken = new Map<string, number>();
      const spacing = 1_000 / perSecond;
      return {
        onLimit: ({ ip, group, limits }, { nowMs, fromMs }) => {
          if (group === undefined) return undefined;
          // Only what still counts: the last second.
          let at = Math.max(taken.get(`${ip} ${group}`) ?? fromMs, nowMs - 1_000);
          const times: Array<number> = [];
          for (; at <= nowMs; at += spacing) times.push(Math.floor(at));
          taken.set(`${ip} ${group}`, at);
          if (taken.size > 1_000) taken.clear();
          limits.occupy(ip, group, times);
          return times.length === 0 ? undefined : Infinity;
        },
      };
    },
  ),
  restVerb(
    "limit-change",
    { about: "The exchange changed how many requests it allows", ids: ["D05"] },
    {
      perWindow: whole("Requests of one group in one window", 5, { min: 0 }),
    },
    ({ perWindow }) => ({ onLimit: () => perWindow }),
  ),
  linkVerb(
    "ban",
    { about: "HTTP 418 for requests and sockets, until it ends", ids: ["D06", "D07", "D08", "B06"] },
    {
      body: choice("How the answer says how long", words(banBodies, "seconds")),
      ip: optionalText("Only this address"),
      forMs: millis("It ends so long after it began", 60_000),
    },
    ({ body, ip }) => ({
      onArrival: (request, firing) =>
        ip !== undefined && ip !== request.ip ? undefined : scripted(418, plain, banBodies[body](leftOf(firing), firing.nowMs), "banned"),
    }),
  ),
  restVerb(
    "request-error",
    { about: "The exchange calls a good request wrong", ids: ["A24", "A25"] },
    {
      status: whole("HTTP status", 400, { min: 400, max: 499 }),
      name: text("The error's name", "invalid_parameter"),
      as: choice("How the name is spelt", ["text", "number"]),
      message: text("The error's message", "Invalid parameter. Check the given value!"),
    },
    ({ status, name, as, message }) => ({
      onRequest: () => scripted(status, json, errorBody(as === "number" ? status : name, message)),
    }),
  ),
  restVerb(
    "redirect",
    { about: "The answer is to ask somebody else", ids: ["A19"] },
    {
      status: whole("HTTP status", 302, { min: 300, max: 308 }),
      location: headerText("Whom", "http://127.0.0.1:9/v1/ticker?markets=KRW-BTC"),
    },
    ({ status, location }) => ({ onRequest: () => scripted(status, { ...plain, location }, "") }),
  ),
  linkVerb(
    "maintenance",
    { about: "Maintenance: a page for people from REST, sockets closed and refused", ids: ["A13", "C19", "B06"] },
    {
      status: whole("HTTP status", 503, { min: 200, max: 599 }),
    },
    ({ status }) => ({
      onArrival: () => scripted(status, { "content-type": "text/html;charset=UTF-8" }, maintenancePage),
      onBegin: () => ({ _tag: "Close", code: 1001, reason: "maintenance" }),
    }),
  ),
] as const;
