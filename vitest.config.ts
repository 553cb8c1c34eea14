import { defineConfig, type ViteUserConfig } from "vitest/config";

const config: ViteUserConfig = defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/build.ts"],
    env: { ORT_DISABLE_TELEMETRY: "1" }, // for tests that load onnxruntime themselves; the engine sets it on its own
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ["default", ["json", { outputFile: "out/test-results.json" }]],
  },
});

export default config;
