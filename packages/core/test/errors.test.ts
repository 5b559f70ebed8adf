import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { errorCodes, LogwispError, OptionError } from '../src/errors.ts'

const packages = new URL('../..', import.meta.url).pathname

describe('the table of codes', () => {
  test('is the one in docs/errors.md, word for word', () => {
    const page = readFileSync(join(packages, '../docs/errors.md'), 'utf8')
    const rows = [...page.matchAll(/^\| `([A-Z_]+)` \| (.+?) \| (.+?) \|$/gm)].map(([, code, meaning]) => [
      code,
      meaning,
    ])
    expect(Object.fromEntries(rows)).toEqual(errorCodes)
    expect(
      rows.map(([code]) => code),
      'in alphabetical order',
    ).toEqual(Object.keys(errorCodes).sort())
  })

  test('has no code that nothing uses', () => {
    const sources = readdirSync(packages)
      .filter((name) => name !== 'test')
      .flatMap((name) => textOfFiles(join(packages, name, 'src')))
      .join('\n')
    const unused = Object.keys(errorCodes).filter((code) => !sources.includes(`'${code}'`))
    expect(unused).toEqual([])
  })
})

test('an error has its code, its message and its cause', () => {
  const cause = new Error('ENOSPC')
  const error = new LogwispError('CHECKPOINT_FAILED', 'could not write', { cause })
  expect(error).toMatchObject({ name: 'LogwispError', code: 'CHECKPOINT_FAILED', message: 'could not write', cause })
})

test('the error for a bad option names the stage and the option', () => {
  const error = new OptionError('fileSource', 'pollIntervalMs', '`pollIntervalMs` must be an integer')
  expect(error).toBeInstanceOf(LogwispError)
  expect(error).toMatchObject({
    name: 'OptionError',
    code: 'BAD_OPTION',
    stage: 'fileSource',
    option: 'pollIntervalMs',
  })
  expect(error.message).toBe('fileSource: `pollIntervalMs` must be an integer')
})

function textOfFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(folder, file), 'utf8'))
}
