/** One run of the program: from words on the command line to an exit code. */

import { join } from 'node:path'
import { CommanderError } from 'commander'
import { parseCommandLine, type Settings } from './command-line.ts'
import { ownVersion, StartError, startDaemon } from './daemon.ts'

/**
 * Runs until the daemon ends, and says how it ended: 0 stopped, 1 failed, 2 wrong command line.
 *
 * The first SIGINT or SIGTERM stops it in order; a second one exits at once, with 128 + the signal's number.
 */
export async function run(words: readonly string[]): Promise<number> {
  let settings: Settings
  try {
    settings = parseCommandLine(words, await ownVersion(), process.env)
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // It has said what there is to say: the help, the version, or what is wrong.
    return error.exitCode === 0 ? 0 : 2
  }
  try {
    const daemon = await startDaemon(settings, ({ message }) => say(process.stderr, `warning: ${message}`))
    process.stdout.write(greeting(settings, daemon.url, daemon.files))
    stopOnSignals(daemon.stop)
    await daemon.done
    return 0
  } catch (error) {
    say(process.stderr, error instanceof StartError ? error.message : String((error as Error).stack ?? error))
    return 1
  }
}

function greeting({ directory, pattern, output }: Settings, url: string, files: number): string {
  const watched = `  following  ${join(directory, pattern)} (${files === 1 ? '1 file' : `${files} files`})\n`
  const advice =
    files > 0
      ? ''
      : '             none there yet: one that appears is followed from its first line.\n' +
        "             For others name them: logwisp <directory> --pattern '<glob>'\n"
  const copy = output === undefined ? '' : `  copying to ${join(output, 'logwisp.log')}\n`
  return `LogWisp\n${watched}${advice}${copy}  live page  ${url}\n  stop with  Ctrl-C\n`
}

function stopOnSignals(stop: () => void): void {
  const numbers = { SIGINT: 2, SIGTERM: 15 } as const
  let asked = false
  for (const [signal, number] of Object.entries(numbers)) {
    process.on(signal, () => {
      if (asked) process.exit(128 + number)
      asked = true
      say(process.stderr, `${signal}: delivering what was read; again to stop at once`)
      stop()
    })
  }
}

function say(stream: NodeJS.WriteStream, text: string): void {
  stream.write(`logwisp: ${text}\n`)
}
