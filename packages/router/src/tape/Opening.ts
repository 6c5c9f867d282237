/**
 * What was open at a moment: sockets with what was last said on them, requests on their way, and the mode. A recording that begins in the middle
 * begins with this, because its sockets were opened, and their subscriptions sent, before anything it holds.
 */
import type { RequestEvent, SocketEvent, TapeEvent } from "./TapeEvent.ts";

export interface OpenSocket {
  readonly connect: SocketEvent;
  /** The upgrade is done. */
  readonly isOpen: boolean;
  /** The client's latest messages, oldest first. One of them is the subscription. */
  readonly sent: ReadonlyArray<string>;
}

export interface Opening {
  readonly mode: string;
  readonly sockets: ReadonlyMap<number, OpenSocket>;
  readonly requests: ReadonlyMap<number, RequestEvent>;
}

/** Between two subscriptions of a socket there are a few questions about the first at most. */
const messagesKept = 8;

export class OpeningState {
  #mode = "normal";
  readonly #sockets = new Map<number, OpenSocket>();
  readonly #requests = new Map<number, RequestEvent>();

  /** As it is now; what happens later does not change it. */
  now(): Opening {
    return { mode: this.#mode, sockets: new Map(this.#sockets), requests: new Map(this.#requests) };
  }

  take(event: TapeEvent): void {
    switch (event.event) {
      case "connect":
        return void this.#sockets.set(event.socket, { connect: event, isOpen: false, sent: [] });
      case "open":
        return this.#change(event.socket, (socket) => ({ ...socket, isOpen: true }));
      case "send":
        return this.#change(event.socket, (socket) => ({ ...socket, sent: [...socket.sent, event.text].slice(-messagesKept) }));
      case "refused":
      case "abandoned":
      case "close":
        return void this.#sockets.delete(event.socket);
      case "request":
        return void this.#requests.set(event.request, event);
      case "failure":
      case "given_up":
        return this.ended(event.request);
      case "mode":
        this.#mode = event.to;
    }
  }

  /** A request has its answer. */
  ended(request: number): void {
    this.#requests.delete(request);
  }

  #change(id: number, change: (socket: OpenSocket) => OpenSocket): void {
    const socket = this.#sockets.get(id);
    if (socket !== undefined) this.#sockets.set(id, change(socket));
  }
}
