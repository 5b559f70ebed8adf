/**
 * Packs the published packages as `pnpm publish` would and lets publint and attw (are the types wrong?) judge the
 * tarballs. Run after a build: `pnpm check:tarballs`.
 */

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { packInto, publishedPackages, root } from './published-packages.ts'

const folder = mkdtempSync(join(tmpdir(), 'logwisp-tarballs-'))
let sound = true
try {
  for (const published of publishedPackages) {
    const { name, subpaths } = published
    const tarball = packInto(folder, published)

    const bytes = readFileSync(tarball)
    const { messages, pkg } = await publint({
      pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) },
      strict: true,
    })
    for (const message of messages) console.error(`publint: @logwisp/${name}: ${formatMessage(message, pkg)}`)

    // node10 knows no `exports`; nothing that we support resolves as it did.
    const attw = spawnSync(
      join(root, 'node_modules/.bin/attw'),
      [tarball, '--profile', 'node16', '--format', 'table-flipped', '--no-emoji', '--entrypoints', ...subpaths],
      { cwd: root, encoding: 'utf8' },
    )
    if (attw.status !== 0) console.error(attw.stdout, attw.stderr)

    const passed = messages.length === 0 && attw.status === 0
    console.log(`@logwisp/${name}: ${subpaths.length} entry points, ${passed ? 'publint and attw clean' : 'NOT clean'}`)
    sound &&= passed
  }
} finally {
  rmSync(folder, { recursive: true })
}
process.exitCode = sound ? 0 : 1
