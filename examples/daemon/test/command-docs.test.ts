/** Every `sh` block of docs/daemon/commands.md and of the daemon's README does what the page says. */

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { program, removeDirectory, startCommand, startProcess, temporaryDirectory } from './command-process.ts'
import { freePort } from './config-run/free-ports.ts'

interface Snippet {
  readonly place: string
  /** What stands behind `run`: `exit 2`, `with a daemon`. */
  readonly how: string
  readonly code: string
  /** The `text` block that follows; undefined without one. */
  readonly output: string | undefined
}

const pages = ['../../../docs/daemon/commands.md', '../README.md']
const texts = await Promise.all(pages.map((page) => readFile(new URL(page, import.meta.url), 'utf8')))
const configuration = /<!-- file: logwisp\.toml -->\n```toml\n([\s\S]*?)```/.exec(texts.join('\n'))?.[1] as string

const snippets: readonly Snippet[] = texts.flatMap((text, at) =>
  [...text.matchAll(/(?:<!-- run(?:: (.*?))? -->\n)```sh\n([\s\S]*?)```\n(?:\n```text\n([\s\S]*?)```)?/g)].map(
    ({ 1: how = '', 2: code = '', 3: output, index }) => ({
      place: `${(pages[at] as string).split('/').at(-1)}:${text.slice(0, index).split('\n').length + 1}`,
      how,
      code,
      output,
    }),
  ),
)

let cwd: string
beforeEach(async () => {
  cwd = await temporaryDirectory()
  await mkdir(join(cwd, 'logs'))
  await writeFile(
    join(cwd, 'logs', 'app.log'),
    '2026-11-21T09:12:44.120Z ERROR out of disk\n2026-11-21T09:12:45.007Z INFO all is well\n',
  )
})
afterEach(() => removeDirectory(cwd))

test('each block is run, or says why not', () => {
  const blocks = texts.join('\n').match(/```sh\n/g)?.length ?? 0
  const notRun = texts.join('\n').match(/<!-- not run: .+ -->\n```sh/g)?.length ?? 0
  expect(snippets.length).toBeGreaterThan(7)
  expect(snippets.length + notRun).toBe(blocks)
})

test.each(snippets)('$place', async ({ place, how, code, output }) => {
  // The picture is as wide as the port has digits.
  const port = code.includes('explain') ? 8080 : await freePort()
  if (place.startsWith('commands')) {
    await writeFile(join(cwd, 'logwisp.toml'), configuration.replace('8080', String(port)))
  }
  const daemon = how === 'with a daemon' ? startCommand([], { cwd }) : undefined
  if (daemon !== undefined) {
    await daemon.says(/listening/)
    // The one line that the filter lets pass has gone through, and is safe: the status says so.
    await expect.poll(() => lagAt(port), { timeout: 15_000 }).toBe(0)
    expect(await readFile(join(cwd, 'out', 'app.log'), 'utf8')).toContain('out of disk')
  }
  const words = program.map((word) => `'${word}'`).join(' ')
  const script = `logwisp() { ${words} "$@"; }\n${code.replaceAll(':8080', `:${port}`)}`
  const result = await startProcess(['bash', '--norc', '-c', script], {
    cwd,
    input: '',
    environment: { PASSWORD: 'correct horse', TZ: 'UTC', COLUMNS: '110' },
  }).result
  daemon?.child.kill('SIGTERM')
  expect((await daemon?.result)?.code ?? 0).toBe(0)
  expect(result.code, result.stderr).toBe(how === 'exit 2' ? 2 : 0)
  if (output !== undefined) {
    const printed = result.stdout.replaceAll(`:${port}`, ':8080').replaceAll(/^notice: .*\n/gm, '')
    expect(withoutFigures(printed)).toMatch(patternOf(withoutFigures(output)))
  }
})

/** Bytes of the one source that are not delivered yet, as the status has them; undefined before it knows. */
async function lagAt(port: number): Promise<number | undefined> {
  const response = await fetch(`http://127.0.0.1:${port}/status`)
  type Status = { pipelines: Record<string, { sources: { files?: { lag: number }[] }[] }> }
  const { pipelines } = (await response.json()) as Status
  return pipelines['app']?.sources[0]?.files?.[0]?.lag
}

/** What is another each time: figures of what runs, dates of lines that are shown, blanks at the end of lines. */
function withoutFigures(text: string): string {
  return text
    .replaceAll(/^(2026-11-21 )?(\d\d:\d\d:\d\d\.\d{3}) /gm, '$2 ')
    .replaceAll(/LogWisp \S+ at|up \d+ s|\d+ MB of memory/g, '#')
    .replaceAll(/ +$/gm, '')
    .replaceAll(/ {2,}/g, '  ')
    .trimEnd()
}

/** `…` stands for anything. */
function patternOf(text: string): RegExp {
  const escaped = text.split('…').map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
  return new RegExp(`^${escaped.join('[\\s\\S]*?')}$`)
}

test('the pages that they point to are there', async () => {
  for (const [at, text] of texts.entries()) {
    const page = new URL(pages[at] as string, import.meta.url)
    for (const [, target = ''] of text.matchAll(/\]\(([^)#]+)[^)]*\)/g)) {
      const path = fileURLToPath(new URL(target, page))
      const { access } = await import('node:fs/promises')
      await expect(access(path), `${target} of ${pages[at]}`).resolves.toBeUndefined()
    }
  }
})
