/**
 * Every metric of the router, in one list, with its unit, its labels and what it tells. Names end in their unit, counters in `_total`; a label has
 * few values, whatever is asked and however often. `docs/reference/metrics.md` is written from this list by `scripts/metricsPage.ts`.
 *
 * Metrics of what happens are updated by whoever made it happen, through `labelled.ts`. Those whose first label is `client` are read when somebody
 * looks and cost nothing meanwhile: `client` is the number of the router among those of the process.
 */
import * as Metric from "effect/Metric";
import { changeBoundsMs } from "./ChangeNumbers.ts";

export type AnyMetric = Metric.Metric<number, unknown>;

export interface MetricInfo {
  readonly metric: AnyMetric;
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram" | "summary";
  readonly unit: string;
  readonly labels: ReadonlyArray<string>;
  readonly words: string;
}

const list: Array<MetricInfo> = [];

/** The list, in the order of the page. */
export const all: ReadonlyArray<MetricInfo> = list;

/** What the list says of one of its metrics. */
export const infoOf = (metric: AnyMetric): MetricInfo => {
  const found = list.find((info) => info.metric === metric);
  if (found === undefined) throw new TypeError(`${metric.id} is no metric of the list`);
  return found;
};

/** Upper bounds of buckets, in seconds: of what memory may answer, and of what goes over the network. */
const quickSeconds = [0.0001, 0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const ageSeconds = [0.01, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300];

// What is asked

export const calls = counter("naru_calls_total", "calls", ["kind", "tier", "outcome"], "Calls, by kind, answering tier and outcome");
export const callSeconds = histogram("naru_call_seconds", ["kind", "tier"], quickSeconds, "Seconds from a call to its answer");
export const valueAge = histogram(
  "naru_value_age_seconds",
  ["kind"],
  ageSeconds,
  "Seconds from the exchange's making a value to its being answered",
);
export const confirmedAge = histogram(
  "naru_confirmed_age_seconds",
  ["kind"],
  ageSeconds,
  "Seconds since an answered value was last known to be current",
);
export const staleAnswers = counter("naru_stale_answers_total", "answers", ["kind", "reason"], "Answers given although old, with a label");
export const freshness = counter(
  "naru_freshness_targets_total",
  "calls",
  ["kind", "met"],
  "Calls that could be answered, by whether a fresh answer came within the deadline",
);
export const historyDropped = counter(
  "naru_history_dropped_rows_total",
  "rows",
  [],
  "Rows of the past that could not be written and had no room in memory: they are asked for again",
);
export const guards = counter("naru_guards_total", "checks", ["outcome"], "Checks of the trade gate, by outcome");

// How it is answered

export const attempts = counter("naru_tier_attempts_total", "attempts", ["tier", "outcome"], "Attempts at tiers, by tier and outcome");
export const attemptSeconds = histogram("naru_tier_answer_seconds", ["tier"], quickSeconds, "Seconds a tier took to answer");
export const firstElements = counter(
  "naru_first_element_attempts_total",
  "attempts",
  ["cause"],
  "Attempts to get a first element from the socket, by cause of their end",
);
export const warmQuestions = counter(
  "naru_warm_questions_total",
  "questions",
  ["client", "outcome"],
  "Questions to the store of REST answers, by whether it held one young enough",
);
export const warmReadings = counter(
  "naru_warm_readings_total",
  "readings",
  ["client", "cause"],
  "Readings that nobody waited for, by what began them",
);
export const warmAhead = counter(
  "naru_warm_ahead_total",
  "answers",
  ["client", "outcome"],
  "Answers read before they were asked for, by whether they were used",
);
export const warmEntries = gauge("naru_warm_entries", "answers", ["client"], "REST answers that are held");
export const warmBytes = gauge("naru_warm_bytes", "bytes", ["client"], "Bytes of them, estimated from their rows");
export const presubscriptions = counter(
  "naru_presubscriptions_total",
  "keys",
  ["outcome"],
  "Keys subscribed before they were asked for, by whether a question came",
);
export const restRequests = counter(
  "naru_rest_requests_total",
  "requests",
  ["endpoint", "status"],
  "REST requests, by endpoint and status",
);
export const restSeconds = histogram("naru_rest_request_seconds", ["endpoint"], quickSeconds, "Seconds from sending a request to its end");
export const restRetries = counter("naru_rest_retries_total", "requests", ["endpoint"], "REST requests that repeat one that failed");
export const limiterWait = histogram("naru_limiter_wait_seconds", ["group"], quickSeconds, "Seconds a request waited for its turn");
export const socketBytes = counter(
  "naru_socket_bytes_total",
  "bytes",
  ["counted"],
  "Bytes received over sockets, on the wire and after inflating",
);

// How it compares with asking the exchange directly

/** A difference may be either way. */
const differenceSeconds = [-10, -1, -0.1, -0.01, 0, 0.01, 0.1, 1, 10, 60];

export const shadowComparisons = counter(
  "naru_shadow_comparisons_total",
  "answers",
  ["kind", "tier", "channel", "verdict"],
  "Answers of which the exchange was asked directly as well, by what the difference says",
);
export const shadowQuicker = histogram(
  "naru_shadow_quicker_seconds",
  ["tier", "channel"],
  differenceSeconds,
  "Seconds by which an answer came quicker than the direct one; negative where it was slower",
);
export const shadowNewer = histogram(
  "naru_shadow_newer_seconds",
  ["tier", "channel"],
  differenceSeconds,
  "Seconds by which the direct answer was newer, by the exchange's time; negative where it was older",
);
export const shadowRefutations = counter(
  "naru_shadow_refutations_total",
  "answers",
  ["kind"],
  "Answers that showed a live key to lie, which was not believed from then on until it spoke again",
);

// How the client is

export const modeChanges = counter("naru_mode_changes_total", "changes", ["to"], "Changes of mode, by new mode");
export const routerProbes = counter("naru_router_probes_total", "probes", ["verdict"], "Probes of the router, by verdict");
export const alerts = counter("naru_alerts_total", "alerts", ["rule", "state"], "Alerts, by rule, when trouble begins and when it is over");
export const alertDeliveries = counter(
  "naru_alert_deliveries_total",
  "alerts",
  ["sink", "outcome"],
  "Alerts given to a sink, by what became of them",
);
export const linkChanges = counter("naru_link_changes_total", "changes", ["state"], "Changes of the socket link, by state");
export const mode = gauge("naru_mode", "1", ["client", "mode"], "1 for the mode the client is in, 0 for the others");
export const modeSeconds = counter("naru_mode_seconds_total", "seconds", ["client", "mode"], "Seconds spent in each mode");
export const limiterHeadroom = gauge(
  "naru_limiter_headroom",
  "share",
  ["client", "group"],
  "Share of a limit that is free, 0 to 1; 0 while it is paused",
);
export const limiterQueue = gauge("naru_limiter_queue", "requests", ["client", "group"], "Requests that wait for their turn");
export const limiterPause = gauge("naru_limiter_pause_seconds", "seconds", ["client", "group"], "Seconds for which nothing goes out");
export const limiterAllowed = gauge(
  "naru_limiter_allowed",
  "requests a window",
  ["client", "group"],
  "What we allow ourselves of a limit: less while others need it, after refusals and after a block",
);
export const limiterOthers = gauge(
  "naru_limiter_others",
  "requests a window",
  ["client", "group"],
  "Requests of others on our address, as answers showed",
);
export const limiterRefusals = counter(
  "naru_limiter_refusals_total",
  "requests",
  ["client", "group"],
  "Requests that the exchange refused with 429",
);
export const breakerOpen = gauge(
  "naru_breaker_open_seconds",
  "seconds",
  ["client", "group"],
  "Seconds for which a breaker lets nothing through; 0 while it is closed",
);

// What the live side brings

export const messages = counter(
  "naru_stream_messages_total",
  "messages",
  ["client", "key"],
  "Messages of the market, by key; other beyond a hundred keys",
);
export const messageRate = gauge(
  "naru_stream_messages_per_second",
  "messages a second",
  ["client", "key"],
  "Messages a second over the last ten seconds, by key",
);
export const lag = summary(
  "naru_stream_lag_seconds",
  ["client", "key"],
  "Seconds from the exchange's time to receipt, by key, without snapshots",
);
export const keys = gauge("naru_stream_keys", "keys", ["client"], "Keys subscribed");
export const changes = counter(
  "naru_stream_changes_total",
  "changes",
  ["client", "mode", "outcome"],
  "Changes of the subscription, by mode and outcome",
);
export const changeSeconds = histogram(
  "naru_stream_change_seconds",
  ["client", "mode"],
  changeBoundsMs.map((ms) => ms / 1_000),
  "Seconds from the wish for a key to its first element, by mode",
);
export const receiveFailures = counter(
  "naru_stream_receive_failures_total",
  "failures",
  ["client", "cause"],
  "What the live side did not bring, by cause",
);
export const frames = counter("naru_socket_frames_total", "frames", ["client"], "Frames that sockets brought");
export const generalFrames = counter(
  "naru_socket_general_frames_total",
  "frames",
  ["client", "cause"],
  "Of these, read the general way because the quick one knows no such frame, by the venue's word for why",
);
export const consumers = gauge("naru_stream_consumers", "streams", ["client"], "Streams that are open");
export const delivered = elements("naru_stream_delivered_elements_total", "Elements given to consumers");
export const dropped = elements("naru_stream_dropped_elements_total", "Elements lost to consumers that were too slow");
export const conflated = elements("naru_stream_conflated_elements_total", "Elements replaced by newer ones before they were taken");
export const late = elements("naru_stream_late_elements_total", "Elements delivered after a later one of their market");
export const recovered = elements("naru_stream_recovered_elements_total", "Elements delivered that were read back over REST");
export const gaps = elements("naru_stream_gap_elements_total", "Gaps told to consumers");
export const holes = counter("naru_stream_holes_total", "holes", ["client", "outcome"], "Holes that were read back, by outcome");
export const holeRows = counter("naru_stream_hole_rows_total", "rows", ["client"], "Rows that were read back for holes");
export const holeSeconds = summary("naru_stream_hole_seconds", ["client"], "Seconds from a hole to its end");
export const auditedRows = counter(
  "naru_stream_audited_rows_total",
  "rows",
  ["client"],
  "Rows compared with what the exchange says there was",
);
export const missingRows = counter("naru_stream_missing_rows_total", "rows", ["client"], "Rows that a comparison found missing");

// Over which links

export const linkUp = gauge("naru_link_up", "1", ["client", "link"], "1 while the link is open, by link");
export const linkKeys = gauge("naru_link_keys", "keys", ["client", "link"], "Keys of the subscription a link carries, by link");
export const linkOpens = counter("naru_link_opens_total", "sockets", ["client", "link"], "Sockets opened, by link");
export const linkReconnects = counter(
  "naru_link_reconnects_total",
  "sockets",
  ["client", "link"],
  "Sockets opened after an end that nobody had wanted, by link",
);
export const linkEnds = counter("naru_link_ends_total", "sockets", ["client", "link", "reason"], "Ends of sockets, by link and reason");
export const linkFailedAttempts = counter(
  "naru_link_failed_attempts_total",
  "attempts",
  ["client", "link"],
  "Attempts that never opened, by link",
);
export const linkSent = counter("naru_link_sent_messages_total", "messages", ["client", "link"], "Messages sent, by link");
export const linkResends = counter(
  "naru_link_resends_total",
  "messages",
  ["client", "link"],
  "Subscriptions sent again although nothing had changed, by link",
);
export const linkSlowdowns = counter(
  "naru_link_slowdowns_total",
  "slowdowns",
  ["client", "link"],
  "Times that a socket brought much less than it ever did before, by link",
);
export const linkListChecks = counter(
  "naru_link_list_checks_total",
  "comparisons",
  ["client", "link", "outcome"],
  "Comparisons with the exchange's own list, by link and outcome",
);
export const linkDownSeconds = counter(
  "naru_link_down_seconds_total",
  "seconds",
  ["client", "link"],
  "Seconds without a link that was wanted, by link",
);
export const linkRoundTrip = gauge(
  "naru_link_round_trip_seconds",
  "seconds",
  ["client", "link"],
  "Seconds from the last ping to its answer, by link",
);
export const linkSwitches = counter("naru_link_switches_total", "moves", ["client"], "Moves to the link that stood by");
export const linkBlindSeconds = counter("naru_link_blind_seconds_total", "seconds", ["client"], "Seconds without a frame at those moves");

function told<M extends AnyMetric>(metric: M, type: MetricInfo["type"], rest: Omit<MetricInfo, "metric" | "type">): M {
  list.push({ metric, type, ...rest });
  return metric;
}

function counter(name: string, unit: string, labels: ReadonlyArray<string>, words: string): Metric.Counter<number> {
  return told(Metric.counter(name, { description: words, incremental: true }), "counter", { name, unit, labels, words });
}

function elements(name: string, words: string): Metric.Counter<number> {
  return counter(name, "elements", ["client"], words);
}

function gauge(name: string, unit: string, labels: ReadonlyArray<string>, words: string): Metric.Gauge<number> {
  return told(Metric.gauge(name, { description: words }), "gauge", { name, unit, labels, words });
}

function histogram(
  name: string,
  labels: ReadonlyArray<string>,
  boundaries: ReadonlyArray<number>,
  words: string,
): Metric.Histogram<number> {
  return told(Metric.histogram(name, { description: words, boundaries }), "histogram", { name, unit: "seconds", labels, words });
}

function summary(name: string, labels: ReadonlyArray<string>, words: string): Metric.Summary<number> {
  const metric = Metric.summary(name, { description: words, maxAge: "1 hour", maxSize: 1, quantiles: [0.5, 0.95] });
  return told(metric, "summary", { name, unit: "seconds", labels, words });
}
