/** `naru doctor`: asks the apps that run, looks at this machine, and asks the exchange only when told to and never while it blocks us. */
import { type UpbitProfile, isProfileName } from "@naru/upbit/profiles";
import { profileOf } from "@naru/upbit/Upbit";
import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Result from "effect/Result";
import type { ConfigError } from "@naru/router/errors/MarketDataError";
import type { DoctorInput } from "../adminFlags.ts";
import { apps, folderOf } from "../attach.ts";
import { CommandFailed } from "../CommandFailed.ts";
import * as accessKey from "../doctor/accessKey.ts";
import { exitCodeOf } from "../doctor/Check.ts";
import { checksOf } from "../doctor/checks.ts";
import type { ProbeEvidence } from "../doctor/Evidence.ts";
import { gather } from "../doctor/gather.ts";
import { askKey, probe } from "../doctor/probe.ts";
import { reporting } from "../failure.ts";
import * as output from "../output.ts";
import { withProgress } from "../progress.ts";
import { checkupLines, checkupToJson } from "../render/checkup.ts";
import type { Connection } from "../settings.ts";
import { checkVenue, withMarketData } from "../venue.ts";

export const doctor = (flags: Connection, input: DoctorInput): Effect.Effect<void, CommandFailed> =>
  Effect.scoped(
    Effect.gen(function* () {
      const target = yield* reporting(flags, Effect.fromResult(targetOf(flags)));
      const known = yield* gather({ apps: yield* apps(flags, input.pid), folder: yield* folderOf(flags), venue: target });
      const mayAsk = input.probe && known.blockedUntilMs === null;
      const read = yield* accessKey.read;
      const evidence = {
        ...known,
        probe: mayAsk ? yield* probed(flags, input, target) : notAsked(input.probe),
        // After the price: what that met of a block holds for this question too.
        key: read._tag === "None" ? read.facts : { _tag: "Present" as const, answer: yield* keyAnswer(flags, read.key, target, mayAsk) },
      };
      const checks = checksOf(evidence);
      yield* flags.json
        ? output.json(checkupToJson(checks, yield* Clock.currentTimeMillis))
        : output.lines(checkupLines(checks, yield* output.style));
      const exitCode = exitCodeOf(checks);
      if (exitCode !== 0) return yield* new CommandFailed({ exitCode });
    }),
  );

/** The exchange that `--venue` names, as far as it has addresses. */
interface Target {
  readonly id: string;
  readonly host: string;
  /** Null for the emulated exchange inside this process. */
  readonly profile: UpbitProfile | null;
}

const targetOf = (flags: Connection): Result.Result<Target, ConfigError | Result.Result.Failure<ReturnType<typeof checkVenue>>> =>
  Result.flatMap(checkVenue(flags), () => {
    const { venue, simulated } = flags;
    if (venue === "sim") return Result.succeed({ id: "sim", host: "the emulated exchange", profile: null });
    const profile = profileOf({ venue, profile: { simulated: Option.getOrUndefined(simulated) } });
    return Result.map(profile, (found): Target => ({ id: found.id, host: found.host, profile: found }));
  });

const notAsked = (wasWanted: boolean): ProbeEvidence => ({ _tag: wasWanted ? "Blocked" : "NotAsked" });

const probed = (flags: Connection, input: DoctorInput, { profile }: Target) => {
  const market = Option.getOrElse(input.market, () => `${profile?.fiat ?? "KRW"}-BTC`);
  return withProgress(withMarketData(flags, probe(market, profile)), "asking the exchange");
};

/** A key goes to the exchange's own hosts, and to no address that somebody wrote on a command line. */
const keyAnswer = (
  flags: Connection,
  key: accessKey.AccessKey,
  { profile }: Target,
  mayAsk: boolean,
): Effect.Effect<accessKey.KeyAnswer, CommandFailed> => {
  const left = (reason: string) => Effect.succeed<accessKey.KeyAnswer>({ _tag: "NotAsked", reason });
  if (profile === null || !isProfileName(flags.venue)) return left("a key is sent to the exchange's own hosts only");
  return mayAsk ? withMarketData(flags, askKey(key, profile.restUrl)) : left("--probe was not given, or may not be now");
};
