/**
 * The way to one host, phase by phase: its name, a connection, the handshake of TLS. Each phase is timed by itself, so that what is broken has a
 * name. Nothing is asked of the host, and nothing of it counts in a limit.
 */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import * as net from "node:net";
import * as tls from "node:tls";
import { errorCode } from "@naru/node/networkFailure";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";

type Phase = "dns" | "tcp" | "tls";

export interface NetworkRoad {
  /** `rest` or `websocket`. */
  readonly channel: string;
  readonly host: string;
  /** Phases that went well, in order, with their time. */
  readonly phases: ReadonlyArray<{ readonly phase: Phase; readonly tookMs: number }>;
  readonly failure: { readonly phase: Phase; readonly code: string } | null;
}

const phaseMs = 5_000;

/** Goes as far as it comes. Never fails: what goes wrong is what it finds. */
export const travel = Effect.fn("doctor.travel")(function* (channel: string, address: string) {
  const url = new URL(address);
  const isSecure = url.protocol === "https:" || url.protocol === "wss:";
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port) || (isSecure ? 443 : 80);
  const steps: ReadonlyArray<readonly [Phase, Effect.Effect<void, string>]> = [
    ...(isIP(hostname) === 0 ? [["dns", resolve(hostname)] as const] : []),
    ["tcp", opened(() => net.connect({ host: hostname, port }), "connect")],
    ...(isSecure
      ? [
          [
            "tls",
            opened(() => tls.connect({ host: hostname, port, ...(isIP(hostname) === 0 ? { servername: hostname } : {}) }), "secureConnect"),
          ] as const,
        ]
      : []),
  ];
  const phases: Array<{ phase: Phase; tookMs: number }> = [];
  for (const [phase, step] of steps) {
    const startedNanos = yield* Clock.monotonicTimeNanos;
    const code = yield* step.pipe(
      Effect.timeoutOrElse({ duration: phaseMs, orElse: () => Effect.fail("ETIMEDOUT") }),
      Effect.match({ onSuccess: () => null, onFailure: (reason) => reason }),
    );
    if (code !== null) return { channel, host: url.host, phases, failure: { phase, code } } satisfies NetworkRoad;
    phases.push({ phase, tookMs: Number((yield* Clock.monotonicTimeNanos) - startedNanos) / 1e6 });
  }
  return { channel, host: url.host, phases, failure: null } satisfies NetworkRoad;
});

const resolve = (hostname: string): Effect.Effect<void, string> =>
  Effect.asVoid(Effect.tryPromise({ try: () => lookup(hostname), catch: codeOf }));

/** A connection that is closed as soon as it is there. */
const opened = (open: () => net.Socket, event: "connect" | "secureConnect"): Effect.Effect<void, string> =>
  Effect.callback((resume) => {
    const socket = open();
    socket.once(event, () => {
      socket.destroy();
      resume(Effect.void);
    });
    socket.once("error", (error) => resume(Effect.fail(codeOf(error))));
    return Effect.sync(() => socket.destroy());
  });

const codeOf = (error: unknown): string => errorCode(error) ?? (error instanceof Error ? error.message.slice(0, 100) : "unknown");
