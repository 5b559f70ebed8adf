/** Whether the servers that a configuration names can be found, and reached. */

import { lookup } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { connect, isIP } from 'node:net'
import { resolve } from 'node:path'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { Config } from '../../config/schema.ts'
import type { Finding } from '../finding.ts'
import { validityOf } from './certificates.ts'

/** How long a server may take to let itself be connected to. Unit: ms. */
const connectTimeoutMs = 5000

/** A server that we are a client of. */
export interface Remote {
  readonly path: string
  readonly host: string
  readonly port: number
  /** Undefined for plain connections. */
  readonly tls: { readonly ca_file?: string | undefined; readonly server_name?: string | undefined } | undefined
}

/** Looks their names up, and with `connecting` connects to each; sends nothing. */
export async function checkRemotes(
  config: Config,
  { connecting, cwd, now }: { readonly connecting: boolean; readonly cwd: string; readonly now: number },
): Promise<readonly Finding[]> {
  const findings = await Promise.all(
    remotesOf(config).map(async (remote): Promise<Finding[]> => {
      const problem = (message: string): Finding[] => [{ severity: 'problem', path: remote.path, message }]
      if (isIP(remote.host) === 0) {
        try {
          await lookup(remote.host)
        } catch (error) {
          const { code } = error as NodeJS.ErrnoException
          return problem(
            code === 'ENOTFOUND'
              ? `the name ${remote.host} is unknown: correct it, or check with --offline`
              : `the name ${remote.host} could not be looked up (${code}): check with --offline to leave it out`,
          )
        }
      }
      if (!connecting) return []
      const result = await tryToConnect(remote, cwd)
      if (typeof result === 'string') return problem(`${remote.host}:${remote.port} cannot be reached: ${result}`)
      if (result.validTo === undefined) return []
      const what = `the certificate of ${remote.host}:${remote.port}`
      const finding = validityOf({ validFrom: result.validFrom, validTo: result.validTo }, what, now)
      return finding === undefined ? [] : [{ ...finding, path: remote.path }]
    }),
  )
  return findings.flat()
}

/** Every server that the configuration is a client of. */
export function remotesOf(config: Config): readonly Remote[] {
  const remotes: Remote[] = []
  const addUrl = (path: string, url: string, ssl: Remote['tls']): void => {
    const { protocol, hostname, port } = new URL(url)
    const secure = protocol === 'https:' || protocol === 'wss:'
    const host = hostname.replace(/^\[|\]$/g, '')
    remotes.push({ path, host, port: port === '' ? (secure ? 443 : 80) : Number(port), tls: secure ? ssl : undefined })
  }
  config.pipelines.forEach(({ sources, sinks }, index) => {
    sources.forEach((source, at) => {
      if (source.type !== 'sse' && source.type !== 'websocket') return
      const { options } = source
      if (!('url' in options) || options.url === undefined) return
      addUrl(`pipelines.${index}.sources.${at}.options.url`, options.url, options.ssl as Remote['tls'])
    })
    sinks.forEach((sink, at) => {
      const path = `pipelines.${index}.sinks.${at}.options`
      if (sink.type === 'http_client') {
        for (const url of [sink.options.url].flat()) addUrl(`${path}.url`, url, sink.options.ssl)
      } else if (sink.type === 'tcp_client') {
        for (const address of [sink.options.address].flat()) {
          const [, host = '', port] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? []
          const { ssl } = sink.options
          remotes.push({ path: `${path}.address`, host, port: Number(port), tls: ssl.enabled ? ssl : undefined })
        }
      }
    })
  })
  return remotes
}

interface Reached {
  readonly validFrom: string
  readonly validTo: string | undefined
}

/** Resolves with the reason why not, in words. */
async function tryToConnect({ host, port, tls }: Remote, cwd: string): Promise<string | Reached> {
  let ca: string | undefined
  if (tls?.ca_file !== undefined) {
    try {
      ca = await readFile(resolve(cwd, tls.ca_file), 'utf8')
    } catch (error) {
      return (error as Error).message
    }
  }
  return await new Promise((done) => {
    const name = tls?.server_name ?? host
    const socket =
      tls === undefined
        ? connect({ host, port })
        : connectTls({ host, port, ...(isIP(name) === 0 && { servername: name }), ...(ca !== undefined && { ca }) })
    const end = (result: string | Reached): void => {
      done(result)
      socket.destroy()
    }
    socket.setTimeout(connectTimeoutMs, () => end(`no answer within ${connectTimeoutMs / 1000} s`))
    socket.on('error', (error: NodeJS.ErrnoException) => end(reason(error)))
    socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
      if (tls === undefined) return end({ validFrom: '', validTo: undefined })
      const { valid_from: validFrom, valid_to: validTo } = (socket as TLSSocket).getPeerCertificate()
      end({ validFrom, validTo })
    })
  })
}

function reason({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'ECONNREFUSED':
      return 'nobody listens there'
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return `its certificate is by an authority that is not known here: name it in \`ssl.ca_file\` (${code})`
    default:
      return message
  }
}
