/** The program in docs/http-client-sink.md does what the page says. */

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const here = fileURLToPath(new URL('.', import.meta.url))

test('docs/http-client-sink.md: the program prints what stands below it', () => {
  const page = readFileSync(`${here}/../../../docs/http-client-sink.md`, 'utf8')
  const shown = /<!-- run by .*http-client-docs.* -->\n```ts\n([\s\S]*?)```\n\n```text\n([\s\S]*?)```/.exec(page)
  const [, program = '', output = ''] = shown ?? []
  const printed = execFileSync(
    process.execPath,
    ['--conditions=@logwisp/source', '--import', 'tsx', '--input-type=module', '--eval', program],
    { cwd: here, encoding: 'utf8', timeout: 20_000 },
  )
  expect(output).not.toBe('')
  expect(printed.trimEnd()).toBe(output.trimEnd())
})
