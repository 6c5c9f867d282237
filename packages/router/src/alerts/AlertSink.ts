/**
 * Where alerts go besides the stream: the log by default, and whatever an app names. A sink has a queue and a worker of its own: one that is slow or
 * fails costs nobody anything, not even another sink, and one that fell behind loses its oldest alerts, counted.
 */
import * as Console from "effect/Console";
import * as Context from "effect/Context";
import * as Data from "effect/Data";
import * as Duration from "effect/Duration";
import * as Effect from "effect/Effect";
import * as Queue from "effect/Queue";
import * as Schedule from "effect/Schedule";
import type * as Scope from "effect/Scope";
import { startWorker } from "../transport/Workers.ts";
import { type Alert, alertText } from "./Alert.ts";

/** Why an alert did not arrive, without anything secret: an address may be all that protects a channel. */
export class SinkFailure extends Data.TaggedError("SinkFailure")<{ readonly reason: string; readonly retryable: boolean }> {}

export interface AlertSink {
  /** For metrics and logs. */
  readonly name: string;
  readonly send: (alert: Alert) => Effect.Effect<void, SinkFailure>;
}

/** A line of the log, at the level of the alert. */
export const logSink: AlertSink = {
  name: "log",
  send: (alert) => {
    const { rule, about, severity, state, what, sinceMs, did, youCan } = alert;
    const log = state === "over" || severity === "info" ? Effect.logInfo : severity === "critical" ? Effect.logError : Effect.logWarning;
    const line = log(state === "over" ? `over: ${what}` : what);
    return Effect.annotateLogs(line, { alert: rule, about, since: new Date(sinceMs).toISOString(), did, youCan });
  },
};

/** The alert as text, for a terminal. */
export const consoleSink: AlertSink = {
  name: "console",
  send: (alert) => Console.error(alertText(alert)),
};

/** The sinks that a layer built now sends to. */
export const AlertSinks = Context.Reference<ReadonlyArray<AlertSink>>("@naru/router/alerts/AlertSinks", {
  defaultValue: () => [logSink],
});

/** Alerts that wait for one sink. */
const queued = 100;
const sendTimeoutMs = 10_000;
/** After the first attempt: 1, 2 and 4 seconds later, a fifth more or less. */
const retries = Schedule.exponential("1 second").pipe(Schedule.jittered, Schedule.upTo({ times: 3 }));

export type Delivered = (sink: string, outcome: "sent" | "failed" | "dropped") => void;

/** Takes alerts for one sink, at once and without failing; the worker lives as long as the scope. */
export const deliveryTo = (sink: AlertSink, told: Delivered): Effect.Effect<(alert: Alert) => void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const waiting = yield* Queue.sliding<Alert>(queued);
    const deliver = (alert: Alert) =>
      sink.send(alert).pipe(
        Effect.timeoutOrElse({
          duration: Duration.millis(sendTimeoutMs),
          orElse: () => Effect.fail(new SinkFailure({ reason: "no answer in time", retryable: true })),
        }),
        Effect.retry({ schedule: retries, while: ({ retryable }) => retryable }),
        Effect.matchCauseEffect({
          onSuccess: () => Effect.sync(() => told(sink.name, "sent")),
          // A sink that crashes is one that failed; what it crashed on may hold its secret.
          onFailure: () => Effect.sync(() => told(sink.name, "failed")),
        }),
      );
    yield* startWorker(`alerts to ${sink.name}`, Effect.forever(Effect.flatMap(Queue.take(waiting), deliver)), { startImmediately: true });
    return (alert) => {
      if (Queue.sizeUnsafe(waiting) >= queued) told(sink.name, "dropped");
      Queue.offerUnsafe(waiting, alert);
    };
  });
