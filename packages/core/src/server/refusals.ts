/** What those are told who are not served: enough to do better, and nothing that helps to guess. */

import type { Refusal, Right } from './access.ts'

/** For messages: what each right is for. */
const doing: Readonly<Record<Right, string>> = {
  ingest: 'send entries',
  stream: 'read the stream',
  status: 'see the status',
}

/** Every refusal, less what depends on the moment. */
export const refusals = {
  addressDenied: {
    reason: 'address-denied',
    status: 403,
    message: 'this address may not come here',
  },
  tooManyConnections: {
    address: {
      reason: 'too-many-connections',
      status: 429,
      message: 'too many connections from this address; close some, or come again later',
    },
    total: { reason: 'too-many-connections', status: 503, message: 'too many connections; come again later' },
  },
  tooManyRequests: {
    address: {
      reason: 'too-many-requests',
      status: 429,
      message: 'too many requests from this address; slow down, and put more into each',
    },
    name: {
      reason: 'too-many-requests',
      status: 429,
      message: 'too many requests with these credentials; slow down, and put more into each',
    },
    total: { reason: 'too-many-requests', status: 503, message: 'too many requests; come again later' },
  },
  tooManyEntries: { reason: 'too-many-entries', status: 429, message: 'too many entries; send the rest later' },
  tooManyFailures: {
    reason: 'too-many-failures',
    status: 429,
    message: 'too many wrong credentials from this address; come again later, with the right ones',
  },
  credentialsUnchecked: { reason: 'credentials-unchecked', status: 503 },
  credentialsMissing: (right: Right) =>
    ({ reason: 'credentials-missing', message: `credentials are needed to ${doing[right]}` }) as const,
  rightMissing: (right: Right): Refusal => ({
    reason: 'right-missing',
    status: 403,
    message: `these credentials are not good to ${doing[right]}`,
  }),
} as const
