/** The emulated exchange. `Script` holds the words for a market's story; `layerMemoryTransport` and the loopback server are its two doors. */
export { Exchange, ExchangeModel, type ExchangeRequest, type ExchangeResponse, type RestOutcome, type UpgradeOutcome } from "./Exchange.ts";
export {
  type CandleEntry,
  type ConnectionEntry,
  type ConnectionEvent,
  type FaultEntry,
  type FaultEvent,
  type FrameEntry,
  type FrameKeeping,
  Ledger,
  type LedgerEntries,
  type LedgerFilter,
  type LedgerKind,
  type OrderbookEntry,
  type Page,
  type PageOptions,
  type RequestEntry,
  type TickerEntry,
  type TradeEntry,
  type Verdict,
} from "./Ledger.ts";
export { layerMemoryTransport, makeMemoryTransport, type MemoryTransportOptions } from "./MemoryTransport.ts";
export type { LifecyclePlan } from "./market/Lifecycle.ts";
export type { MaintenanceWindow } from "./market/Maintenance.ts";
export type { MarketsOptions } from "./market/WideCatalogue.ts";
export {
  defaultOriginMs,
  type ExchangeOptions,
  type LedgerOptions,
  type LimitOptions,
  type MaintenanceOptions,
  type ResolvedOptions,
  type SocketOptions,
} from "./Options.ts";
export { type CompleteFault, Fault, FaultError, parseFault, type VerbHelp, verbs } from "./faults/Fault.ts";
export { type ActiveFault, FaultSet } from "./faults/FaultSet.ts";
export type { FaultMatch, FaultResponse, RestFault } from "./faults/RestFault.ts";
export type { FaultDoor } from "./faults/Verb.ts";
export * as Sim from "./Sim.ts";
export * as Script from "./Script.ts";
export { type ScriptedResult, type ScriptedTrade, ScriptError } from "./Script.ts";
export { layerLoopbackServer, type LoopbackOptions, LoopbackServer, makeLoopbackServer } from "./server/LoopbackServer.ts";
export { ControlServer, type ControlOptions, layerControlServer } from "./control/ControlServer.ts";
export { type ActiveToxic, FaultProxy, type FaultProxyOptions, layerFaultProxy, makeFaultProxy } from "./proxy/FaultProxy.ts";
export type { LinkState } from "./proxy/LinkState.ts";
export { type Toxic, ToxicError, type ToxicInput } from "./proxy/Toxic.ts";
export { ExchangeClock } from "./time/ExchangeClock.ts";
export { maxSpeed, minSpeed, SpeedClock, type SpeedClockOptions } from "./time/SpeedClock.ts";
