/**
 * The seven rules, in the order in which they are asked about one event: what protects a holding comes before what makes it larger.
 * Their thresholds fit the calm market of the emulated exchange; a real one needs wider ones.
 */
import type { Machine } from "./Rule.ts";
import { addToProfit } from "./rules/addToProfit.ts";
import { averageDown } from "./rules/averageDown.ts";
import { crash } from "./rules/crash.ts";
import { oversoldEntry } from "./rules/oversoldEntry.ts";
import { surge } from "./rules/surge.ts";
import { takeProfit } from "./rules/takeProfit.ts";
import { trailingStop } from "./rules/trailingStop.ts";

export const sevenRules: ReadonlyArray<Machine> = [crash, trailingStop, takeProfit, averageDown, addToProfit, oversoldEntry, surge];
