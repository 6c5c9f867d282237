/**
 * `pnpm test:live [venue] [--url http://127.0.0.1:8080] [--market KRW-BTC]`: asks a real exchange once per kind and channel and ends with 1 when
 * an answer is missing or cannot be right. By hand only: under CI it refuses, unless an address of an emulated exchange is given.
 */
import { parseArgs } from "node:util";
import * as Console from "effect/Console";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { liveCheck, verdictLine } from "../packages/proof/src/liveCheck.ts";
import { isProfileName, profiles } from "../packages/upbit/src/profiles.ts";
import { layerFor, profileOf, type UpbitOptions } from "../packages/upbit/src/Upbit.ts";

/** EX_USAGE */
const usageExitCode = 64;

interface Target {
  readonly options: UpbitOptions;
  readonly market: string | undefined;
  /** What answers at an address given by hand is taken for an emulated exchange. */
  readonly simulated: boolean;
}

/** What the command line names, or what is wrong with it. */
const target = (args: ReadonlyArray<string>): Result.Result<Target, string> =>
  Result.try({
    try: () => parseArgs({ args: [...args], allowPositionals: true, options: { url: { type: "string" }, market: { type: "string" } } }),
    catch: (error) => (error instanceof Error ? error.message : String(error)),
  }).pipe(
    Result.flatMap(({ values: { url, market }, positionals }) => {
      const [venue = "upbit", ...others] = positionals;
      if (others.length > 0) return Result.fail("one venue at a time");
      if (!isProfileName(venue))
        return Result.fail(`${venue} is none of ${Object.keys(profiles).join(", ")}; an address is given with --url`);
      if (url === undefined && (process.env["CI"] ?? "") !== "") return Result.fail("a real exchange is not asked under CI");
      const simulated = url !== undefined;
      const options = url === undefined ? { venue } : { venue: url, profile: { like: venue, simulated } };
      return Result.succeed({ options, market, simulated });
    }),
  );

const run = ({ options, market, simulated }: Target): Effect.Effect<number> =>
  Effect.gen(function* () {
    const profile = yield* Effect.fromResult(profileOf(options));
    yield* Console.log(`${profile.id} at ${profile.restUrl}`);
    const verdicts = yield* liveCheck(market ?? `${profile.fiat}-BTC`, (verdict) => Console.log(verdictLine(verdict, simulated))).pipe(
      Effect.provide(layerFor(options)),
    );
    const answered = verdicts.filter(({ _tag }) => _tag === "Answered").length;
    yield* Console.log(`${answered} of ${verdicts.length} answered`);
    return answered === verdicts.length ? 0 : 1;
  }).pipe(Effect.catch((error) => Effect.as(Console.error(error.message), usageExitCode)));

process.exitCode = await Effect.runPromise(
  Result.match(target(process.argv.slice(2)), {
    onSuccess: run,
    onFailure: (reason) => Effect.as(Console.error(`test:live: ${reason}`), usageExitCode),
  }),
);
