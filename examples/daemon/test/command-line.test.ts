/** What the words on the command line mean. */

import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { parseCommandLine } from '../src/command-line.ts'
import { checkpointPath, defaultStateDirectory } from '../src/state-directory.ts'

test('follows *.log of the current directory on loopback when nothing is said', () => {
  expect(parseCommandLine([], '1.0.0', { XDG_STATE_HOME: '/state' })).toEqual({
    directory: resolve('.'),
    pattern: '*.log',
    host: '127.0.0.1',
    port: 8080,
    stateDirectory: '/state/logwisp',
    fromBeginning: false,
    output: undefined,
  })
})

test('takes every flag, with a blank or an equals sign', () => {
  const words = ['/var/log', '--port=0', '--host', '::1', '--pattern', '*.txt', '--state-dir=/s', '--output', '/o']
  expect(parseCommandLine([...words, '--from-beginning'], '1.0.0', {})).toEqual({
    directory: '/var/log',
    pattern: '*.txt',
    host: '::1',
    port: 0,
    stateDirectory: '/s',
    fromBeginning: true,
    output: '/o',
  })
})

test('keeps its state where the XDG specification says, and ignores a relative XDG_STATE_HOME as it says', () => {
  expect(defaultStateDirectory({ XDG_STATE_HOME: '/x' })).toBe('/x/logwisp')
  expect(defaultStateDirectory({ XDG_STATE_HOME: 'x' })).toMatch(/\/\.local\/state\/logwisp$/)
  expect(defaultStateDirectory({})).toMatch(/\/\.local\/state\/logwisp$/)
})

test('keeps the positions of two watched directories apart', () => {
  expect(checkpointPath('/s', '/a')).not.toBe(checkpointPath('/s', '/b'))
  expect(checkpointPath('/s', '/a')).toBe(checkpointPath('/s', join('/a', 'b', '..')))
})
