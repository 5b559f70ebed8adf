import type { Scenario } from '../harness/contest.ts'
import { copying } from '../harness/copying.ts'

export const fileToFile: Scenario = {
  name: 'file-to-file',
  question: 'throughput',
  title: 'Every line of a file into another.',
  async prepare(workshop) {
    const log = workshop.log()
    const copy = { input: log.path, expected: log }
    return {
      bytes: log.bytes,
      lines: log.lines,
      contestants: [
        copying({ ...copy, name: 'LogWisp', role: 'logwisp', script: 'pipelines/file-to-file' }),
        copying({ ...copy, name: 'bare block loop', role: 'limit', script: 'peers/block-loop' }),
        copying({ ...copy, name: 'readline', role: 'peer', script: 'peers/readline' }),
        copying({ ...copy, name: 'split2', role: 'peer', script: 'peers/split2' }),
      ],
    }
  },
}
