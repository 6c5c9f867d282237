/** The tier of last resort: one question, asked of the exchange directly, nothing remembered by it. It also carries all history. */
import type { RestAnswer } from "./restAnswer.ts";
import type { Tier } from "./Tier.ts";

export const make = (restAnswer: RestAnswer): Tier => ({
  name: "cold_rest",
  ask: (question, options) => restAnswer(question, options),
});
