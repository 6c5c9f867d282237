/**
 * One request on its way over the pool, and its answer as it comes: the exact phases of both, the limit of the body, one end. It is undici's handler
 * itself, so that a request costs no stream, no signal and no Effect. Every way out goes through `#end`, once; what undici says after that is not heard.
 */
import { DecodeError, TimeoutError } from "@naru/router/errors/MarketDataError";
import type { RestFailure, RestResponse } from "@naru/router/transport/Transport";
import type { Dispatcher } from "undici";
import { ConnectFailed, PhaseTimeout } from "./HttpDispatcher.ts";
import { joinHeaders, networkError } from "./networkFailure.ts";
import type { TransportSettings } from "./TransportOptions.ts";

type ResponseHeaders = Readonly<Record<string, string | ReadonlyArray<string> | undefined>>;

/** How an exchange ended. A body is as it came: still compressed, if it is. */
export type Ended = (failure: RestFailure | undefined, response: RestResponse | undefined) => void;

export class HttpExchange implements Dispatcher.DispatchHandler {
  readonly #host: string;
  readonly #settings: TransportSettings;
  readonly #ended: Ended;
  #controller: Dispatcher.DispatchController | undefined;
  /** Of the attempt as a whole, from now on: what waits for a connection has no other. */
  readonly #attempt: NodeJS.Timeout;
  /** Of the phase it is in. */
  #phase: NodeJS.Timeout | undefined;
  #status = 0;
  #headers: ResponseHeaders | undefined;
  readonly #chunks: Array<Uint8Array> = [];
  #size = 0;
  #isOver = false;

  constructor(host: string, settings: TransportSettings, ended: Ended) {
    this.#host = host;
    this.#settings = settings;
    this.#ended = ended;
    this.#attempt = this.#timer("attempt", settings.timeouts.attemptMs);
  }

  /** Nobody wants the answer any more: the connection under it is destroyed. */
  abandon(): void {
    this.#end(undefined, undefined);
    this.#controller?.abort(new Error("nobody waits for the answer"));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isOver) return controller.abort(new Error("nobody waits for the answer"));
    this.#phase = this.#timer("headers", this.#settings.timeouts.headersMs);
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: ResponseHeaders): void {
    // 1xx answers are not the answer: the wait for the headers goes on.
    if (status < 200 || this.#isOver) return;
    clearTimeout(this.#phase);
    this.#phase = this.#timer("body", this.#settings.timeouts.bodyIdleMs);
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#isOver) return;
    this.#phase?.refresh();
    this.#size += chunk.length;
    if (this.#size <= this.#settings.maxBodyBytes) return void this.#chunks.push(chunk);
    const failure = tooLarge(this.#settings.maxBodyBytes);
    this.#end(failure, undefined);
    controller.abort(failure);
  }

  onResponseEnd(): void {
    const [only] = this.#chunks;
    const body = only !== undefined && this.#chunks.length === 1 ? only : Buffer.concat(this.#chunks, this.#size);
    this.#end(undefined, { status: this.#status, headers: joinHeaders(this.#headers ?? {}), body });
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.#end(this.#failure(error), undefined);
  }

  #timer(phase: PhaseTimeout["phase"], ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      const timeout = new PhaseTimeout(phase, ms);
      this.#end(this.#failure(timeout), undefined);
      this.#controller?.abort(timeout);
    }, ms);
  }

  #failure(cause: Error): RestFailure {
    if (cause instanceof PhaseTimeout) return new TimeoutError({ phase: cause.phase, timeoutMs: cause.timeoutMs, detail: this.#host });
    if (cause instanceof ConnectFailed) return networkError(cause.cause, this.#host, "connect");
    return networkError(cause, this.#host, this.#headers === undefined ? "headers" : "body");
  }

  #end(failure: RestFailure | undefined, response: RestResponse | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#attempt);
    clearTimeout(this.#phase);
    this.#ended(failure, response);
  }
}

export const tooLarge = (maxBytes: number) =>
  new DecodeError({ stage: "size", path: "", detail: `the body is larger than ${maxBytes} bytes` });
