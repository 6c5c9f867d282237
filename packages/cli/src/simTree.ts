/** The commands of the emulated exchange: serving it, and driving one that is served through its control port. Names, flags and help only. */
import * as Argument from "effect/cli/Argument";
import * as Command from "effect/cli/Command";
import * as Flag from "effect/cli/Flag";
import { running } from "./running.ts";
import * as settings from "./settings.ts";
import * as flags from "./simFlags.ts";

const loaded = () => import("./commands/simControl.ts");

const serve = Command.make("serve", flags.serving, (input) =>
  running(
    () => import("./commands/serve.ts"),
    settings.emulated,
    (command, given) => command.serve(given, input),
  ),
).pipe(
  Command.withDescription("Serve it on this machine until interrupted, for clients in any language"),
  Command.withExamples([
    { command: "naru sim serve --control-port 8788", description: "With a port to switch faults on and to look into it" },
    { command: 'naru sim serve --fault "server-error path=/v1/ticker times=3"', description: "Broken from the start" },
  ]),
  Command.withGlobalFlags(settings.emulatedFlags),
);

const pairs = Argument.String("parameter").pipe(
  Argument.withDescription("name=value; naru sim verbs lists them"),
  Argument.variadic({ max: 50 }),
);

const faultOn = Command.make(
  "on",
  {
    verb: Argument.String("verb").pipe(Argument.withDescription("What goes wrong")),
    pairs,
    proxy: Flag.Boolean("proxy").pipe(
      Flag.withDescription("By the proxy, where it and the exchange both know the verb"),
      Flag.withDefault(false),
    ),
    control: flags.control,
  },
  (input) => running(loaded, settings.printing, (command, given) => command.faultOn(given, input)),
).pipe(
  Command.withDescription("Switch a fault on; prints its id"),
  Command.withExamples([{ command: "naru sim fault on server-error path=/v1/ticker times=3", description: "Three failures" }]),
);

const faultOff = Command.make(
  "off",
  {
    which: Argument.String("id-or-verb").pipe(Argument.withDescription("A fault's id, or a verb; all for every fault")),
    control: flags.control,
  },
  (input) => running(loaded, settings.printing, (command, given) => command.faultOff(given, input)),
).pipe(Command.withDescription("Switch faults off"));

const faultList = Command.make("list", { control: flags.control }, (input) =>
  running(loaded, settings.printing, (command, given) => command.faultList(given, input)),
).pipe(Command.withDescription("The faults that are on"));

const fault = Command.make("fault").pipe(
  Command.withDescription("Faults of an exchange that is served"),
  Command.withSubcommands([faultOn, faultOff, faultList]),
);

const state = Command.make("state", { control: flags.control }, (input) =>
  running(loaded, settings.printing, (command, given) => command.state(given, input)),
).pipe(Command.withDescription("Time, open sockets, bans, faults and counters of an exchange that is served"));

const verbs = Command.make("verbs", {}, () => running(loaded, settings.printing, (command, given) => command.verbs(given))).pipe(
  Command.withDescription("Every fault there is, with its parameters"),
);

const time = Command.make("time", { ...flags.timing, control: flags.control }, (input) =>
  running(loaded, settings.printing, (command, given) => command.time(given, input)),
).pipe(Command.withDescription("Make the time of an exchange that is served faster, stop it or move it on"));

const ledger = Command.make("ledger", { ...flags.ledger, control: flags.control }, (input) =>
  running(
    () => import("./commands/simLedger.ts"),
    settings.printing,
    (command, given) => command.ledger(given, input),
  ),
).pipe(Command.withDescription("What an exchange that is served saw and sent"));

export const sim = Command.make("sim").pipe(
  Command.withDescription("The emulated exchange"),
  Command.withSubcommands([serve, fault, state, ledger, time, verbs]),
);
