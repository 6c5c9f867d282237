import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import projects from "./vitest.workspace.ts";

export default defineConfig({
  test: {
    projects,
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // What routers remember must not come from the user's own folder, nor go there.
    env: { NARU_STATE: join(tmpdir(), `naru-tests-${process.pid}`) },
  },
});
