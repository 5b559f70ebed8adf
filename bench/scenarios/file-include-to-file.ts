import type { Contest, Contestant, Scenario } from '../harness/contest.ts'
import { type Copying, copying } from '../harness/copying.ts'
import { type LogCharset, wanted } from '../harness/log-text.ts'
import { whyMissing } from '../harness/programs.ts'
import type { Workshop } from '../harness/workshop.ts'

/** The issue of the whole bench: how near a pipeline comes to the bare loop, and how far it is from readline. */
export const fileIncludeToFile: Scenario = {
  name: 'file-include-to-file',
  question: 'throughput',
  title: 'The lines of a file that match /ERROR|WARN/ (one in five) into another.',
  async prepare(workshop) {
    const contest = readers(workshop, 'ascii')
    return { ...contest, contestants: [...contest.contestants, ...followers(workshop), ...programs(workshop)] }
  },
}

/** Warming up is a fixed cost: in a service that runs for days, this is nearer to what it is like. */
export const fileIncludeToFileLong: Scenario = {
  name: 'file-include-to-file-long',
  question: 'throughput',
  title: 'The same over three times as much.',
  async prepare(workshop) {
    const contest = readers(workshop, 'ascii', 3)
    const { contestants } = contest
    return { ...contest, contestants: contestants.filter(({ name }) => basic.includes(name)) }
  },
}

export const fileIncludeToFileUtf8: Scenario = {
  name: 'file-include-to-file-utf8',
  question: 'throughput',
  title: 'The same with characters beyond ASCII in every read block. (The bare loop knows that a byte is enough.)',
  prepare: async (workshop) => readers(workshop, 'utf8'),
}

const pattern = wanted.source

/** Who tells enough. */
const basic = ['LogWisp', 'bare block loop', 'readline']

function readers(workshop: Workshop, charset: LogCharset, share = 1): Contest {
  const log = workshop.log(share, charset)
  const copy = { input: log.path, expected: workshop.expected(log), task: { pattern } }
  return {
    bytes: log.bytes,
    lines: copy.expected.lines,
    contestants: [
      copying({ ...copy, name: 'LogWisp', role: 'logwisp', script: 'pipelines/file-include-to-file' }),
      copying({ ...copy, name: 'bare block loop', role: 'limit', script: 'peers/block-loop' }),
      copying({ ...copy, name: 'readline', role: 'peer', script: 'peers/readline' }),
      copying({
        ...copy,
        name: 'LogWisp, async generator in the middle',
        role: 'logwisp',
        script: 'pipelines/file-include-generator-to-file',
      }),
      copying({
        ...copy,
        name: 'LogWisp, written as JSON',
        role: 'logwisp',
        script: 'pipelines/file-include-to-json-file',
        expected: undefined,
      }),
      copying({ ...copy, name: 'split2', role: 'peer', script: 'peers/split2' }),
    ],
  }
}

/** Libraries that are made for following a file, reading one that does not change. */
function followers(workshop: Workshop): Contestant[] {
  const log = workshop.log()
  return ['tail', 'tail-file', '@logdna/tail-file'].map((tailer) =>
    copying({
      name: tailer,
      role: 'peer',
      script: 'peers/follow',
      input: log.path,
      expected: workshop.expected(log),
      task: { tailer, work: 'write', pattern, lines: log.lines, quick: workshop.sizes.quick },
      follows: true,
    }),
  )
}

function programs(workshop: Workshop): Contestant[] {
  const log = workshop.log()
  const expected = workshop.expected(log)
  const task = { pattern, outputBytes: expected.bytes, quick: workshop.sizes.quick }
  const common = { role: 'peer', input: log.path, expected, task } as const
  const daemon = { ...common, follows: true } satisfies Partial<Copying>
  return [
    copying({ ...common, name: 'grep -E', script: 'peers/grep', missing: whyMissing('grep') }),
    copying({ ...daemon, name: 'rsyslog', script: 'peers/rsyslog', missing: whyMissing('rsyslogd', '-v') }),
    copying({ ...daemon, name: 'syslog-ng', script: 'peers/syslog-ng', missing: whyMissing('syslog-ng') }),
  ]
}
