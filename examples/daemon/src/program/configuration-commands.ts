/** The commands that have a configuration: running it, and looking at it. */

import type { Command } from 'commander'
import type { ShortCuts } from '../commands/directory-mode.ts'
import type { Invocation } from '../commands/invocation.ts'
import type { ProgramParts } from './call.ts'
import { addConfigurationHelp, addDirectoryMode } from './configuration-options.ts'
import { examples } from './help.ts'
import { invocationOf } from './invocation-of.ts'

/** Adds the program's own action, which is to run, and `run`, `check`, `config`, `explain`, `replay` and `schema`. */
export function addConfigurationCommands(parts: ProgramParts): void {
  const { program, call, end } = parts
  const { terminal } = call

  /** A command with a configuration: a file, or a directory and its short-cuts. */
  const configured = (command: Command, act: (invocation: Invocation, options: never) => Promise<number>): Command =>
    addDirectoryMode(command).action(async (directory: string | undefined, options: ShortCuts) =>
      end(await act(await invocationOf(parts, directory, options), options as never)),
    )

  configured(program, async (invocation) => (await import('../commands/run.ts')).run(invocation, { once: false }))
  configured(
    program
      .command('run')
      .description('run, as without a command')
      .option('--once', 'read what is there, deliver it, and exit')
      .addHelpText('after', examples('logwisp run --once -c logwisp.toml   carry what is there, and exit')),
    async (invocation, { once }: { once?: true }) =>
      (await import('../commands/run.ts')).run(invocation, { once: once === true }),
  )
  configured(
    program
      .command('check')
      .description('say everything that is wrong with a configuration; changes nothing')
      .option('--online', 'connect to the servers that it names, too')
      .option('--offline', 'look no name up')
      .option('--no-ports', 'do not try to open its ports: something may use them now')
      .option('--json', 'as JSON')
      .addHelpText('after', examples('logwisp check -c logwisp.toml --online', 'logwisp check --json | jq .problems')),
    async (invocation, options) => (await import('../commands/check.ts')).check(invocation, options, terminal),
  )
  configured(
    program
      .command('config')
      .description('print the configuration as it is merged, each value with where it came from')
      .option('--diff', 'only what is not the default')
      .option('--toml', 'as a TOML file')
      .option('--json', 'as JSON')
      .option('--save', 'write what flags and variables say into the file, for good')
      .addHelpText(
        'after',
        examples(
          'logwisp config --diff -c logwisp.toml',
          'LOGWISP_LOGGING_LEVEL=debug logwisp config --toml',
          'logwisp config --save --logging.level debug',
        ),
      ),
    async (invocation, options) => (await import('../commands/config.ts')).config(invocation, options, terminal),
  )
  configured(
    program
      .command('explain')
      .description('draw each pipeline, and say what becomes of its lines when something breaks')
      .option('--json', 'as JSON')
      .addHelpText('after', examples('logwisp explain -c logwisp.toml')),
    async (invocation, options) => (await import('../commands/explain.ts')).explain(invocation, options, terminal),
  )
  addConfigurationHelp(
    program
      .command('replay')
      .description('send what was rejected, and kept by `dead_letter`, once more')
      .argument('[sink]', 'pipeline, pipeline/type or pipeline/index; default: the only sink with `dead_letter`')
      .option('--from <directory>', "what to send; default: the sink's own `dead_letter.directory`")
      .option('--count <n>', 'end after n entries; the others stay')
      .option('--list', 'say what is there and why it was rejected; sends nothing')
      .option('--json', 'as JSON')
      .addHelpText(
        'after',
        examples(
          'logwisp replay --list                           why entries were rejected',
          'logwisp replay                                  into the sink that rejected them',
          'logwisp replay app/http_client --count 100      a few, to see whether they are taken now',
          'logwisp replay app/file --from /var/lib/rejected  into a file',
        ),
      ),
  ).action(async (sink: string | undefined, options) => {
    const invocation = await invocationOf(parts, undefined, {})
    end(await (await import('../commands/replay.ts')).replay(sink, options, invocation, terminal))
  })
  program
    .command('schema')
    .description('print the JSON Schema of configurations, for editors')
    .addHelpText('after', examples('logwisp schema > logwisp.schema.json'))
    .action(async () => end(await (await import('../commands/schema.ts')).schema(terminal)))
}
