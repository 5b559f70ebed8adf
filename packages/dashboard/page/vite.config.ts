/** How the page is built: static files with hashed names, that `dashboard()` serves. */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import react from '@vitejs/plugin-react'
import { defaultClientConditions, defineConfig, type Plugin } from 'vite'

const outDir = fileURLToPath(new URL('../dist/page', import.meta.url))

/** Shorter files gain nothing. Unit: bytes. */
const minCompressedBytes = 500

/** The best one, 11, takes five seconds for one part in a hundred less. */
const params = { [constants.BROTLI_PARAM_QUALITY]: 9 }

/** Writes each file's compressed forms beside it, so that nobody has to compress it while a browser waits. */
const compressAssets: Plugin = {
  name: 'compress-assets',
  closeBundle() {
    for (const name of readdirSync(`${outDir}/assets`)) {
      const path = `${outDir}/assets/${name}`
      const bytes = readFileSync(path)
      if (bytes.length < minCompressedBytes) continue
      writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params }))
      writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }))
    }
  },
}

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  // Wherever the page is mounted.
  base: './',
  plugins: [react(), compressAssets],
  // Other packages' sources: the page is built without theirs being built first.
  resolve: { conditions: ['@logwisp/source', ...defaultClientConditions] },
  build: {
    outDir,
    emptyOutDir: true,
    target: 'es2022',
    assetsDir: 'assets',
    // The policy allows no `data:` script or style, and a page of one script has nothing to preload.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // One script: the page is opened to be used whole, mostly from nearby, and is kept for good.
    chunkSizeWarningLimit: 800,
  },
})
