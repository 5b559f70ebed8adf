/** Everything that is killed. */

import type { KillScenario } from './kill-scenario.ts'
import { chain } from './scenarios/chain.ts'
import { checkpoint } from './scenarios/checkpoint.ts'
import { diskBufferScenario } from './scenarios/disk-buffer.ts'
import { fileSinkScenario } from './scenarios/file-sink.ts'

export const scenarios: readonly KillScenario[] = [
  checkpoint,
  fileSinkScenario('never'),
  fileSinkScenario('interval'),
  fileSinkScenario('always'),
  chain,
  diskBufferScenario('never'),
  diskBufferScenario('interval'),
  diskBufferScenario('always'),
]
