/**
 * Updating a metric with labels, cheaply: the labelled metric of each set of labels is made once, so that a hot answer pays a tenth of a
 * microsecond for a count. The values of labels are words of the program, so there are few sets.
 */
import type * as Context from "effect/Context";
import * as Metric from "effect/Metric";
import { type AnyMetric, infoOf } from "./Metrics.ts";

/** Updates `metric` by `value` for the labels' values, in the order of `names`. */
export type Labelled = (value: number, ...values: ReadonlyArray<string>) => void;

/** Sets of labels of one metric; beyond them a value is counted under `other`. Nothing of ours comes near. */
const mostSets = 1_000;

export const labelled = (metric: AnyMetric, context: Context.Context<never>): Labelled => {
  const names = infoOf(metric).labels;
  const known = new Map<string, AnyMetric>();
  const add = (id: string, values: ReadonlyArray<string>) => {
    const made = Metric.withAttributes(metric, Object.fromEntries(names.map((name, at) => [name, values[at] ?? ""])));
    known.set(id, made);
    return made;
  };
  return (value, ...values) => {
    let id = values[0] ?? "";
    for (let at = 1; at < values.length; at++) id += `\u0000${values[at]}`;
    const found =
      known.get(id) ??
      (known.size < mostSets
        ? add(id, values)
        : add(
            "other",
            names.map(() => "other"),
          ));
    found.updateUnsafe(value, context);
  };
};
