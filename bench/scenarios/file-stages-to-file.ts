import type { Scenario } from '../harness/contest.ts'
import { copying } from '../harness/copying.ts'

const stageCounts = [1, 2, 4, 8]

/** Node's own stages are slow enough to be measured on less. */
const share = 0.5

export const fileStagesToFile: Scenario = {
  name: 'file-stages-to-file',
  question: 'throughput',
  title:
    'Every line of a file through 1, 2, 4 and 8 filters that let all of them pass; beside Node transforms behind split2.',
  async prepare(workshop) {
    const log = workshop.log(share)
    const copy = { input: log.path, expected: log }
    return {
      bytes: log.bytes,
      lines: log.lines,
      contestants: stageCounts.flatMap((stages) => {
        const task = { stages }
        const name = (who: string): string => `${who}, ${stages} ${stages === 1 ? 'stage' : 'stages'}`
        return [
          copying({ ...copy, name: name('LogWisp'), role: 'logwisp', script: 'pipelines/file-stages-to-file', task }),
          copying({ ...copy, name: name('split2'), role: 'peer', script: 'peers/split2', task }),
        ]
      }),
    }
  },
}
