/** Contestants that send a file's lines to an endpoint, which counts what it gets. */

import type { Contestant, Role } from './contest.ts'
import { MeasuredProcess } from './measured-process.ts'

/** One that sends, and how it is run. */
export interface Sending {
  readonly name: string
  readonly role: Role
  /** The program, e.g. `pipelines/file-to-http`. */
  readonly script: string
  readonly protocol: 'http' | 'tcp'
  readonly input: string
  /** What the program's stage is told. */
  readonly options?: object
}

/** The contestant. */
export function sending({ name, role, script, protocol, input, options = {} }: Sending): Contestant {
  return {
    name,
    role,
    async run() {
      const endpoint = new MeasuredProcess('actors/taking-endpoint', { protocol })
      const children = [endpoint]
      try {
        const { port } = await endpoint.next<{ port: number }>()
        const sender = new MeasuredProcess(script, { input, port, options })
        children.push(sender)
        const measurement = await sender.result()
        endpoint.say('over')
        const { received } = await endpoint.next<{ received: number }>()
        return { ...measurement, delivered: received }
      } finally {
        await Promise.all(children.map((child) => child.end()))
      }
    },
  }
}
