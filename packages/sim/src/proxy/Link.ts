/** One connection through the proxy: the client's socket, the server's, and a lane each way. It lives until both sockets are closed. */
import type * as net from "node:net";
import * as Effect from "effect/Effect";
import { hash3, unit } from "../market/Hash.ts";
import { Lane, type LaneContext, type NumberedToxic } from "./Lane.ts";
import type { LinkState } from "./LinkState.ts";

export class Link {
  private readonly client: net.Socket;
  private readonly server: net.Socket;
  private readonly context: LaneContext;
  private readonly lanes: readonly [Lane, Lane];

  /** `onEnd` is told once, when both sockets are closed. */
  constructor(client: net.Socket, server: net.Socket, context: Omit<LaneContext, "finish">, onEnd: (link: Link) => void) {
    this.client = client;
    this.server = server;
    this.context = { ...context, finish: (how) => this.finish(how) };
    this.lanes = [new Lane("up", client, server, this.context), new Lane("down", server, client, this.context)];
    let open = 2;
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      socket.setNoDelay(true);
      // What went wrong is told by the close that follows.
      socket.on("error", () => {});
      socket.on("close", (hadError) => {
        if (hadError && !other.destroyed) other.resetAndDestroy();
        if (--open === 0) onEnd(this);
      });
    }
  }

  get state(): LinkState {
    const [up, down] = this.lanes;
    return {
      connection: this.context.connection,
      waiting: { up: up.waitingBytes, down: down.waitingBytes },
      arrived: { up: up.arrivedBytes, down: down.arrivedBytes },
    };
  }

  /** Moves data both ways, until interrupted. */
  readonly run: Effect.Effect<void> = Effect.suspend(() =>
    Effect.all([this.lanes[0].pump, this.lanes[1].pump], { concurrency: "unbounded", discard: true }),
  );

  /** The toxics of the proxy; those that concern this connection are on for it from now on. */
  setToxics(toxics: ReadonlyArray<NumberedToxic>): void {
    const { seed, connection } = this.context;
    const mine = toxics.filter(({ number, toxic }) => toxic.verb !== "down" && unit(hash3(seed, number, connection)) < toxic.toxicity);
    for (const lane of this.lanes)
      lane.setToxics(
        mine.filter(({ toxic }) => {
          const direction = "direction" in toxic ? toxic.direction : toxic.verb === "rst_after_n_frames" ? "down" : "both";
          return direction === "both" || direction === lane.direction;
        }),
      );
  }

  /** Ends both sides at once. */
  destroy(): void {
    this.client.destroy();
    this.server.destroy();
  }

  private finish(how: "fin" | "rst"): void {
    for (const socket of [this.client, this.server]) {
      if (socket.destroyed) continue;
      if (how === "rst") socket.resetAndDestroy();
      else socket.end(() => socket.destroy());
    }
  }
}
