/**
 * What the emulated exchange promises a client, as one list of tests for every door it has: the lines of the emulator checklist of the protocol
 * reference (§8), the quirks that bite clients (§5), and what a script may order.
 */
import { type Door, makeSuite } from "./conformance/door.ts";
import { family } from "./conformance/family.ts";
import { numbers } from "./conformance/numbers.ts";
import { quirks } from "./conformance/quirks.ts";
import { rest } from "./conformance/rest.ts";
import { restLimits } from "./conformance/restLimits.ts";
import { scripted } from "./conformance/scripted.ts";
import { socket } from "./conformance/socket.ts";
import { socketEnds } from "./conformance/socketEnds.ts";

export const conformance = (name: string, door: Door): void => {
  const suite = makeSuite(name, door);
  for (const part of [rest, restLimits, socket, socketEnds, numbers, quirks, family, scripted]) part(suite);
};
