/** Kinds of stream elements, as the steps ask for them. */
import type { Live, Reconnecting, Recovered, Resumed, StreamElement } from "@naru/router/domain/StreamElement";
import type { Trade } from "@naru/router/domain/Trade";

/** It came over the socket: what REST brings while the socket is down is no live link. */
export const isLive = <A>(element: StreamElement<A>): element is Live<A> => element._tag === "Live" && element.channel === "websocket";

export const isReconnecting = (element: StreamElement<unknown>): element is Reconnecting => element._tag === "Reconnecting";

export const isResumed = (element: StreamElement<unknown>): element is Resumed => element._tag === "Resumed";

/** A trade by its id, live or read back. */
export const isTrade =
  (id: string) =>
  (element: StreamElement<Trade>): element is Live<Trade> | Recovered<Trade> =>
    (element._tag === "Live" || element._tag === "Recovered") && element.value.id === id;
