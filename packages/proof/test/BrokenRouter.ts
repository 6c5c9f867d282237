/**
 * Routers that break on purpose, each of them as it is told: one that cannot be built, one that dies with everything it started, one whose calls
 * hang, fail or crash. A router that was broken stays broken; one that is built afresh is as `next` says.
 */
import { RouterAsker } from "@naru/router/Asker";
import { type MarketDataError, UpstreamError } from "@naru/router/errors/MarketDataError";
import type { SideServices } from "@naru/router/Router";
import type { RouterLayer } from "@naru/sim/Sim";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Layer from "effect/Layer";
import * as Scope from "effect/Scope";

/** `throws`: before there is an Effect. */
export type Ill = "well" | "fails" | "crashes" | "throws" | "hangs";

interface Built {
  ill: Ill;
  readonly scope: Scope.Closeable;
  calls: number;
}

export class BrokenRouter {
  /** What becomes of the next router that is built. */
  next: Ill | "unbuildable" | "endless" = "well";
  readonly built: Array<Built> = [];
  /** Times a router was to be built, also in vain. */
  tries = 0;

  get current(): Built {
    const last = this.built.at(-1);
    if (last === undefined) throw new Error("no router was built");
    return last;
  }

  /** Ends the present router with all it has started, without a word to anybody. */
  readonly kill = Effect.suspend(() => Scope.close(this.current.scope, Exit.void));

  readonly decorate = (inner: RouterLayer) =>
    Layer.effectContext(
      Effect.gen({ self: this }, function* () {
        this.tries++;
        const { next } = this;
        if (next === "unbuildable") return yield* Effect.die(new Error("a router that cannot be built"));
        if (next === "endless") return yield* Effect.never;
        const scope = yield* Scope.fork(yield* Effect.scope);
        const built: Built = { ill: next, scope, calls: 0 };
        this.built.push(built);
        const services: Layer.Layer<SideServices, never, Layer.Services<RouterLayer>> = Layer.effect(
          RouterAsker,
          Effect.map(RouterAsker, (asker) => ({
            ...asker,
            begin: (question, markets) => {
              built.calls++;
              return as(built.ill, asker.begin(question, markets));
            },
            probe: (question) => Effect.suspend(() => as(built.ill, asker.probe(question))),
          })),
        ).pipe(Layer.provideMerge(inner));
        return yield* Layer.buildWithMemoMap(services, Layer.makeMemoMapUnsafe(), scope);
      }),
    );
}

const as = <A>(ill: Ill, asked: Effect.Effect<A, MarketDataError>): Effect.Effect<A, MarketDataError> => {
  switch (ill) {
    case "well":
      return asked;
    case "fails":
      return Effect.fail(new UpstreamError({ status: 500, name: null, detail: "a broken router", retryAfterMs: null }));
    case "crashes":
      return Effect.die(new Error("a bug in the router"));
    case "throws":
      throw new Error("a bug in the router, met at once");
    case "hangs":
      return Effect.never;
  }
};
