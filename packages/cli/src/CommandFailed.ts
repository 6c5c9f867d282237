/** A command that has already said why it failed; what is left is the exit code. */
import * as Data from "effect/Data";
import * as Runtime from "effect/Runtime";

export class CommandFailed extends Data.TaggedError("CommandFailed")<{ readonly exitCode: number }> {
  override readonly [Runtime.errorExitCode]: number = this.exitCode;
  override readonly [Runtime.errorReported] = false;
}
