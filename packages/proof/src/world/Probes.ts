/**
 * Counts how often each path was taken: a sweep in which a path was never taken proves nothing about it. {@link expectedProbes} are those that
 * every long sweep must reach.
 */
import type { Mode } from "@naru/router/domain/Mode";
import type { Source } from "@naru/router/domain/Provenance";
import type { StreamElement } from "@naru/router/domain/StreamElement";

export const expectedProbes = [
  "element:Live",
  "element:Recovered",
  "element:Reconnecting",
  "element:Resumed",
  "element:Gap",
  "answer:hot_cache",
  "answer:live_subscription",
  "answer:batch_snapshot",
  "answer:warm_cache_rest",
  "answer:cold_rest",
  "answer:stale",
  "mode:degraded",
  "mode:emergency",
  "failure:StaleData",
  "failure:DataUnavailable",
  "exchange:banned",
  "exchange:reconnect",
  "exchange:resubscribe",
] as const;

/** Names beyond these are counted too: probes are a closed set by the kinds they come from. */
export class Probes {
  readonly counts = new Map<string, number>();

  hit(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  element(tag: StreamElement<unknown>["_tag"]): void {
    this.hit(`element:${tag}`);
  }

  answer(tier: Source, stale: boolean, mode: Mode): void {
    this.hit(`answer:${tier}`);
    if (stale) this.hit("answer:stale");
    if (mode !== "normal") this.hit(`mode:${mode}`);
  }

  failure(tag: string): void {
    this.hit(`failure:${tag}`);
  }
}
