import type { Scenario } from '../harness/contest.ts'
import { sending } from '../harness/sending.ts'

/** 67 MB of lines at full size. */
const share = 0.3

export const fileToHttp: Scenario = {
  name: 'file-to-http',
  question: 'throughput',
  title: 'Every line of a file as NDJSON to an HTTP endpoint that takes them.',
  async prepare(workshop) {
    const { path, bytes, lines } = workshop.log(share)
    const all = { protocol: 'http', input: path } as const
    const ours = { ...all, role: 'logwisp', script: 'pipelines/file-to-http' } as const
    return {
      bytes,
      lines,
      contestants: [
        sending({ ...ours, name: 'LogWisp' }),
        sending({ ...ours, name: 'LogWisp, 4 requests at once', options: { maxInFlight: 4 } }),
        sending({ ...ours, name: 'LogWisp, gzip', options: { compress: 'gzip' } }),
        sending({ ...all, name: 'bare undici loop', role: 'limit', script: 'peers/undici-loop' }),
      ],
    }
  },
}

export const fileToTcp: Scenario = {
  name: 'file-to-tcp',
  question: 'throughput',
  title: 'Every line of a file as JSON lines to a TCP endpoint that takes them, and, between LogWisps, says so.',
  async prepare(workshop) {
    const { path, bytes, lines } = workshop.log(share)
    const all = { protocol: 'tcp', input: path } as const
    const ours = { ...all, role: 'logwisp', script: 'pipelines/file-to-tcp' } as const
    return {
      bytes,
      lines,
      contestants: [
        sending({ ...ours, name: 'LogWisp, acknowledged' }),
        sending({ ...ours, name: 'LogWisp, plain lines', options: { protocol: 'plain' } }),
        sending({ ...all, name: 'bare node:net loop', role: 'limit', script: 'peers/tcp-send-loop' }),
      ],
    }
  },
}
