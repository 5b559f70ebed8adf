/** `logwisp run`: from a configuration to an exit code. */

import { resolve } from 'node:path'
import { checkBuildable } from '../build/check-buildable.ts'
import { loadConfig } from '../config/load.ts'
import { ConfigError, type LoadedConfig, problemText } from '../config/loaded-config.ts'
import { saveConfig } from '../config/save.ts'
import { exitCodes } from '../exit-codes.ts'
import { createHome } from '../http/home.ts'
import { createPortHost } from '../http/ports.ts'
import { claimBackgroundParent, startInBackground } from '../service/background.ts'
import { live } from '../service/lifetime.ts'
import { startService } from '../service/service.ts'
import { noteHangup } from '../service/signals.ts'
import { StartError } from '../service/start-error.ts'
import { defaultStateDirectory } from '../service/state-directory.ts'
import { unwritableSinks } from './check/places.ts'
import type { Invocation } from './invocation.ts'

/** Handles that something left open keep the process so long at most, once all is done. */
const exitAfterMs = 1000

/** Runs until it is stopped, or with `once` until all that is there was delivered; resolves with the exit code. */
export async function run(invocation: Invocation, options: { readonly once: boolean }): Promise<number> {
  const code = await runToItsEnd(invocation, options)
  setTimeout(() => process.exit(code), exitAfterMs).unref()
  return code
}

async function runToItsEnd(invocation: Invocation, { once }: { readonly once: boolean }): Promise<number> {
  const hangup = noteHangup()
  const parent = claimBackgroundParent()
  const stderr = parent?.stderr ?? process.stderr
  try {
    const { environment, cwd, version, words } = invocation
    const loaded = await loadConfig(invocation, checkBuildable)
    // At the start a sink that cannot write yet is tried again; a reload puts nothing that works in its place.
    const load = (): Promise<LoadedConfig> =>
      loadConfig(invocation, async (config) => [
        ...(await checkBuildable(config)),
        ...(await unwritableSinks(config, cwd)).map((problem) => ({ ...problem, origin: undefined })),
      ])
    const { config } = loaded
    if (config.background && !once && parent === undefined) return await startInBackground(words, process)
    return await live({
      loaded,
      load,
      hangup,
      save: saveConfig,
      version,
      environment,
      once,
      parent,
      stateDirectory: resolve(cwd, config.state_directory ?? defaultStateDirectory(environment)),
      stdin: process.stdin,
      stdout: process.stdout,
      stderr,
      startService,
      createPorts: async (service, log) =>
        createPortHost({
          home: await createHome({
            status: () => service()?.status(),
            isReady: () => service()?.isReady ?? false,
            onFailure: (error) => log.error({ err: error }, 'a request could not be answered'),
          }),
          onWarning: ({ code, message }) => log.warn({ code }, message),
        }),
    })
  } catch (error) {
    const words = wordsFor(error)
    for (const line of words) stderr.write(`logwisp: ${line}\n`)
    return error instanceof ConfigError ? exitCodes.usage : exitCodes.failed
  }
}

/** What is said of a failure: everything that is wrong with a configuration, or why it cannot start. */
function wordsFor(error: unknown): string[] {
  if (error instanceof ConfigError) return error.problems.map(problemText)
  if (error instanceof StartError) return error.message.split('\n')
  return String((error as Error).stack ?? error).split('\n')
}
