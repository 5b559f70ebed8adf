/** Tests run the packages' sources; threads that those start need to be told how to read TypeScript. */

import { isMainThread } from 'node:worker_threads'

if (!isMainThread) {
  const { register } = await import('tsx/esm/api')
  register()
}
