/** Every metric of the router, with its unit and labels, in one place. Names end in their unit; counters end in `_total`. */
import * as Metric from "effect/Metric";

/** Calls by `kind` and `outcome` (`answered`, `stale`, or an error's tag). */
export const calls = Metric.counter("naru_calls_total", { description: "Calls, by kind and outcome", incremental: true });

/** Attempts at tiers by `tier` and `outcome` (`answered`, `missed`, `failed`, `interrupted`, `partial`). */
export const attempts = Metric.counter("naru_tier_attempts_total", {
  description: "Attempts at tiers, by tier and outcome",
  incremental: true,
});

/** Seconds a tier took to answer, by `tier`. */
export const attemptSeconds = Metric.histogram("naru_tier_answer_seconds", {
  description: "Seconds a tier took to answer",
  boundaries: [0.0001, 0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
});

/** REST requests by `endpoint` and `status` (0 when there was no answer). */
export const restRequests = Metric.counter("naru_rest_requests_total", {
  description: "REST requests, by endpoint and status",
  incremental: true,
});

/** Bytes that came in over sockets, by `counted`: `wire`, as they travelled, compressed where they were, or `payload`, after inflating. */
export const socketBytes = Metric.counter("naru_socket_bytes_total", {
  description: "Bytes received over sockets, on the wire and after inflating",
  incremental: true,
});

/** Attempts to get a key's first element from the socket, by `cause` of their end: `answered`, or one of `WaitCause`. */
export const firstElements = Metric.counter("naru_first_element_attempts_total", {
  description: "Attempts to get a first element from the socket, by cause of their end",
  incremental: true,
});

/** Changes of mode by `to`. */
export const modeChanges = Metric.counter("naru_mode_changes_total", { description: "Changes of mode, by new mode", incremental: true });

/** Probes of the router by `verdict` (`good`, `bad`). They are not among the calls. */
export const routerProbes = Metric.counter("naru_router_probes_total", {
  description: "Probes of the router, by verdict",
  incremental: true,
});

/** Socket link changes by `state`. */
export const linkChanges = Metric.counter("naru_link_changes_total", {
  description: "Changes of the socket link, by state",
  incremental: true,
});
