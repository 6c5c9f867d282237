/** Faults of how an answer travels: connections that fail, answers that are late, slow, cut or never come. The answer itself is true. */
import type { ExchangeResponse } from "../../Exchange.ts";
import type { Delivery } from "../../rest/Delivery.ts";
import { choice, millis, whole } from "../Parameter.ts";
import { linkVerb, restVerb } from "../Verb.ts";

const memory = ["memory"] as const;

const deliver = (answer: ExchangeResponse, delivery: Delivery): ExchangeResponse => ({
  ...answer,
  delivery: { ...answer.delivery, ...delivery },
});

export const transferVerbs = [
  linkVerb(
    "connect-refused",
    { about: "Nobody listens: requests and sockets are refused at once", ids: ["A01", "B19", "B20"], doors: memory },
    {},
    () => ({
      onArrival: () => ({ _tag: "ConnectFailed", phase: "connect", code: "ECONNREFUSED" }),
    }),
  ),
  linkVerb(
    "connect-hang",
    { about: "The first packet is lost: connecting takes for ever", ids: ["A04", "B20"], doors: memory },
    {},
    () => ({
      onArrival: () => ({ _tag: "ConnectHang" }),
    }),
  ),
  linkVerb(
    "dns-failure",
    { about: "The name of the host is not found", ids: ["A07"], doors: memory },
    { code: choice("What the resolver says", ["ENOTFOUND", "EAI_AGAIN", "ESERVFAIL"]) },
    ({ code }) => ({ onArrival: () => ({ _tag: "ConnectFailed", phase: "dns", code }) }),
  ),
  linkVerb(
    "tls-failure",
    { about: "The certificate does not verify, or the protocol is too old", ids: ["A09", "A10"], doors: memory },
    {
      code: choice("What TLS says", [
        "DEPTH_ZERO_SELF_SIGNED_CERT",
        "CERT_HAS_EXPIRED",
        "ERR_TLS_CERT_ALTNAME_INVALID",
        "ERR_SSL_UNSUPPORTED_PROTOCOL",
      ]),
    },
    ({ code }) => ({ onArrival: () => ({ _tag: "ConnectFailed", phase: "tls", code }) }),
  ),
  restVerb("hang", { about: "No answer ever comes", ids: ["A05", "D14"] }, {}, () => ({ onRequest: () => ({ _tag: "Hang" }) })),
  restVerb("reset", { about: "The connection is reset before the headers", ids: ["A02"] }, {}, () => ({
    onRequest: () => ({ _tag: "Reset" }),
  })),
  restVerb(
    "reset-after-bytes",
    { about: "The connection breaks inside the body", ids: ["A03"] },
    {
      bytes: whole("Bytes of the body that are sent before", 100),
      how: choice("How it breaks", ["reset", "end", "hang"]),
    },
    ({ bytes, how }) => ({ onAnswer: (answer) => ({ ...deliver(answer, { cut: how }), cutAfter: bytes }) }),
  ),
  restVerb("slow-headers", { about: "The answer begins late", ids: ["A05"] }, { delayMs: millis("How late", 6_000) }, ({ delayMs }) => ({
    onAnswer: (answer) => deliver(answer, { headersDelayMs: delayMs }),
  })),
  restVerb(
    "slow-body",
    { about: "The body trickles", ids: ["A06"] },
    { bytes: whole("Bytes at a time", 1, { min: 1 }), everyMs: millis("The pause before each", 1_000) },
    (pace) => ({ onAnswer: (answer) => deliver(answer, { pace }) }),
  ),
] as const;
