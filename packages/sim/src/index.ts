/** The emulated exchange. `Script` holds the words for a market's story; `layerMemoryTransport` and the loopback server are its two doors. */
export { Exchange, ExchangeModel, type ExchangeRequest, type ExchangeResponse, type RestOutcome, type UpgradeOutcome } from "./Exchange.ts";
export { type ConnectionEntry, type FrameEntry, Ledger, type RequestEntry, type Verdict } from "./Ledger.ts";
export { layerMemoryTransport, makeMemoryTransport, type MemoryTransportOptions } from "./MemoryTransport.ts";
export { defaultOriginMs, type ExchangeOptions, type LimitOptions, type ResolvedOptions, type SocketOptions } from "./Options.ts";
export type { FaultMatch, FaultResponse, RestFault } from "./rest/RestFaults.ts";
export * as Sim from "./Sim.ts";
export * as Script from "./Script.ts";
export { type ScriptedResult, type ScriptedTrade, ScriptError } from "./Script.ts";
export { layerLoopbackServer, type LoopbackOptions, LoopbackServer, makeLoopbackServer } from "./server/LoopbackServer.ts";
export { openRecording } from "./tape/foreignRecording.ts";
export { layerRecording, layerTap, layerTapFile } from "./tape/recording.ts";
export { layerReplayFile, layerReplayTransport, makeReplay, type Replay, type ReplayOptions } from "./tape/Replay.ts";
export { layerRouterReplay } from "./tape/RouterReplay.ts";
export { openTape, readTape, Tape } from "./tape/Tape.ts";
export { TapeError } from "./tape/TapeEvent.ts";
export { TapeRecorder } from "./tape/TapeRecorder.ts";
export { TransportServer } from "./tape/TransportServer.ts";
