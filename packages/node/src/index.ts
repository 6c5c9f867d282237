/**
 * What Node gives the pipeline: the live transport, the state folder and what is kept in it, a look at the machine, where alerts go, the admin socket
 * of an app, and the way to a collector of traces, logs and metrics.
 */
export * as AdminClient from "./admin/AdminClient.ts";
export * as AdminSocket from "./admin/AdminSocket.ts";
export * as AlertTargets from "./AlertTargets.ts";
export * as FileStateStore from "./FileStateStore.ts";
export * as SqliteHistory from "./history/SqliteHistory.ts";
export * as HostProbe from "./HostProbe.ts";
export * as NodeTransport from "./NodeTransport.ts";
export * as StateFolder from "./StateFolder.ts";
export * as Telemetry from "./Telemetry.ts";
export type { TransportOptions, TransportTimeouts } from "./TransportOptions.ts";
