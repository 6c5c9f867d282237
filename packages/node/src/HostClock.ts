/** What Node knows of time beside its clock, which on most systems stands still while the machine sleeps: how long the machine has been up, and what this process has used of it. */
import { uptime } from "node:os";
import { HostClock } from "@naru/router/transport/Awake";
import * as Layer from "effect/Layer";

export const layer: Layer.Layer<never> = Layer.succeed(HostClock, () => {
  const { user, system } = process.cpuUsage();
  return { bootMs: uptime() * 1_000, cpuMs: (user + system) / 1_000 };
});
