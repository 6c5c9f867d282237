/** What the control port acts on. */
import type { ExchangeModel } from "../Exchange.ts";
import type { FaultProxy } from "../proxy/FaultProxy.ts";

export interface Controlled {
  readonly exchange: ExchangeModel;
  /** None where no proxy stands in front of the exchange. */
  readonly proxy: FaultProxy["Service"] | undefined;
}
