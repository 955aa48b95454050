import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

/** Where a program runs that `npm run dev` shows the page of. */
const PROGRAM = 'http://127.0.0.1:8090';

export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: '../page',
    emptyOutDir: true,
    // Browsers with WebCodecs, light-dark() and native nesting: Chrome and Edge 123, Firefox 130, Safari 17.5.
    target: ['chrome123', 'firefox130', 'safari17.5'],
    cssTarget: ['chrome123', 'firefox130', 'safari17.5'],
    // A strict Content-Security-Policy lets nothing in that is not a file.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Said of what is in the bundles, as their licences ask for.
    license: { fileName: 'licenses.md' },
    // The layout engine is one file by nature, and is fetched by its worker only.
    chunkSizeWarningLimit: 600,
  },
  server: {
    proxy: {
      '/api': { target: PROGRAM, ws: true },
      '/health': PROGRAM,
    },
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
