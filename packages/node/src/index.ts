/** What Node gives the pipeline: the live transport and the state folder. */
export * as NodeTransport from "./NodeTransport.ts";
export * as StateFolder from "./StateFolder.ts";
export type { TransportOptions, TransportTimeouts } from "./TransportOptions.ts";
