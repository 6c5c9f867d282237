/**
 * The metrics of the live side, with their units and labels. Their values are read from `LiveNumbers` when somebody looks; nothing is written
 * to them. All carry `client`, the number of the router among those of the process.
 */
import * as Metric from "effect/Metric";
import { changeBoundsMs } from "./ChangeNumbers.ts";

const counter = (name: string, description: string) => Metric.counter(name, { description, incremental: true });
const gauge = (name: string, description: string) => Metric.gauge(name, { description });
const seconds = (name: string, description: string) =>
  Metric.summary(name, { description, maxAge: "1 hour", maxSize: 1, quantiles: [0.5, 0.95] });

export const messages = counter("naru_stream_messages_total", "Messages of the market, by key; other beyond a hundred keys");
export const messageRate = gauge("naru_stream_messages_per_second", "Messages a second over the last ten seconds, by key");
export const lag = seconds("naru_stream_lag_seconds", "Seconds from the exchange's time to receipt, by key, without snapshots");
export const keys = gauge("naru_stream_keys", "Keys subscribed");
export const changes = counter("naru_stream_changes_total", "Changes of the subscription, by mode and outcome");
export const changeSeconds = Metric.histogram("naru_stream_change_seconds", {
  description: "Seconds from the wish for a key to its first element, by mode",
  boundaries: changeBoundsMs.map((ms) => ms / 1_000),
});
export const receiveFailures = counter("naru_stream_receive_failures_total", "What the live side did not bring, by cause");
export const consumers = gauge("naru_stream_consumers", "Streams that are open");
export const delivered = counter("naru_stream_delivered_elements_total", "Elements given to consumers");
export const dropped = counter("naru_stream_dropped_elements_total", "Elements lost to consumers that were too slow");
export const conflated = counter("naru_stream_conflated_elements_total", "Elements replaced by newer ones before they were taken");
export const late = counter("naru_stream_late_elements_total", "Elements delivered after a later one of their market");
export const recovered = counter("naru_stream_recovered_elements_total", "Elements delivered that were read back over REST");
export const gaps = counter("naru_stream_gap_elements_total", "Gaps told to consumers");
export const holes = counter("naru_stream_holes_total", "Holes that were read back, by outcome");
export const holeRows = counter("naru_stream_hole_rows_total", "Rows that were read back for holes");
export const holeSeconds = seconds("naru_stream_hole_seconds", "Seconds from a hole to its end");
export const auditedRows = counter("naru_stream_audited_rows_total", "Rows compared with what the exchange says there was");
export const missingRows = counter("naru_stream_missing_rows_total", "Rows that a comparison found missing");

export const linkUp = gauge("naru_link_up", "1 while the link is open, by link");
export const linkKeys = gauge("naru_link_keys", "Keys of the subscription a link carries, by link");
export const linkOpens = counter("naru_link_opens_total", "Sockets opened, by link");
export const linkReconnects = counter("naru_link_reconnects_total", "Sockets opened after an end that nobody had wanted, by link");
export const linkEnds = counter("naru_link_ends_total", "Ends of sockets, by link and reason");
export const linkFailedAttempts = counter("naru_link_failed_attempts_total", "Attempts that never opened, by link");
export const linkSent = counter("naru_link_sent_messages_total", "Messages sent, by link");
export const linkResends = counter("naru_link_resends_total", "Subscriptions sent again although nothing had changed, by link");
export const linkListChecks = counter("naru_link_list_checks_total", "Comparisons with the exchange's own list, by link and outcome");
export const linkDownSeconds = counter("naru_link_down_seconds_total", "Seconds without a link that was wanted, by link");
export const linkRoundTrip = gauge("naru_link_round_trip_seconds", "Seconds from the last ping to its answer, by link");
export const linkSwitches = counter("naru_link_switches_total", "Moves to the link that stood by");
export const linkBlindSeconds = counter("naru_link_blind_seconds_total", "Seconds without a frame at those moves");
