/**
 * Alerts to a webhook, with presets for Slack, Discord and Telegram. The address of a hook is its password, so it is `Redacted` from the first byte on
 * and in no error, log or metric: a failure tells the status and nothing else. Text of an alert is plain everywhere: no mention, link or markup.
 */
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as HttpClientRequest from "effect/http/HttpClientRequest";
import * as Redacted from "effect/Redacted";
import * as Schema from "effect/Schema";
import { Alert, alertText } from "./Alert.ts";
import { type AlertSink, SinkFailure } from "./AlertSink.ts";

/** A hook, or a word that becomes `Redacted` at once. */
export type Secret = string | Redacted.Redacted;

export type WebhookTarget =
  | { readonly to: "slack"; readonly url: Secret }
  | { readonly to: "discord"; readonly url: Secret }
  | { readonly to: "telegram"; readonly token: Secret; readonly chatId: string }
  /** The alert as JSON, as its schema says. */
  | { readonly to: "webhook"; readonly url: Secret; readonly headers?: Readonly<Record<string, Secret>> | undefined };

/** A sink that posts to the target. */
export const webhookSink = (target: WebhookTarget): Effect.Effect<AlertSink, never, HttpClient.HttpClient> =>
  Effect.map(HttpClient.HttpClient, (client) => {
    const hook = hookOf(target);
    const send = (alert: Alert) =>
      HttpClientRequest.post(Redacted.value(hook.url)).pipe(
        HttpClientRequest.setHeaders(hook.headers()),
        HttpClientRequest.bodyJsonUnsafe(hook.body(alert)),
        client.execute,
        Effect.mapError(() => new SinkFailure({ reason: "not reached", retryable: true })),
        Effect.flatMap(({ status }) =>
          status >= 200 && status < 300
            ? Effect.void
            : Effect.fail(new SinkFailure({ reason: `status ${status}`, retryable: status === 429 || status >= 500 })),
        ),
        // A hook belongs to somebody else: our trace headers are none of their business, and a span would show the address.
        Effect.provideService(HttpClient.TracerPropagationEnabled, false),
        Effect.provideService(HttpClient.TracerDisabledWhen, () => true),
        Effect.scoped,
      );
    return { name: target.to, send };
  });

interface Hook {
  readonly url: Redacted.Redacted;
  readonly headers: () => Record<string, string>;
  readonly body: (alert: Alert) => unknown;
}

const encodeAlert = Schema.encodeSync(Alert);
/** Discord takes 2,000 characters of text, the others more. */
const mostCharacters = 1_900;

const hookOf = (target: WebhookTarget): Hook => {
  const none = () => ({});
  const text = (alert: Alert) => alertText(alert).slice(0, mostCharacters);
  switch (target.to) {
    case "slack":
      return { url: secret(target.url), headers: none, body: (alert) => ({ text: slackPlain(text(alert)), mrkdwn: false }) };
    case "discord":
      return { url: secret(target.url), headers: none, body: (alert) => ({ content: text(alert), allowed_mentions: { parse: [] } }) };
    case "telegram": {
      const url = Redacted.make(`https://api.telegram.org/bot${Redacted.value(secret(target.token))}/sendMessage`);
      const body = (alert: Alert) => ({ chat_id: target.chatId, text: text(alert), link_preview_options: { is_disabled: true } });
      return { url, headers: none, body };
    }
    case "webhook": {
      const headers = Object.entries(target.headers ?? {}).map(([name, value]) => [name, secret(value)] as const);
      return {
        url: secret(target.url),
        headers: () => Object.fromEntries(headers.map(([name, value]) => [name, Redacted.value(value)])),
        body: (alert) => encodeAlert(alert),
      };
    }
  }
};

const secret = (value: Secret): Redacted.Redacted => (typeof value === "string" ? Redacted.make(value) : value);

/** Slack reads these three as markup, also of mentions. */
const slackPlain = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
