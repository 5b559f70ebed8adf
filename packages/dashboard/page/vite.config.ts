/** How the page is built: static files with hashed names, that `dashboard()` serves. */

import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defaultClientConditions, defineConfig } from 'vite'

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  // Wherever the page is mounted.
  base: './',
  plugins: [react()],
  // Other packages' sources: the page is built without theirs being built first.
  resolve: { conditions: ['@logwisp/source', ...defaultClientConditions] },
  build: {
    outDir: fileURLToPath(new URL('../dist/page', import.meta.url)),
    emptyOutDir: true,
    target: 'es2022',
    assetsDir: 'assets',
    // The policy allows no `data:` script or style, and a page of one script has nothing to preload.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
})
