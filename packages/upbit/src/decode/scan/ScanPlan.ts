/** A usual order of fields, whose reading was written out at build time (`scripts/generatePlans.ts`): no look at the table for any field. */
import type { ObjectScanner } from "./ObjectScanner.ts";
import type { Slots } from "./Slots.ts";

export interface ScanPlan {
  /** The field and the kind of its value, for each in their order: as {@link Slots.steps} has them. */
  readonly steps: ReadonlyArray<number>;
  /** Reads members from the name at `from` to the closing brace. The index behind it; -1 when they are not as planned. */
  readonly read: (scanner: ObjectScanner, slots: Slots, from: number) => number;
}
