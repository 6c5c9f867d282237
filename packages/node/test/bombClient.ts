/**
 * A program that connects to the URL it is given, compressed, says one word after the first message, and prints how the socket ended and how much
 * memory the process took beyond what it had when it said it. Peak and present are both looked at: either alone can hide a growth.
 */
import { Transport } from "@naru/router/transport/Transport";
import { Deferred, Effect } from "effect";
import * as NodeTransport from "../src/NodeTransport.ts";

const mebibyte = 1024 * 1024;
/** The peak so far; the system tells it in KiB. */
const peakMiB = () => process.resourceUsage().maxRSS / 1024;
const presentMiB = () => process.memoryUsage().rss / mebibyte;

const program = Effect.gen(function* () {
  const first = yield* Deferred.make<void>();
  const closed = yield* Deferred.make<{ readonly code: number; readonly reason: string }>();
  let frames = 0;
  const transport = yield* Transport;
  const socket = yield* transport.socket(
    process.argv[2] ?? "",
    {
      onFrame: () => {
        frames++;
        Deferred.doneUnsafe(first, Effect.void);
      },
      onReadEnd: () => {},
      onPong: () => {},
      onClose: (close) => Deferred.doneUnsafe(closed, Effect.succeed(close)),
    },
    { compress: true },
  );
  yield* Deferred.await(first);
  const before = { peak: peakMiB(), present: presentMiB() };
  yield* socket.send("go");
  const close = yield* Deferred.await(closed);
  return { close, frames, grownMiB: Math.max(peakMiB() - before.peak, presentMiB() - before.present) };
});

const seen = await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(NodeTransport.layer())));
process.stdout.write(JSON.stringify(seen));
