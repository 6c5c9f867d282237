import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import projects from "./vitest.workspace.ts";

export default defineConfig({
  test: {
    projects,
    maxWorkers: 2,
    // Files of one worker share what they import: loading it anew for each took longer than the tests. None may count on a fresh module.
    isolate: false,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    env: {
      // What routers remember must not come from the user's own folder, nor go there.
      NARU_STATE: join(tmpdir(), `naru-tests-${process.pid}`),
      // Programs that tests start, and there are many, do not strip and compile the same files again: a third of what a start costs.
      NODE_COMPILE_CACHE: join(tmpdir(), "naru-compile-cache"),
    },
  },
});
