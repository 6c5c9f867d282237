/** A process that has used up its file descriptors: somebody else leaks, and we are told so as of any other trouble of the network. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { assert, it } from "@effect/vitest";
import { Effect } from "effect";
import { httpServer, socketServer } from "./servers.ts";

const child = fileURLToPath(new URL("./descriptorsChild.ts", import.meta.url));

it.live("is told a NetworkError of requests and sockets while none is left, and goes on when there are some again (I05)", () =>
  Effect.gen(function* () {
    const rest = yield* httpServer((_request, response) => response.end("[]"));
    const live = yield* socketServer(() => {});
    const script = `ulimit -n 64; exec "${process.execPath}" "${child}" "http://${rest.host}/" "${live.url}"`;
    const { error, out, said } = yield* Effect.callback<{ error: Error | null; out: string; said: string }>((resume) => {
      execFile("bash", ["-c", script], (error, out, said) => resume(Effect.succeed({ error, out, said })));
    });
    assert.isNull(error, said);
    assert.deepStrictEqual(JSON.parse(out), {
      before: ["answered", "opened"],
      without: ["NetworkError EMFILE", "NetworkError EMFILE"],
      after: ["answered", "opened"],
    });
  }).pipe(Effect.scoped),
);
