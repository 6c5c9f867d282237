/**
 * Runs a program of hours in seconds: in the virtual time of the worlds' engine, one step at a time in an order the seed decides. A program that
 * dies or gets stuck rejects; fibers and sleeps that outlive it are told.
 */
import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Logger from "effect/Logger";
import { Chance } from "../world/engine/Chance.ts";
import { Engine } from "../world/engine/Engine.ts";

export interface VirtualRun<A> {
  readonly value: A;
  /** What is left when the program and its layers have ended: all 0. */
  readonly fibers: number;
  readonly sleeps: number;
}

export interface VirtualOptions {
  /** Shown the engine before the program begins. */
  readonly onStart?: ((engine: Engine) => void) | undefined;
  /** How many operations a fiber may do before others run, so that there are more steps; else the seed decides. */
  readonly operations?: number | undefined;
  /** Called before each move of the clock, when everything due at that instant has been done. */
  readonly onInstant?: (() => void) | undefined;
}

export const runVirtual = async <A, E>(
  seed: number,
  program: Effect.Effect<A, E>,
  { onStart, onInstant, operations }: VirtualOptions = {},
): Promise<VirtualRun<A>> => {
  const engine = new Engine(new Chance(seed).branch("engine"), operations);
  onStart?.(engine);
  const exit = await engine.run(Effect.provide(program, Logger.layer([])), () => onInstant?.());
  if (Exit.isFailure(exit)) throw new Error(Cause.pretty(exit.cause));
  const { fibers, sleeps } = engine.left;
  return { value: exit.value, fibers, sleeps };
};
