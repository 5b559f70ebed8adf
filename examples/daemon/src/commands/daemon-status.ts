/** Asks a running daemon how it is. */

import type { ServiceStatus } from '../service/service-status.ts'
import { getJson, type JsonRequest } from './get-json.ts'

/** There is no LogWisp, or it does not tell us. */
export class NoStatus extends Error {
  override readonly name = 'NoStatus'
  /** Whether it makes no sense to ask again. */
  readonly isFinal: boolean

  constructor(message: string, isFinal: boolean) {
    super(message)
    this.isFinal = isFinal
  }
}

/** The address of a daemon as people write it: `localhost:8080` is one too. Undefined when it is none. */
export function daemonUrl(text: string): URL | undefined {
  const url = /^https?:\/\//i.test(text) ? text : `http://${text}`
  if (!URL.canParse(url)) return undefined
  const base = new URL(url)
  if (!base.pathname.endsWith('/') && base.pathname.endsWith('/status')) {
    base.pathname = base.pathname.slice(0, -'status'.length)
  }
  if (!base.pathname.endsWith('/')) base.pathname += '/'
  return base
}

/**
 * The status below an address.
 *
 * @throws {NoStatus} with words for whoever asked
 */
export async function daemonStatus(base: URL, request: JsonRequest): Promise<ServiceStatus> {
  const url = new URL('status', base)
  const { status, value } = await getJson(url, request).catch((error: NodeJS.ErrnoException) => {
    throw new NoStatus(`${base.origin} does not answer: ${reasonOf(error)}`, false)
  })
  if (status === 401) throw new NoStatus(`${base.origin} wants to know who asks: give --token, or --user`, true)
  if (status === 403)
    throw new NoStatus(`${base.origin} lets you not see its status: it takes the right \`status\``, true)
  if (status >= 500 || status === 429) throw new NoStatus(`${base.origin} answers with ${status}`, false)
  // In router mode it calls itself `LogWisp Router`, as the ancestor did.
  if (!String((value as ServiceStatus | undefined)?.service).startsWith('LogWisp')) {
    throw new NoStatus(`there is no LogWisp at ${url} (it answers with ${status}): give the address of one`, true)
  }
  return value as ServiceStatus
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'ECONNREFUSED':
      return 'nobody listens there'
    case 'ENOTFOUND':
      return 'there is no such name'
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return `its certificate is by an authority that is not known here: name it with --ca (${code})`
    default:
      // A name with several addresses fails with all of their reasons, and a message of none.
      return message === '' ? (code ?? 'no connection') : message
  }
}
