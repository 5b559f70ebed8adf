import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Scenario } from '../harness/contest.ts'
import { copying } from '../harness/copying.ts'
import { writeLog } from '../harness/log-text.ts'

const files = 100
const bytesPerMegabyte = 1_000_000

export const directoryToFile: Scenario = {
  name: 'directory-to-file',
  question: 'throughput',
  title: `Every line of ${files} files in a directory into one. (Their order is free, so the lines are counted.)`,
  async prepare({ directory, sizes }) {
    const input = join(directory, 'many')
    await mkdir(input)
    let bytes = 0
    let lines = 0
    for (let number = 0; number < files; number++) {
      const name = `app-${String(number).padStart(3, '0')}.log`
      const log = writeLog(join(input, name), (sizes.megabytes * bytesPerMegabyte) / files, number)
      bytes += log.bytes
      lines += log.lines
    }
    const copy = { input, expected: undefined }
    return {
      bytes,
      lines,
      contestants: [
        copying({ ...copy, name: 'LogWisp', role: 'logwisp', script: 'pipelines/directory-to-file' }),
        copying({ ...copy, name: 'bare block loop, file after file', role: 'limit', script: 'peers/block-loop' }),
        copying({ ...copy, name: 'readline, file after file', role: 'peer', script: 'peers/readline' }),
      ],
    }
  },
}
