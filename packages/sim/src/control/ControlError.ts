/** How the control port says no: a status, the field that is wrong where it is one, and a sentence for people. */
import * as Data from "effect/Data";
import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { wrongMember } from "../wrongMember.ts";

export class ControlError extends Data.TaggedError("ControlError")<{
  readonly status: 400 | 403 | 404 | 405 | 409 | 413;
  /** A member of the body, a parameter of the query or a header; `null` where it is none of them. */
  readonly field: string | null;
  readonly reason: string;
  /** Sent with the answer. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}> {
  override get message(): string {
    return this.field === null ? this.reason : `${this.field} ${this.reason}`;
  }

  /** The answer's body. */
  override toJSON(): unknown {
    return { error: { status: this.status, field: this.field, message: this.message } };
  }
}

export const badField = (field: string, reason: string): ControlError => new ControlError({ status: 400, field, reason });

/** A decoder of bodies: the first thing that is wrong is named, and a member that nobody knows is wrong. */
export const bodyDecoder = <A>(schema: Schema.Codec<A, unknown>): ((body: unknown) => Effect.Effect<A, ControlError>) => {
  const decode = Schema.decodeUnknownEffect(schema, { onExcessProperty: "error" });
  return (body) =>
    Effect.mapError(decode(body), ({ issue }) => {
      const { field, reason } = wrongMember(issue);
      return badField(field, reason);
    });
};
