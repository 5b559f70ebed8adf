/** One life of the daemon: from a configuration to an exit code, with all that may be asked of it on the way. */

import type { Writable } from 'node:stream'
import type { Logger } from 'pino'
import { ConfigError, type LoadedConfig, originText, problemText } from '../config/loaded-config.ts'
import { exitCodes } from '../exit-codes.ts'
import type { PortHost } from '../http/port-host.ts'
import type { PipelineStatus } from '../pipeline/pipeline-status.ts'
import type { BackgroundParent } from './background.ts'
import { greeting } from './greeting.ts'
import { lockInstance } from './instance-lock.ts'
import { type OwnLog, openOwnLog } from './own-log.ts'
import { writePidFile } from './pid-file.ts'
import { type Readiness, readinessOf } from './readiness.ts'
import type { Service, ServiceOptions, StopReport } from './service-contract.ts'
import type { ServiceStatus } from './service-status.ts'
import { listenToSignals, type StopSignal } from './signals.ts'
import { watchForStall } from './stalled.ts'
import { StartError } from './start-error.ts'
import { identityOf } from './state-directory.ts'
import { reportStatus } from './status-reporter.ts'
import { StatusServer } from './status-server.ts'
import { WatchedFiles } from './watched-files.ts'

/** What a life is made of. */
export interface LifetimeOptions {
  readonly loaded: LoadedConfig
  readonly version: string
  readonly environment: NodeJS.ProcessEnv
  readonly stateDirectory: string
  readonly once: boolean
  readonly stdin: NodeJS.ReadableStream
  readonly stdout: Writable & { readonly isTTY?: boolean }
  readonly stderr: Writable
  /** Whoever waits for a daemon of `--background`. */
  readonly parent: BackgroundParent | undefined
  /** Loads the configuration again. */
  load(): Promise<LoadedConfig>
  /** Whether a SIGHUP came before this life began; from then on it is ours. */
  hangup(): boolean
  /** Writes it into its file; resolves with what it wrote. */
  save(loaded: LoadedConfig): Promise<{ readonly file: string | undefined; readonly written: readonly string[] }>
  /** Makes what listens. It may ask for the service once that is there. */
  createPorts(service: () => Service | undefined, log: Logger): Promise<PortHost>
  startService(options: ServiceOptions): Promise<Service>
}

/** Why it ends. */
type Ending =
  | { readonly kind: 'signal'; readonly signal: StopSignal | 'SIGHUP' }
  | { readonly kind: 'done' }
  | { readonly kind: 'stalled' }
  | { readonly kind: 'failed'; readonly error: unknown }

/** After an error that nobody expected, the rest may hang: it gets so long. */
const timeoutAfterErrorMs = 5000

/** The end waits so long for connections, once everything is delivered. */
const portsTimeoutMs = 1000

/** How much longer than its own deadline the service may take before it is left behind. */
const stopGraceMs = 2000

/** Log lines that wait for a disk get so long when a second signal wants an end at once. */
const lastWordsMs = 200

/** Lives; resolves with the exit code. Rejects with a StartError when it cannot begin. */
export async function live(options: LifetimeOptions): Promise<number> {
  const ownLog = await openOwnLog(options.loaded.config, options).catch((error: Error) => {
    throw new StartError(`cannot open the log: ${error.message}`)
  })
  try {
    return await new Lifetime(options, ownLog).live()
  } finally {
    await ownLog.close()
  }
}

class Lifetime {
  readonly #options: LifetimeOptions
  readonly #ownLog: OwnLog
  readonly #readiness: Readiness
  /** What is to be undone at the end, from the last to the first. */
  readonly #undo: (() => unknown)[] = []
  readonly #ending: Promise<Ending>
  #end: (ending: Ending) => void = () => {}
  #loaded: LoadedConfig
  #service: Service | undefined
  #isEnding = false
  #reload: Promise<void> | undefined
  #reloadsAgain = false
  #statusServer: StatusServer | undefined
  #ports: PortHost | undefined
  #removePidFile: () => void = () => {}
  #stopReporting: () => void = () => {}
  readonly #watched: WatchedFiles

