/**
 * What a diagnosis is made of: everything that was gathered, before anybody judged it. `gather.ts` fills it without asking the exchange, `probe.ts`
 * adds what the exchange says; `checks.ts` judges. Durations are in milliseconds; what is not known is null.
 */
import type { AppStatus } from "@naru/node/admin/AdminApi";
import type { KeyFacts } from "./accessKey.ts";
import type { NetworkRoad } from "./networkRoad.ts";

export interface Evidence {
  /** Wall clock, epoch milliseconds. */
  readonly atMs: number;
  /** The exchange that `--venue` names. */
  readonly venue: { readonly id: string; readonly host: string };
  /** Apps that answered. */
  readonly apps: ReadonlyArray<AppStatus>;
  /** Apps that listen and did not answer, a sentence each. */
  readonly mute: ReadonlyArray<string>;
  readonly folder: FolderFacts;
  /** Of Node, without the `v`. */
  readonly runtime: string;
  /** Until when the exchange blocks this address, as far as anybody here remembers, epoch milliseconds; null when it does not. */
  readonly blockedUntilMs: number | null;
  readonly key: KeyFacts;
  readonly probe: ProbeEvidence;
}

/** The state folder, and the disk it is on. */
export interface FolderFacts {
  readonly path: string;
  /** Null where there is no folder yet. */
  readonly access: { readonly mode: number; readonly isOurs: boolean; readonly isWritable: boolean } | null;
  /** Null where the system does not tell. */
  readonly disk: { readonly freeBytes: number; readonly totalBytes: number } | null;
}

export type ProbeEvidence =
  | { readonly _tag: "NotAsked" }
  /** It was asked for, and left out because the exchange blocks this address. */
  | { readonly _tag: "Blocked" }
  | {
      readonly _tag: "Probed";
      /** None for an exchange inside this process. */
      readonly roads: ReadonlyArray<NetworkRoad>;
      readonly price: PriceProbe;
      /** Of the socket; empty when all is well. */
      readonly socket: {
        readonly openedAfterMs: number | null;
        readonly pongAfterMs: number | null;
        readonly problems: ReadonlyArray<string>;
      };
    };

export type PriceProbe =
  | {
      readonly _tag: "Answered";
      readonly market: string;
      readonly price: string;
      /** Since the exchange made the value, by the exchange's own clock. */
      readonly ageMs: number;
      readonly tookMs: number;
      /** Our wall clock minus the exchange's; half a second of it says nothing. Null where the answer had no date. */
      readonly clockAheadMs: number | null;
    }
  | { readonly _tag: "Failed"; readonly market: string; readonly reason: string };
