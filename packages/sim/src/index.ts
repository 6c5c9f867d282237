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
  type BannedBody,
  defaultOriginMs,
  type Delay,
  type ExchangeOptions,
  type LedgerOptions,
  type LimitOptions,
  type MaintenanceOptions,
  type ResolvedOptions,
  type RestOptions,
  type SocketOptions,
} from "./Options.ts";
export type { Endpoint, Profile } from "./profile/Profile.ts";
export { isProfileName, type ProfileName, profiles } from "./profile/profiles.ts";
export { type CompleteFault, Fault, FaultError, parseFault, type VerbHelp, verbs } from "./faults/Fault.ts";
export { type ActiveFault, FaultSet } from "./faults/FaultSet.ts";
export type { FaultMatch, FaultResponse, RestFault } from "./faults/RestFault.ts";
export type { FaultDoor } from "./faults/Verb.ts";
export * as Sim from "./Sim.ts";
export * as Script from "./Script.ts";
export { type ScriptedResult, type ScriptedTrade, ScriptError } from "./Script.ts";
export type { SpellingMode } from "./wire/Spelling.ts";
export type { WireOptions } from "./wire/Wire.ts";
export { layerLoopbackServer, type LoopbackOptions, LoopbackServer, makeLoopbackServer } from "./server/LoopbackServer.ts";
export { ControlServer, type ControlOptions, layerControlServer } from "./control/ControlServer.ts";
export { type ActiveToxic, FaultProxy, type FaultProxyOptions, layerFaultProxy, makeFaultProxy } from "./proxy/FaultProxy.ts";
export type { LinkState } from "./proxy/LinkState.ts";
export { type Toxic, ToxicError, type ToxicInput } from "./proxy/Toxic.ts";
export { ExchangeClock } from "./time/ExchangeClock.ts";
export { maxSpeed, minSpeed, SpeedClock, type SpeedClockOptions } from "./time/SpeedClock.ts";
export { overRoad, type RoadOptions } from "./Road.ts";
export { openRecording } from "./tape/foreignRecording.ts";
export { layerRecording, layerTap, layerTapFile } from "./tape/recording.ts";
export { layerReplayFile, layerReplayTransport, makeReplay, type Replay, type ReplayOptions } from "./tape/Replay.ts";
export { layerRouterReplay } from "./tape/RouterReplay.ts";
export { openTape, readTape, Tape } from "./tape/Tape.ts";
export { TapeError } from "@naru/router/tape/TapeEvent";
export { TapeRecorder } from "./tape/TapeRecorder.ts";
export { TransportServer } from "./tape/TransportServer.ts";
