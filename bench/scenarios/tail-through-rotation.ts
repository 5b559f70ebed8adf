import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stamp } from '../harness/arrivals.ts'
import { countNumbered } from '../harness/compare-files.ts'
import type { Contestant, Role, Scenario } from '../harness/contest.ts'
import { MeasuredProcess, runMeasured } from '../harness/measured-process.ts'
import { whyMissing } from '../harness/programs.ts'

type Rotation = 'rename' | 'copytruncate'

const rotations = 8
const tickMs = 10
/** 60,000 lines a second, 8 MB: a busy service, and a file every quarter of a second. */
const linesPerTick = 600
const linesPerFile = { full: 15_000, quick: 3000 } as const

export const tailThroughRename: Scenario = scenario('rename')
export const tailThroughCopytruncate: Scenario = scenario('copytruncate')

function scenario(rotate: Rotation): Scenario {
  const deed = { rename: 'renamed and created anew', copytruncate: 'copied and truncated' }[rotate]
  return {
    name: `tail-through-${rotate}`,
    question: 'loss',
    title: `60,000 lines a second, and every quarter of a second the file is ${deed}, ${rotations} times. What arrives?`,
    maxRounds: 1,
    async prepare({ sizes }) {
      const perFile = sizes.quick ? linesPerFile.quick : linesPerFile.full
      const writer = {
        rotate,
        linesPerFile: perFile,
        linesPerTick,
        tickMs,
        lines: perFile * (rotations + 1),
        quick: sizes.quick,
      }
      const peer = (tailer: string, missing?: string): Contestant =>
        through(writer, {
          name: tailer,
          role: 'peer',
          script: 'peers/follow',
          task: { tailer, work: 'write' },
          missing,
        })
      return {
        lines: writer.lines,
        contestants: [
          through(writer, { name: 'LogWisp', role: 'logwisp', script: 'pipelines/tail-to-file' }),
          peer('tail'),
          peer('tail-file'),
          peer('@logdna/tail-file'),
          peer('tail -F', whyMissing('tail')),
          through(writer, {
            name: 'rsyslog',
            role: 'peer',
            script: 'peers/rsyslog',
            missing: whyMissing('rsyslogd', '-v'),
          }),
          through(writer, {
            name: 'syslog-ng',
            role: 'peer',
            script: 'peers/syslog-ng',
            missing: whyMissing('syslog-ng'),
          }),
        ],
      }
    },
  }
}

interface Writer {
  readonly rotate: Rotation
  readonly lines: number
  readonly linesPerFile: number
  readonly linesPerTick: number
  readonly tickMs: number
  readonly quick: boolean
}

interface Follower {
  readonly name: string
  readonly role: Role
  readonly script: string
  readonly task?: object
  readonly missing?: string | undefined
}

function through(writer: Writer, { name, role, script, task, missing }: Follower): Contestant {
  return {
    name,
    role,
    missing,
    async run(directory) {
      const input = join(directory, 'app.log')
      const output = join(directory, 'out.log')
      await writeFile(input, `the first line${stamp(0)}\n`)
      const { lines, quick } = writer
      const follower = new MeasuredProcess(script, { input, directory, output, lines, quick, ...task })
      try {
        await follower.next()
        await runMeasured('actors/append-lines', { path: input, first: 1, ...writer })
        follower.say('over')
        const measurement = await follower.result()
        const { delivered, repeated } = countNumbered(output, writer.lines)
        return { ...measurement, delivered, repeated }
      } finally {
        await follower.end()
      }
    },
  }
}
