/** The flags of `naru sim`: what is served, how it is driven, what is read of it. */
import * as Config from "effect/Config";
import * as Argument from "effect/cli/Argument";
import * as Flag from "effect/cli/Flag";
import type { ProfileName } from "@naru/sim/profile/profiles";
import { portFlag, usualPort } from "./portFlag.ts";
import { duration } from "./settings.ts";

/** Written here, so that naming commands loads no exchange. */
const profileNames = ["upbit", "upbit-sg", "upbit-id", "upbit-th", "bithumb"] as const satisfies ReadonlyArray<ProfileName>;

const speedFlag = Flag.Finite("speed").pipe(
  Flag.withDescription("How many times faster than a clock its time goes, 0.001 to 1000 (1)"),
  Flag.filter(
    (speed) => speed >= 0.001 && speed <= 1_000,
    () => "is no speed; 0.001 to 1000 are",
  ),
);

/** `naru sim serve`. */
export const serving = {
  port: portFlag("port", "Port on 127.0.0.1, up to 65535; 0 takes a free one (8787)").pipe(Flag.withDefault(usualPort)),
  controlPort: Flag.optional(portFlag("control-port", "Also a port to look into it and to switch faults on; none without it")),
  proxyPort: Flag.optional(portFlag("proxy-port", "Also a proxy that spoils TCP connections to it; none without it")),
  profile: Flag.Literals("profile", profileNames).pipe(
    Flag.withDescription(`Which exchange of the family: ${profileNames.join(" ")} (upbit)`),
    Flag.withDefault("upbit"),
  ),
  speed: speedFlag.pipe(Flag.withDefault(1)),
  markets: Flag.optional(
    Flag.Int("markets").pipe(
      Flag.withDescription("How many markets, 1 to 900; well-known ones first, then made-up ones (the well-known)"),
      Flag.filter(
        (count) => count >= 1 && count <= 900,
        () => "is no number of markets; 1 to 900 are",
      ),
    ),
  ),
  faults: Flag.String("fault").pipe(
    Flag.withMetavar("verb name=value …"),
    Flag.withDescription("A fault that is on from the start; may be given several times"),
    Flag.atLeast(0),
  ),
};

/** Where the control port of an exchange that is served listens. */
export const control = Flag.String("control").pipe(
  Flag.withMetavar("url"),
  Flag.withDescription("The control port (env NARU_CONTROL; http://127.0.0.1:8788)"),
  Flag.withFallbackConfig(Config.String("NARU_CONTROL")),
  Flag.withDefault("http://127.0.0.1:8788"),
);

/** `naru sim time`. */
export const timing = {
  speed: Flag.optional(speedFlag),
  pause: Flag.Boolean("pause").pipe(Flag.withDescription("Stop it"), Flag.withDefault(false)),
  resume: Flag.Boolean("resume").pipe(Flag.withDescription("Let it go on"), Flag.withDefault(false)),
  advance: duration("advance", "Move it on by so much at once"),
};

/** `naru sim ledger`. */
export const ledger = {
  kind: Argument.Literals("kind", ["requests", "frames", "connections", "trades", "tickers", "candles", "orderbooks", "faults"]),
  market: Flag.optional(Flag.String("market").pipe(Flag.withDescription("Only what concerns this market"))),
  limit: Flag.Int("limit").pipe(Flag.withDescription("Entries wanted, the newest, up to 1000 (20)"), Flag.withDefault(20)),
  follow: Flag.Boolean("follow").pipe(Flag.withDescription("Go on with what comes, until interrupted"), Flag.withDefault(false)),
};
