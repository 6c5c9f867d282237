/** What may be put around the product in a world, to break it on purpose. */
import type { MarketData } from "@naru/router/MarketData";
import type { Sim } from "@naru/sim";

export interface Meddling extends Sim.Decorations {
  readonly marketData?: ((inner: MarketData["Service"]) => MarketData["Service"]) | undefined;
}
