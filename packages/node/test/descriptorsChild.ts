/** Asks once a request and once a socket: before, while, and after every file descriptor of the process is taken. Prints how it went. */
import { closeSync, openSync } from "node:fs";
import { Transport } from "@naru/router/transport/Transport";
import { Effect, Result } from "effect";
import * as NodeTransport from "../src/NodeTransport.ts";

const [url = "", socketUrl = ""] = process.argv.slice(2);
const silent = { onFrame: () => {}, onReadEnd: () => {}, onPong: () => {}, onClose: () => {} };

/** A transport of its own each time: no connection is left from the time before. */
const both = Effect.gen(function* () {
  const transport = yield* Transport;
  const request = yield* Effect.result(transport.rest({ url, headers: {} }));
  const socket = yield* Effect.result(Effect.scoped(transport.socket(socketUrl, silent)));
  const told = (result: Result.Result<unknown, object>, good: string) =>
    Result.isSuccess(result) ? good : ["_tag", "code"].map((name) => String(Reflect.get(result.failure, name))).join(" ");
  return [told(request, "answered"), told(socket, "opened")];
}).pipe(Effect.provide(NodeTransport.layer()));

const taken: Array<number> = [];
const take = Effect.sync(() => {
  try {
    while (true) taken.push(openSync("/dev/null", "r"));
  } catch {
    // None is left.
  }
});

const story = Effect.gen(function* () {
  const before = yield* both;
  yield* take;
  const without = yield* both;
  for (const descriptor of taken) closeSync(descriptor);
  return { before, without, after: yield* both };
});

process.stdout.write(JSON.stringify(await Effect.runPromise(story)));
