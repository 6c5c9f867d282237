/**
 * Every knob of the router with its default and its unit. The knobs stand in `knobs/`, by the folder they belong to, each one entry; all of them with
 * what turning costs are listed in `docs/reference/tuning.md`. A knob is read when a layer is built; give another value with
 * `Effect.provideService(RouterConfig, { ...defaultRouterConfig, … })` or `RouterConfig.layer`.
 */
import * as Context from "effect/Context";
import * as Layer from "effect/Layer";
import { CacheKnobs } from "./knobs/cache.ts";
import { FallbackKnobs } from "./knobs/fallback.ts";
import { HealthKnobs } from "./knobs/health.ts";
import { QuestionKnobs } from "./knobs/questions.ts";
import { StreamKnobs } from "./knobs/stream.ts";
import { TierKnobs } from "./knobs/tiers.ts";
import { LinkKnobs } from "./knobs/transport.ts";

export type { FlightRecorderOptions, ShadowOptions } from "./knobs/health.ts";
export type { LimitShare } from "./knobs/questions.ts";
export type { NetworkPolicy, RankOptions, RankWeights } from "./knobs/tiers.ts";
export type { LinkProfileName, LinkSettings, Thresholds } from "./knobs/transport.ts";

export interface RouterConfigShape extends QuestionKnobs, CacheKnobs, TierKnobs, StreamKnobs, LinkKnobs, FallbackKnobs, HealthKnobs {}

export const defaultRouterConfig: RouterConfigShape = {
  ...new QuestionKnobs(),
  ...new CacheKnobs(),
  ...new TierKnobs(),
  ...new StreamKnobs(),
  ...new LinkKnobs(),
  ...new FallbackKnobs(),
  ...new HealthKnobs(),
};

export const RouterConfig = Context.Reference<RouterConfigShape>("@naru/router/RouterConfig", { defaultValue: () => defaultRouterConfig });

/** A layer with some knobs changed. */
export const layer = (changes: Partial<RouterConfigShape>): Layer.Layer<never> =>
  Layer.succeed(RouterConfig, { ...defaultRouterConfig, ...changes });
