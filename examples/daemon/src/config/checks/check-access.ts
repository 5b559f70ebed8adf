/** Who may come: what `auth` and `ssl` need to hold, and servers that anybody can reach. */

import { isIP } from 'node:net'
import { createSecureContext } from 'node:tls'
import type { AuthConfig, Config, SinkConfig, SourceConfig } from '../schema.ts'
import type { Findings } from './findings.ts'
import { type ListeningStage, listeningStages } from './listening-stages.ts'

/** Looks at every server, and at what clients show to others. */
export function checkAccess(config: Config, findings: Findings): void {
  const seen = new Set<string>()
  const stages = listeningStages(config)
  for (const stage of stages) {
    checkServerTls(stage, findings)
    checkReach(stage, findings)
    if (stage.auth.type === 'mtls') checkMutual(stage, findings)
    if (seen.has(stage.authPath)) continue
    seen.add(stage.authPath)
    checkAuth(stage.auth, stage.authPath, findings)
  }
  for (const [index, pipeline] of config.pipelines.entries()) {
    const path = `pipelines.${index}.auth`
    if (!seen.has(path)) {
      checkAuth(pipeline.auth, path, findings)
      if (pipeline.auth.type !== 'none')
        findings.notice(`${path}.type`, 'has no effect: nothing of this pipeline listens')
    }
    for (const [kind, list] of [
      ['sources', pipeline.sources],
      ['sinks', pipeline.sinks],
    ] as const) {
      for (const [place, stage] of list.entries())
        checkClient(stage, `pipelines.${index}.${kind}.${place}.options`, findings)
    }
  }
}

function checkAuth(auth: AuthConfig, path: string, findings: Findings): void {
  const { type, basic_auth, bearer_auth, mtls } = auth
  if (type === 'basic' && !basic_auth?.users.length && basic_auth?.users_file === undefined) {
    findings.problem(`${path}.type`, 'needs `basic_auth` with `users` or a `users_file`: nobody could come')
  }
  const tokens = (bearer_auth?.tokens.length ?? 0) + (bearer_auth?.clients.length ?? 0)
  if (type === 'bearer' && tokens === 0 && !bearer_auth?.tokens_file && !bearer_auth?.jwt) {
    findings.problem(
      `${path}.type`,
      'needs `bearer_auth` with `tokens`, `clients`, a `tokens_file` or `jwt`: nobody could come',
    )
  }
  for (const [key, table, wanted] of [
    ['basic_auth', basic_auth, 'basic'],
    ['bearer_auth', bearer_auth, 'bearer'],
    ['mtls', mtls, 'mtls'],
  ] as const) {
    if (table !== undefined && holdsSomebody(table) && type !== wanted) {
      const says = `has no effect while \`type\` is "${type}": set it to "${wanted}"`
      // Whoever wrote down users and left the door open did not mean to.
      if (type === 'none') findings.warning(`${path}.${key}`, says)
      else findings.notice(`${path}.${key}`, says)
    }
  }
  unique(
    basic_auth?.users.map(({ username }) => username),
    `${path}.basic_auth.users`,
    'username',
    findings,
  )
  unique(
    bearer_auth?.clients.map(({ name }) => name),
    `${path}.bearer_auth.clients`,
    'name',
    findings,
  )
  unique(
    mtls?.clients.map(({ name }) => name),
    `${path}.mtls.clients`,
    'name',
    findings,
  )
  if (mtls?.names !== undefined && mtls.clients.length > 0) {
    findings.problem(`${path}.mtls.names`, 'does not go together with `clients`: put the names there')
  }
  checkJwt(auth, `${path}.bearer_auth.jwt`, findings)
  for (const key of ['ip_whitelist', 'ip_blacklist', 'trusted_proxies'] as const) {
    for (const [index, address] of auth[key].entries()) {
      if (isNetwork(address)) continue
      findings.problem(
        `${path}.${key}.${index}`,
        `must be an address, a network such as 10.0.0.0/8, \`loopback\` or \`private\`, got ${JSON.stringify(address)}`,
      )
    }
  }
}

/** Whether a table has more than a name for what browsers show. */
function holdsSomebody(table: object): boolean {
  return Object.entries(table).some(([key, value]) => key !== 'realm' && value !== undefined && String(value) !== '')
}

function checkJwt({ bearer_auth }: AuthConfig, path: string, findings: Findings): void {
  const jwt = bearer_auth?.jwt
  if (jwt === undefined) return
  if ((jwt.jwks_url === undefined) === (jwt.signing_key === undefined)) {
    findings.problem(path, 'needs either `jwks_url` or `signing_key`, and not both')
  }
  for (const key of ['issuer', 'audience'] as const) {
    if (jwt[key] !== undefined) continue
    findings.problem(`${path}.${key}`, 'is missing: without it tokens for somebody else would be good here too')
  }
}