  constructor(options: LifetimeOptions, ownLog: OwnLog) {
    this.#options = options
    this.#ownLog = ownLog
    this.#loaded = options.loaded
    this.#watched = new WatchedFiles(ownLog.log, (cause) => this.#requestReload(cause))
    this.#ending = new Promise((resolve) => {
      this.#end = resolve
    })
    this.#readiness = readinessOf({
      environment: options.parent === undefined ? options.environment : {},
      log: ownLog.log,
      isAlive: () => Object.values(this.#service?.status().pipelines ?? {}).some(({ state }) => state !== 'stopped'),
    })
  }

  get #log(): Logger {
    return this.#ownLog.log
  }

  async live(): Promise<number> {
    this.#listen()
    // Asked for while the configuration was being read, which may have been too late for what changed in it.
    this.#reloadsAgain = this.#options.hangup()
    this.#undo.push(() => {
      this.#stopReporting()
      this.#watched.stop()
    })
    try {
      const ports = await this.#start()
      this.#reloadIfAskedAgain()
      const ending = await this.#ending
      this.#isEnding = true
      const code = await this.#finish(ending)
      await ports.close(portsTimeoutMs)
      return code
    } catch (error) {
      if (error instanceof StartError) this.#say('fatal', error.message)
      else this.#say('fatal', 'it cannot start', error)
      await this.#stop(0)
      await this.#ports?.close(0)
      return exitCodes.failed
    } finally {
      for (const undo of this.#undo.reverse()) await undo()
      await this.#readiness.close()
    }
  }

  async #start(): Promise<PortHost> {
    const { loaded, once, stateDirectory, startService, version, stdin } = this.#options
    const { config } = loaded
    this.#noteNotices(loaded)
    const lock = await lockInstance(stateDirectory, identityOf(loaded))
    this.#undo.push(() => lock.release())
    if (config.pid_file !== undefined) {
      const pidFile = await writePidFile(config.pid_file)
      this.#undo.push(() => pidFile.remove())
      this.#removePidFile = () => pidFile.remove()
    }
    const ports = await this.#options.createPorts(() => this.#service, this.#log)
    this.#ports = ports
    const statusServer = new StatusServer(ports)
    this.#statusServer = statusServer
    await statusServer.take(config.status, loaded.namedFiles).catch((error: Error) => {
      throw new StartError(error.message)
    })
    this.#undo.push(() => statusServer.close())
    const service = await startService({ loaded, log: this.#log, version, stateDirectory, stdin, once, ports }).catch(
      (error: Error) => {
        throw new StartError(error.message)
      },
    )
    this.#service = service
    service.done.then(
      () => this.#end({ kind: 'done' }),
      (error: unknown) => this.#end({ kind: 'failed', error }),
    )
    await Promise.race([service.started, this.#ending])
    const status = service.status()
    this.#refuseIfNothingRuns(status)
    this.#greet(status)
    this.#readiness.ready(statusLine(status))
    this.#options.parent?.serving()
    this.#report()
    await this.#watch()
    if (once) {
      const timeoutMs = config.stop_timeout_seconds * 1000
      const stop = watchForStall({
        timeoutMs,
        status: () => service.status(),
        onStall: () => this.#end({ kind: 'stalled' }),
      })
      this.#undo.push(stop)
    }
    return ports
  }

  #listen(): void {
    const stopListening = listenToSignals({
      stop: (signal) => this.#end({ kind: 'signal', signal }),
      stopNow: (signal, exitCode) => void this.#exitNow(signal, exitCode),
      reload: () => void this.#requestReload('SIGHUP'),
      reopen: () => void this.#reopen(),
      showStatus: () => this.#log.info({ status: this.#service?.status() }, 'status, as SIGUSR2 asks'),
    })
    const onError = (error: unknown): void => {
      if (this.#isEnding) {
        this.#say('fatal', 'an error that nobody expected, at the end', error)
        process.exit(exitCodes.failed)
      }
      this.#end({ kind: 'failed', error })
    }
    process.on('uncaughtException', onError)
    process.on('unhandledRejection', onError)
    this.#undo.push(() => {
      stopListening()
      process.off('uncaughtException', onError)
      process.off('unhandledRejection', onError)
    })
  }

  /** A pipeline that cannot start is tried again while others run; when none runs, whoever started it should know. */
  #refuseIfNothingRuns({ pipelines }: ServiceStatus): void {
    if (this.#options.once) return
    const reasons = Object.values(pipelines).map(whyNotRunning)
    if (reasons.length === 0 || reasons.includes(undefined)) return
    throw new StartError(reasons.join('\n'))
  }

  #greet(status: ServiceStatus): void {
    const { stdout, parent, once, version } = this.#options
    const { config, file } = this.#loaded
    const writesOnTerminal = config.pipelines.some(({ sinks }) =>
      sinks.some(({ type }) => type === 'stdout' || type === 'stderr'),
    )
    const isSeen = stdout.isTTY === true && !config.quiet && parent === undefined && !once && !writesOnTerminal
    if (isSeen) stdout.write(greeting(config, status))
    const level = isSeen ? 'debug' : 'info'
    this.#log[level]({ config_file: file, pipelines: status.total_pipelines, pid: process.pid }, `LogWisp ${version}`)
    for (const { url, paths } of status.listeners) this.#log[level]({ url, paths }, 'listening')
  }

  #report(): void {
    this.#stopReporting()
    const { disable_status_reporter, status_interval_seconds } = this.#loaded.config
    const service = this.#service
    this.#stopReporting = () => {}
    if (disable_status_reporter || service === undefined) return
    this.#stopReporting = reportStatus({
      log: this.#log,
      intervalMs: status_interval_seconds * 1000,
      status: () => service.status(),
    })
  }

  #watch(): Promise<void> {
    return this.#watched.take(this.#isEnding ? undefined : this.#loaded)
  }

  /** One reload after the other; however often it is asked for meanwhile, one more follows. */
  #requestReload(cause: string): Promise<void> {
    if (this.#isEnding) return Promise.resolve()
    if (this.#reload !== undefined || this.#service === undefined) {
      this.#reloadsAgain = true
      return this.#reload ?? Promise.resolve()
    }
    this.#reload = this.#reloadNow(cause)
      .catch((error: unknown) => this.#log.error({ err: error }, 'the configuration could not be loaded'))
      .finally(() => {
        this.#reload = undefined
        return this.#reloadIfAskedAgain()
      })
    return this.#reload
  }

  #reloadIfAskedAgain(): Promise<void> | undefined {
    if (!this.#reloadsAgain) return undefined
    this.#reloadsAgain = false
    return this.#requestReload('it was asked for again')
  }

  async #reloadNow(cause: string): Promise<void> {
    const service = this.#service as Service
    this.#log.info({ cause }, 'loading the configuration')
    this.#readiness.reloading()
    try {
      const loaded = await this.#options.load()
      const result = await service.reload(loaded)
      // The service has said why.
      if (result.result === 'refused') return
      this.#noteNotices(loaded)
      this.#noteWhatWaits(loaded)
      await this.#statusServer
        ?.take(loaded.config.status, loaded.namedFiles)
        .catch((error: Error) => this.#log.error(`the status has no port of its own now: ${error.message}`))
      await this.#ports?.settle()
      this.#loaded = loaded
      await this.#ownLog
        .reconfigure(loaded.config)
        .then(() => this.#log.debug('the log has new settings'))
        .catch((error: Error) => this.#log.error(`the log goes on as it was: ${error.message}`))
      this.#report()
      await this.#watch()
      if (result.result === 'unchanged') this.#log.info('the pipelines are what they were')
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      for (const problem of error.problems) this.#log.error(problemText(problem))
      service.refused(error.message)
      this.#log.error('the configuration is not taken; going on with the one before')
    } finally {
      this.#readiness.ready(statusLine(service.status()))
    }
  }

  #noteNotices({ notices }: LoadedConfig): void {
    for (const { path, message, origin, severity } of notices) {
      const words = [originText(origin), path, message].filter((part) => part !== '').join(': ')
      this.#log[severity === 'warning' ? 'warn' : 'info'](words)
    }
  }

  /** What only a new process can take. */
  #noteWhatWaits({ config }: LoadedConfig): void {
    for (const key of ['state_directory', 'pid_file', 'background'] as const) {
      if (config[key] !== this.#loaded.config[key]) this.#log.warn(`${key} changes at the next start`)
    }
  }

  async #reopen(): Promise<void> {
    try {
      await this.#ownLog.reopen()
      this.#log.info('the log file is open anew, as SIGUSR1 asks; sinks find moved files by themselves')
    } catch (error) {
      this.#log.error({ err: error }, 'the log file cannot be opened anew')
    }
  }

  async #finish(ending: Ending): Promise<number> {
    this.#stopReporting()
    this.#watched.stop()
    const { config } = this.#loaded
    const limitMs = config.stop_timeout_seconds * 1000
    const timeoutMs =
      ending.kind === 'failed' ? Math.min(limitMs, timeoutAfterErrorMs) : ending.kind === 'stalled' ? 0 : limitMs
    this.#readiness.stopping(timeoutMs)
    if (ending.kind === 'failed') this.#say('fatal', 'an error that nobody expected', ending.error)
    if (ending.kind === 'signal') this.#log.info(`${ending.signal}: delivering what was read; again to stop at once`)
    if (ending.kind === 'stalled') this.#log.warn(`nothing was delivered for ${limitMs / 1000} s`)
    const report = await this.#stop(timeoutMs)
    if (ending.kind === 'failed') return exitCodes.failed
    await this.#save()
    if (report === undefined) {
      this.#say('error', `it did not stop within ${limitMs / 1000} s`)
      return exitCodes.undelivered
    }
    for (const { pipeline, sink, entries, fate } of report.undelivered) {
      this.#say('error', `pipeline ${pipeline}, ${sink}: ${entries} entries were not delivered in time; ${fate}`)
    }
    if (report.complete) this.#log.info('stopped; everything that was read is delivered')
    return report.complete ? exitCodes.ok : exitCodes.undelivered
  }

  /** Undefined when it takes too long. */
  async #stop(timeoutMs: number): Promise<StopReport | undefined> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, timeoutMs + stopGraceMs, undefined)
    })
    try {
      return await Promise.race([this.#service?.stop(timeoutMs), late])
    } catch (error) {
      this.#say('error', 'it could not stop in order', error)
      return undefined
    } finally {
      clearTimeout(timer)
    }
  }

  async #save(): Promise<void> {
    if (!this.#loaded.config.config_save_on_exit) return
    try {
      const { file, written } = await this.#options.save(this.#loaded)
      this.#log.info({ file, written }, 'the configuration was saved')
    } catch (error) {
      this.#say('error', `the configuration was not saved: ${(error as Error).message}`)
    }
  }

  async #exitNow(signal: StopSignal, exitCode: number): Promise<void> {
    this.#log.warn(`${signal} again: stopped at once`)
    this.#removePidFile()
    setTimeout(() => process.exit(exitCode), lastWordsMs)
    await this.#ownLog.close()
    process.exit(exitCode)
  }

  /** What must be seen, even when the log is somewhere else or off. */
  #say(level: 'fatal' | 'error', words: string, error?: unknown): void {
    this.#log[level](error === undefined ? {} : { err: error }, words)
    if (this.#ownLog.isOnConsole) return
    const reason = error === undefined ? '' : `: ${(error as Error)?.stack ?? String(error)}`
    for (const line of `${words}${reason}`.split('\n')) this.#options.stderr.write(`logwisp: ${line}\n`)
  }
}

/** Undefined when it runs, or is still at it. */
function whyNotRunning({ name, state, last_error, sources, sinks }: PipelineStatus): string | undefined {
  const errors = [last_error, ...[...sinks, ...sources].map((stage) => stage.last_error)].filter(
    (error) => error !== undefined,
  )
  return state === 'running' || errors.length === 0 ? undefined : `pipeline ${name}: ${[...new Set(errors)].join('; ')}`
}

function statusLine({ pipelines, total_pipelines }: ServiceStatus): string {
  const running = Object.values(pipelines).filter(({ state }) => state === 'running').length
  return `${running} of ${total_pipelines} pipelines run`
}
