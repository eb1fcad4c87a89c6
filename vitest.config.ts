import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Tests load two networks each and spawn children: a small machine needs room, never a timing assertion.
    // These end only what hangs: a busy machine takes many times as long.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 240_000 } },
    // Taken as it is: its source map stays behind.
    server: { deps: { external: [/onnxruntime-wasm/] } },
    pool: 'forks',
    maxWorkers: 2,
  },
});
