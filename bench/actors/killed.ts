/**
 * A process that kills itself at one of its calls to the file system:
 * `node killed.js <scenario> <directory> <from> <call> <moment>`. Tells what it acknowledged at once, by lines on its
 * standard output, and when it gets to its end, the names of all calls.
 */

import { writeSync } from 'node:fs'
import { below, installKillSwitch, type Moment } from '../kills/kill-switch.ts'

const [name, directory = '', from, call, moment] = process.argv.slice(2)
const at = { call: Number(call), moment: moment as Moment }
const calls = await installKillSwitch(below(directory), at)
// Loaded only now, so that it gets the functions that count.
const { scenarios } = await import('../kills/scenarios.ts')

const tell = (line: string): void => void writeSync(1, `${line}\n`)
const scenario = scenarios.find((each) => each.name === name)
await scenario?.run(directory, Number(from), {
  acknowledged: (number) => tell(`acknowledged ${number}`),
  delivered: (number) => tell(`delivered ${number}`),
})
tell(`ended ${calls.join(' ')}`)
