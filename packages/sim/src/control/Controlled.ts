/** What the control port acts on. */
import type { ExchangeModel } from "../Exchange.ts";
import type { FaultProxy } from "../proxy/FaultProxy.ts";
import type { SpeedClock } from "../time/SpeedClock.ts";

export interface Controlled {
  readonly exchange: ExchangeModel;
  /** The time the exchange is served in. */
  readonly clock: SpeedClock;
  /** None where no proxy stands in front of the exchange. */
  readonly proxy: FaultProxy["Service"] | undefined;
}
