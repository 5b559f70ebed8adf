/** Everything that is killed. */

import type { KillScenario } from './kill-scenario.ts'
import { chain } from './scenarios/chain.ts'
import { checkpoint } from './scenarios/checkpoint.ts'
import { rejecting, replaying } from './scenarios/dead-letters.ts'
import { diskBufferScenario } from './scenarios/disk-buffer.ts'
import { fileSinkScenario } from './scenarios/file-sink.ts'
import { spilled } from './scenarios/spill-buffer.ts'

export const scenarios: readonly KillScenario[] = [
  checkpoint,
  fileSinkScenario('never'),
  fileSinkScenario('interval'),
  fileSinkScenario('always'),
  chain,
  diskBufferScenario('never'),
  diskBufferScenario('interval'),
  diskBufferScenario('always'),
  spilled,
  rejecting,
  replaying,
]
