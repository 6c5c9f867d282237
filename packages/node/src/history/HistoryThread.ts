/**
 * The other thread of the history store, as calls that are answered. It is started by the first call, and keeps no process alive that has nothing else
 * to do. A thread that ends by itself fails what was asked of it, and the next call starts another.
 */
import { Worker } from "node:worker_threads";
import { StorageError } from "@naru/router/errors/MarketDataError";
import * as Effect from "effect/Effect";
import type { DatabaseOptions } from "./HistoryDatabase.ts";
import type { CallName, HistoryCalls, Reply, Request } from "./historyMessages.ts";

/** Calls that may be under way or wait. The next one fails. */
const mostCalls = 1_000;
/** What was asked before the end has this long to be done, so that the thread can be ended within the second that an end may take. */
const endMs = 800;

type Settle = (reply: Reply | StorageError) => void;

export class HistoryThread {
  readonly #options: DatabaseOptions;
  #worker: Worker | undefined;
  readonly #waiting = new Map<number, { readonly call: string; readonly settle: Settle }>();
  #asked = 0;

  constructor(options: DatabaseOptions) {
    this.#options = options;
  }

  /** `transfer`: memory that goes over with the question. An interrupted call is answered to nobody; what it asked for is done all the same. */
  call<K extends CallName>(
    call: K,
    ask: HistoryCalls[K]["ask"],
    transfer: ReadonlyArray<ArrayBuffer> = [],
  ): Effect.Effect<HistoryCalls[K]["answer"], StorageError> {
    return Effect.callback<HistoryCalls[K]["answer"], StorageError>((resume) => {
      if (this.#waiting.size >= mostCalls) return resume(Effect.fail(this.#error(call, "BUSY", `${mostCalls} calls wait`)));
      const settle: Settle = (reply) => {
        if (reply instanceof StorageError) resume(Effect.fail(reply));
        else if ("code" in reply) resume(Effect.fail(this.#error(call, reply.code, reply.detail)));
        // The reply to a call is of that call's type.
        else resume(Effect.succeed(reply.answer as HistoryCalls[K]["answer"]));
      };
      const id = this.#post(call, ask, transfer, settle);
      return Effect.sync(() => void this.#forget(id));
    });
  }

  /** After what was asked before. */
  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    const worker = this.#worker;
    if (worker === undefined) return Effect.void;
    return Effect.andThen(
      this.call("close", null).pipe(Effect.timeoutOption(endMs), Effect.ignore),
      Effect.promise(() => worker.terminate()),
    );
  });

  #post(call: CallName, ask: unknown, transfer: ReadonlyArray<ArrayBuffer>, settle: Settle): number {
    const worker = this.#started();
    const id = ++this.#asked;
    this.#waiting.set(id, { call, settle });
    worker.ref();
    worker.postMessage({ id, call, ask } as Request, transfer);
    return id;
  }

  #started(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(new URL(import.meta.url.endsWith(".ts") ? "./historyWorker.ts" : "./historyWorker.js", import.meta.url));
    this.#worker = worker;
    worker.on("message", (reply: Reply) => this.#forget(reply.id)?.settle(reply));
    // What threads throw is anything; after it comes the exit.
    worker.on("error", (cause: unknown) => this.#ended(worker, cause instanceof Error ? cause.message : String(cause)));
    worker.on("exit", (code) => this.#ended(worker, `its thread ended with ${code}`));
    this.#post("open", this.#options, [], (reply) => {
      if (reply instanceof StorageError || !("code" in reply)) return;
      // Whatever waits behind it cannot be answered either, and the next call may find the trouble over.
      this.#worker = undefined;
      void worker.terminate();
      this.#failAll(reply.code, reply.detail);
    });
    return worker;
  }

  #forget(id: number): { readonly settle: Settle } | undefined {
    const known = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#worker?.unref();
    return known;
  }

  #ended(worker: Worker, detail: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#failAll("ENDED", detail);
  }

  #failAll(code: string, detail: string): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { call, settle } of waiting) settle(this.#error(call, code, detail));
  }

  #error(call: string, code: string, detail: string): StorageError {
    return new StorageError({ operation: `history ${call}`, path: this.#options.path, code, detail });
  }
}
