/** The certificates of a server, which may be exchanged while it serves. */

import { X509Certificate } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { readFileSync, type Stats, statSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import type { Server } from 'node:net'
import { createSecureContext, type TlsOptions, type Server as TlsServer } from 'node:tls'
import { LogwispError } from '../errors.ts'
import { checkArgument, checkOptions, type OptionRule, option } from '../options.ts'
import { withDefaults } from '../with-defaults.ts'

/** Made by `serverTls`; every server takes one as its option `tls`. */
export interface ServerTls {
  /** What Node's servers take. */
  readonly options: TlsOptions
  /** Gives a server new certificates whenever there are some; returns what ends that. Connections that are open go on. */
  attach(server: Server): () => void
}

/** Options of {@link serverTls}. Where a file is wanted, its path or the PEM text itself will do. */
export interface ServerTlsOptions {
  /** The server's certificate, followed by those in between it and the root. */
  readonly cert: string
  /** Its private key. */
  readonly key: string
  /** What the key is encrypted with. */
  readonly passphrase?: string | undefined
  /** Whose clients' certificates are good. The machine's own list of authorities is never used for that. */
  readonly ca?: string | readonly string[] | undefined
  /**
   * Whether clients show a certificate: `'require'` ends a handshake without a good one, `'ask'` lets it pass, and
   * `accessControl` then finds nobody's. Needs `ca`. @default none is asked for
   */
  readonly requestCertificate?: 'require' | 'ask' | undefined
  /**
   * Lists of revoked certificates, one of each authority in `ca`. After a list's `nextUpdate` nobody is let in until
   * there is a new one.
   */
  readonly crl?: string | readonly string[] | undefined
  /** The oldest version that is spoken. @default 'TLSv1.2' */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined
  /** The newest; not older than `minVersion`. @default 'TLSv1.3' */
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined
  /** OpenSSL's names of ciphers, for TLS 1.2. @default Node's */
  readonly ciphers?: string | undefined
  /** For the handshake, in ms. @default 10000 */
  readonly handshakeTimeoutMs?: number | undefined
  /** How often the files are looked at while a server has them, in ms; `Infinity` for never. @default 10000 */
  readonly checkIntervalMs?: number | undefined
}

/** What {@link serverTls} emits. */
export interface ServerTlsEvents {
  /** New files are in use. */
  reload: []
  /** New files are no good, and the old ones stay in use; or the certificate has expired. Code `BAD_CERTIFICATE`. */
  warning: [error: LogwispError]
}

/** What {@link serverTls} returns. */
export interface ReloadableTls extends ServerTls, EventEmitter<ServerTlsEvents> {
  /**
   * Reads the files again now, whether they have changed or not. Open connections keep what they have.
   *
   * @throws LogwispError `BAD_CERTIFICATE` when they are no good; the old ones stay in use.
   */
  reload(): Promise<void>
}

const defaults = {
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  handshakeTimeoutMs: 10_000,
  checkIntervalMs: 10_000,
} as const satisfies Partial<ServerTlsOptions>

/** Its message never has the text in it, and a key must not get into one as the path of a file that is not there. */
const fileRule: OptionRule = {
  expected: 'a path, or PEM text with its `-----BEGIN …` line',
  isSecret: true,
  accepts: (value) => typeof value === 'string' && value !== '' && !/^[A-Za-z0-9+/=\s]{100,}$/.test(value),
}

const filesRule = option.either(fileRule, option.list(fileRule, 1))

const rules = {
  cert: fileRule,
  key: fileRule,
  passphrase: { ...option.text, isSecret: true },
  ca: filesRule,
  requestCertificate: option.oneOf('require', 'ask'),
  crl: filesRule,
  minVersion: option.oneOf('TLSv1.2', 'TLSv1.3'),
  maxVersion: option.oneOf('TLSv1.2', 'TLSv1.3'),
  ciphers: option.text,
  handshakeTimeoutMs: option.integer({ min: 10 }),
  checkIntervalMs: option.integer({ min: 10, orInfinity: true }),
} satisfies Record<keyof ServerTlsOptions, OptionRule>

/**
 * TLS for servers: 1.2 at least, clients' certificates if you like, and files that may change while it serves. New
 * ones are used for new connections within `checkIntervalMs`, and open ones go on with what they have.
 *
 * The files are read at once, so that what is wrong with them is known at the start. They are looked at again while
 * a server is attached; nothing runs otherwise.
 *
 * @throws OptionError `BAD_OPTION`.
 * @throws LogwispError `BAD_CERTIFICATE` when a file cannot be read, or the key is not the certificate's.
 *
 * @example
 * ```ts
 * import { serverTls } from '@logwisp/core/server'
 *
 * const tls = serverTls({
 *   cert: '/etc/logwisp/server.pem',
 *   key: '/etc/logwisp/server.key',
 *   ca: '/etc/logwisp/clients-ca.pem',
 *   requestCertificate: 'require',
 * })
 * tls.on('warning', (error) => console.error(error.message))
 * ```
 */
export function serverTls(options: ServerTlsOptions): ReloadableTls {
  const stage = 'serverTls'
  checkOptions(stage, options, rules)
  checkArgument(stage, 'cert', options?.cert, rules.cert)
  checkArgument(stage, 'key', options.key, rules.key)
  if (options.requestCertificate !== undefined || options.crl !== undefined) {
    const expected = 'given with `requestCertificate` and `crl`: those who sign your clients, not all the world'
    checkArgument(stage, 'ca', options.ca, { expected, accepts: (value) => value !== undefined })
  }
  if (options.crl !== undefined)
    checkArgument(stage, 'requestCertificate', options.requestCertificate, rules.requestCertificate)
  const settings = withDefaults(defaults, options)
  checkArgument(stage, 'maxVersion', settings.maxVersion, {
    expected: 'no older version than `minVersion`',
    accepts: (value) => value === 'TLSv1.3' || settings.minVersion === 'TLSv1.2',
  })
  return new Certificates(settings)
}

type Settings = Omit<ServerTlsOptions, keyof typeof defaults> & {
  readonly [Name in keyof typeof defaults]: NonNullable<ServerTlsOptions[Name]>
}

/** The options that are files, each with its texts. */
interface Material {
  readonly cert: readonly string[]
  readonly key: readonly string[]
  readonly ca: readonly string[]
  readonly crl: readonly string[]
}

const materials = ['cert', 'key', 'ca', 'crl'] as const satisfies readonly (keyof Material)[]

class Certificates extends EventEmitter<ServerTlsEvents> implements ReloadableTls {
  readonly #settings: Settings
  readonly #servers = new Set<TlsServer>()
  #options: TlsOptions
  /** What the files looked like when they were read, and when they were found to be no good. */
  #seen: string
  #refused: string | undefined
  #timer: NodeJS.Timeout | undefined
  #looking = false

  constructor(settings: Settings) {
    super()
    this.#settings = settings
    // Before they are read: what changes meanwhile is then read again.
    this.#seen = this.#paths.map((path) => look(path, () => statSync(path))).join('\n')
    this.#options = this.#tlsOptions(mapMaterials(settings, (item) => (isPem(item) ? item : read(item))))
  }

  get options(): TlsOptions {
    return this.#options
  }

  attach(server: Server): () => void {
    this.#servers.add(server as TlsServer)
    if (this.#timer === undefined && this.#settings.checkIntervalMs !== Infinity && this.#paths.length > 0) {
      this.#look()
      this.#timer = setInterval(() => this.#look(), this.#settings.checkIntervalMs)
      this.#timer.unref()
    }
    process.nextTick(() => this.#warnIfExpired())
    return () => {
      this.#servers.delete(server as TlsServer)
      if (this.#servers.size > 0) return
      clearInterval(this.#timer)
      this.#timer = undefined
    }
  }

  async reload(): Promise<void> {
    const texts = new Map<string, string>()
    for (const path of this.#paths) {
      texts.set(path, await readFile(path, 'utf8').catch((cause) => Promise.reject(unreadable(path, cause))))
    }
    const options = this.#tlsOptions(mapMaterials(this.#settings, (item) => texts.get(item) ?? item))
    this.#options = options
    for (const server of this.#servers) server.setSecureContext(options)
    this.emit('reload')
    this.#warnIfExpired()
  }

  get #paths(): string[] {
    return materials.flatMap((name) => [this.#settings[name] ?? []].flat()).filter((item) => !isPem(item))
  }

  /** One look at a time, whatever the disk takes. */
  #look(): void {
    if (this.#looking) return
    this.#looking = true
    this.#reloadIfChanged()
      .catch((error: LogwispError) => this.emit('warning', error))
      .finally(() => {
        this.#looking = false
      })
  }

  /** Certificate and key are seldom exchanged in one moment: what is no good is a warning when it is so twice. */
  async #reloadIfChanged(): Promise<void> {
    const looks = (await Promise.all(this.#paths.map(lookOf))).join('\n')
    if (looks === this.#seen) return
    const isSecondLook = looks === this.#refused
    try {
      await this.reload()
      this.#seen = looks
    } catch (error) {
      this.#refused = looks
      if (!isSecondLook) return
      this.#seen = looks
      throw error
    }
  }

  #tlsOptions({ cert, key, ca, crl }: Material): TlsOptions {
    const { passphrase, requestCertificate, minVersion, maxVersion, ciphers, handshakeTimeoutMs } = this.#settings
    const options: TlsOptions = {
      cert: cert.join('\n').trim(),
      key: key.join('\n').trim(),
      minVersion,
      maxVersion,
      handshakeTimeout: handshakeTimeoutMs,
      ...(passphrase !== undefined && { passphrase }),
      ...(ciphers !== undefined && { ciphers }),
      ...(ca.length > 0 && { ca: [...ca] }),
      ...(crl.length > 0 && { crl: [...crl] }),
      requestCert: requestCertificate !== undefined,
      rejectUnauthorized: requestCertificate === 'require',
    }
    try {
      // OpenSSL takes a certificate without any text for none at all, and a file is empty while it is being written.
      if (options.cert === '' || options.key === '') throw new Error('a file is empty')
      createSecureContext(options)
    } catch (cause) {
      const reason = (cause as Error).message
      throw new LogwispError('BAD_CERTIFICATE', `serverTls: the certificate and its key cannot be used: ${reason}`, {
        cause,
      })
    }
    return options
  }

  #warnIfExpired(): void {
    const { validTo } = new X509Certificate(this.#options.cert as string)
    if (Date.parse(validTo) > Date.now()) return
    const message = `serverTls: the certificate has expired at ${validTo}; clients will refuse it until there is a new one`
    this.emit('warning', new LogwispError('BAD_CERTIFICATE', message))
  }
}

function mapMaterials(settings: Settings, textOf: (item: string) => string): Material {
  const texts = (items: string | readonly string[] | undefined): string[] => [items ?? []].flat().map(textOf)
  return { cert: texts(settings.cert), key: texts(settings.key), ca: texts(settings.ca), crl: texts(settings.crl) }
}

function isPem(item: string): boolean {
  return item.includes('-----BEGIN ')
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw unreadable(path, cause)
  }
}

function unreadable(path: string, cause: unknown): LogwispError {
  return new LogwispError('BAD_CERTIFICATE', `serverTls: cannot read ${path}: ${(cause as Error).message}`, { cause })
}

/** What changes when a file does, or another comes in its place; links are followed. */
function look(path: string, statsOf: () => Stats): string {
  try {
    const { ino, size, mtimeMs, ctimeMs } = statsOf()
    return `${path} ${ino} ${size} ${mtimeMs} ${ctimeMs}`
  } catch (error) {
    return `${path} ${(error as NodeJS.ErrnoException).code}`
  }
}

async function lookOf(path: string): Promise<string> {
  const stats = await stat(path).catch((error: unknown) => error as Error)
  return look(path, () => {
    if (stats instanceof Error) throw stats
    return stats
  })
}
