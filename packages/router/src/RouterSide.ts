/**
 * The router as something that can end: built in a scope of its own, given up when it dies, and built afresh when it is wanted again. A router that
 * cannot be built, or takes too long, is no failure of this layer: there is none then, and the mode says so.
 */
import * as Context from "effect/Context";
import * as Deferred from "effect/Deferred";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Layer from "effect/Layer";
import * as Scope from "effect/Scope";
import type { Asker } from "./Asker.ts";
import { RouterAsker } from "./Asker.ts";
import { MarketList } from "./cache/MarketList.ts";
import { isIncident } from "./domain/Mode.ts";
import { Closed } from "./errors/MarketDataError.ts";
import { ModeControl } from "./fallback/ModeControl.ts";
import type { SideServices } from "./Router.ts";
import { RouterConfig } from "./RouterConfig.ts";
import * as streaming from "./streaming.ts";
import { Subscriptions } from "./stream/Subscriptions.ts";
import { Venue } from "./transport/Venue.ts";
import { GiveUp } from "./transport/Workers.ts";

/** One router of those that were built. */
export interface Instance {
  /** 1 for the first. */
  readonly number: number;
  readonly asker: Asker;
  readonly streams: streaming.Streaming;
  readonly services: Context.Context<SideServices>;
}

export class RouterSide extends Context.Service<
  RouterSide,
  {
    /** The router that answers now; undefined while there is none. */
    readonly current: () => Instance | undefined;
    /** One service of it. Throws `Closed` while there is no router. */
    readonly service: <I extends SideServices, S>(key: Context.Key<I, S>) => S;
    /** It has shown to be dead. Ends what is left of it; told once, whoever notices. */
    readonly died: (instance: Instance, reason: string) => Effect.Effect<void>;
    /** Ends the one that is there and builds another; undefined when that fails. */
    readonly renew: (reason: string) => Effect.Effect<Instance | undefined>;
    /** Waits until there is a router again and it is trusted with streams: no incident is on. */
    readonly back: Effect.Effect<Instance>;
    /** The whole layer is ending: what ends now ended as it should. */
    readonly isClosing: () => boolean;
  }
>()("@naru/router/RouterSide") {
  static readonly layer = <R>(side: Layer.Layer<SideServices, unknown, R>): Layer.Layer<RouterSide, never, R | ModeControl | Venue> =>
    Layer.effect(RouterSide, make(side));
}

const make = Effect.fnUntraced(function* <R>(side: Layer.Layer<SideServices, unknown, R>) {
  const control = yield* ModeControl;
  const venue = yield* Venue;
  const { enableSmartRouting, routerBuildMs } = yield* RouterConfig;
  const context = yield* Effect.context<R>();
  const outer = yield* Effect.scope;
  let current: { readonly instance: Instance; readonly scope: Scope.Closeable } | undefined;
  let built = 0;
  let closing = false;
  let returned = Deferred.makeUnsafe<Instance>();
  // Made after the scopes below in time, so it is run before they are closed.
  const endsFirst = Effect.addFinalizer(() => Effect.sync(() => void (closing = true)));

  /** Whoever waits for a router goes on. */
  const look = (): void => {
    if (current === undefined || isIncident(control.mode())) return;
    Deferred.doneUnsafe(returned, Exit.succeed(current.instance));
  };

  const close = Effect.suspend(() => {
    const ending = current;
    current = undefined;
    // Whoever waits already goes on waiting for the next one.
    if (Deferred.isDoneUnsafe(returned)) returned = Deferred.makeUnsafe();
    return ending === undefined ? Effect.void : Effect.ignoreCause(Scope.close(ending.scope, Exit.void));
  });

  const died = (instance: Instance, reason: string): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (closing || current?.instance !== instance) return Effect.void;
      return Effect.andThen(close, control.tell("gone", reason));
    });

  const build = Effect.gen(function* () {
    const scope = yield* Scope.fork(outer);
    // Closing its scope ends the worker that asks for it: somebody else must do it.
    const giveUp = (reason: string) =>
      Effect.suspend(() => (current?.scope === scope ? Effect.asVoid(Effect.forkIn(died(current.instance, reason), outer)) : Effect.void));
    const exit = yield* Layer.buildWithMemoMap(side, Layer.makeMemoMapUnsafe(), scope).pipe(
      Effect.provideService(GiveUp, giveUp),
      Effect.provide(context),
      Effect.timeoutOrElse({ duration: routerBuildMs, orElse: () => Effect.fail(`was not built within ${routerBuildMs} ms`) }),
      Effect.exit,
    );
    if (Exit.isFailure(exit)) {
      yield* Effect.forkIn(Effect.ignoreCause(Scope.close(scope, exit)), outer);
      yield* Effect.logError("the router could not be built", exit.cause);
      yield* control.tell("gone", "the router could not be built");
      return undefined;
    }
    const instance = instanceOf(++built, exit.value, venue);
    current = { instance, scope };
    yield* Effect.logDebug(`router ${built} was built`);
    look();
    return instance;
  });

  control.onChange(look);
  if (enableSmartRouting) yield* build;
  yield* endsFirst;
  return RouterSide.of({
    current: () => current?.instance,
    service: (key) => {
      if (current === undefined) throw new Closed({ what: "The router" });
      return Context.get(current.instance.services, key);
    },
    died,
    renew: Effect.fn("RouterSide.renew")(function* (reason: string) {
      yield* Effect.logWarning("the router is built afresh", { reason });
      yield* close;
      return yield* build;
    }),
    back: Effect.suspend(() => {
      look();
      return Deferred.await(returned);
    }),
    isClosing: () => closing,
  });
});

const instanceOf = (number: number, services: Context.Context<SideServices>, venue: Venue["Service"]): Instance => ({
  number,
  asker: Context.get(services, RouterAsker),
  streams: streaming.make(Context.get(services, Subscriptions), Context.get(services, MarketList), venue),
  services,
});