function unique(names: readonly string[] | undefined, path: string, key: string, findings: Findings): void {
  for (const [index, name] of (names ?? []).entries()) {
    if (names?.indexOf(name) === index) continue
    findings.problem(`${path}.${index}.${key}`, `${JSON.stringify(name)} is there twice: give each name once`)
  }
}

function isNetwork(text: string): boolean {
  if (text === 'loopback' || text === 'private') return true
  const [address = '', prefix, ...rest] = text.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return false
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128))
}

function checkServerTls({ ssl, path }: ListeningStage, findings: Findings): void {
  if (!ssl.enabled) return
  for (const key of ['cert_file', 'key_file'] as const) {
    if (ssl[key] === undefined) findings.problem(`${path}.ssl.${key}`, 'is missing: a server that speaks TLS needs it')
  }
  if (ssl.client_auth && ssl.client_ca_file === undefined) {
    findings.problem(
      `${path}.ssl.client_ca_file`,
      'is missing: `client_auth` needs to know whose certificates are good',
    )
  }
  if (!ssl.client_auth && (ssl.client_ca_file !== undefined || ssl.crl_file !== undefined)) {
    const key = ssl.client_ca_file === undefined ? 'crl_file' : 'client_ca_file'
    findings.notice(
      `${path}.ssl.${key}`,
      'has no effect while `client_auth` is false: clients are asked for no certificate',
    )
  }
  if (isOld(ssl.max_version)) {
    findings.problem(`${path}.ssl.max_version`, `${ssl.max_version} is broken and never spoken: give TLS1.2 or TLS1.3`)
  } else if (isOld(ssl.min_version)) {
    findings.warning(`${path}.ssl.min_version`, `${ssl.min_version} is broken and never spoken: the oldest is TLS1.2`)
  } else if (ssl.min_version > ssl.max_version) {
    findings.problem(`${path}.ssl.min_version`, `is above \`max_version\` (${ssl.max_version})`)
  }
  if (ssl.cipher_suites !== undefined && !areCiphers(ssl.cipher_suites)) {
    findings.problem(
      `${path}.ssl.cipher_suites`,
      `has no cipher that is known here, got ${JSON.stringify(ssl.cipher_suites)}`,
    )
  }
}

function isOld(version: ListeningStage['ssl']['min_version']): boolean {
  return version === 'TLS1.0' || version === 'TLS1.1'
}

function areCiphers(ciphers: string): boolean {
  try {
    createSecureContext({ ciphers })
    return true
  } catch {
    return false
  }
}

function checkMutual({ ssl, path }: ListeningStage, findings: Findings): void {
  if (ssl.enabled && ssl.client_auth) return
  findings.problem(
    `${path}.ssl`,
    'needs `enabled` and `client_auth`: `auth.type` is "mtls", and nobody could show a certificate',
  )
}

/** Servers that others than this machine reach. */
function checkReach({ host, auth, ssl, path, title, takes, gives }: ListeningStage, findings: Findings): void {
  if (isLoopback(host)) return
  const can = takes ? 'write into the log' : gives ? 'read the log' : 'see the status'
  const guarded = auth.type !== 'none' || (ssl.enabled && ssl.client_auth && ssl.verify_client_cert)
  if (!guarded && auth.ip_whitelist.length === 0) {
    findings.warning(
      `${path}.host`,
      `${title} listens on ${host} without authentication: whoever reaches the port can ${can}. Set \`auth\`, or an \`ip_whitelist\``,
    )
  } else if (!ssl.enabled && (auth.type === 'basic' || auth.type === 'bearer')) {
    findings.warning(
      `${path}.ssl.enabled`,
      `${title} listens on ${host} without TLS: ${auth.type === 'basic' ? 'passwords' : 'tokens'} can be read on the way, unless a proxy in front speaks it`,
    )
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

/** What a client shows, and its TLS. */
function checkClient(stage: SourceConfig | SinkConfig, path: string, findings: Findings): void {
  const isClient = stage.type === 'http_client' || stage.type === 'tcp_client' || 'url' in stage.options
  if (!isClient) return
  const { auth, ssl } = stage.options as Extract<SinkConfig, { type: 'tcp_client' }>['options']
  if (auth !== undefined) {
    if ((auth.username === undefined) !== (auth.password === undefined)) {
      findings.problem(`${path}.auth`, 'needs `username` and `password` together')
    }
    if ((auth.token === undefined) === (auth.username === undefined)) {
      findings.problem(`${path}.auth`, 'needs either `token`, or `username` and `password`')
    }
  }
  if ((ssl.cert_file === undefined) !== (ssl.key_file === undefined)) {
    const missing = ssl.cert_file === undefined ? 'cert_file' : 'key_file'
    findings.problem(`${path}.ssl.${missing}`, 'is missing: a certificate and its key go together')
  }
}
