/**
 * The metrics of the limits, with their units and labels. Their values are read from the limiter when somebody looks. All carry `host` and `group`;
 * socket connects are the group `socket-connect`.
 */
import * as Metric from "effect/Metric";

const gauge = (name: string, description: string) => Metric.gauge(name, { description });

export const limit = gauge("naru_limit_requests_per_window", "Requests that the exchange allows in one window");
export const allowed = gauge("naru_limit_allowed_requests_per_window", "Requests that we allow ourselves in one window at present");
export const others = gauge("naru_limit_other_requests_per_window", "Requests of others on our address in one window, as answers showed");
export const used = gauge("naru_limit_used_requests", "Requests in the present window, ours and those of others");
export const waiting = gauge("naru_limit_waiting_callers", "Callers that wait for a place");
export const pause = gauge("naru_limit_pause_seconds", "Seconds until the group may be asked again");
export const refusals = Metric.counter("naru_limit_refusals_total", {
  description: "Requests that the exchange refused with 429",
  incremental: true,
});
