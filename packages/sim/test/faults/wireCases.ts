/** Faults that only a real connection has, and what a client on Node's own `fetch` or on `ws` makes of them. */
import type { Fault } from "../../src/index.ts";

export interface WireCase {
  readonly fault: Fault;
  /** What a fetch may end with: pieces of one answer can arrive apart, and Node then says another thing. */
  readonly shows?: ReadonlyArray<string>;
  /** The code a socket ends with. */
  readonly error?: string;
}

export const wireCases: ReadonlyArray<WireCase> = [
  { fault: { verb: "content-length" }, shows: ["TypeError"] },
  { fault: { verb: "content-length", form: "short" }, shows: ["SyntaxError", "TypeError"] },
  { fault: { verb: "content-length", form: "duplicate" }, shows: ["TypeError"] },
  { fault: { verb: "content-length", form: "garbage" }, shows: ["TypeError"] },
  { fault: { verb: "chunk-error" }, shows: ["TypeError"] },
  { fault: { verb: "chunk-error", form: "no-end" }, shows: ["TypeError"] },
  { fault: { verb: "chunk-error", form: "wrong-size" }, shows: ["TypeError"] },
  { fault: { verb: "protocol-error", what: "deflate" }, error: "Z_DATA_ERROR" },
  { fault: { verb: "protocol-error", what: "reserved-bits" }, error: "WS_ERR_UNEXPECTED_RSV_2_3" },
  { fault: { verb: "protocol-error", what: "opcode" }, error: "WS_ERR_INVALID_OPCODE" },
  { fault: { verb: "protocol-error", what: "lone-continuation" }, error: "WS_ERR_INVALID_OPCODE" },
];

/** Verbs the wire tests show one by one. */
export const wireVerbs: ReadonlyArray<Fault["verb"]> = ["extra-bytes", "text-frames", "fragmented-frames"];
