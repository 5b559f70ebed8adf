/** The program's commands and flags, and which function each is. */

import { Argument, Command } from 'commander'
import type { Terminal } from '../commands/invocation.ts'
import type { Call, ProgramParts } from './call.ts'
import { addConfigurationCommands } from './configuration-commands.ts'
import { addCredentialCommands } from './credential-commands.ts'
import { examples } from './help.ts'
import { addLiveCommands } from './live-commands.ts'

/** The program without anything behind it: what there is to complete, and to document. */
export function describedProgram(): Command {
  const none = {} as Terminal
  return createProgram({ terminal: none, version: '', words: [], argv: new Map(), configFile: undefined }, () => {})
}

/** All of it, for one call. */
export function createProgram(call: Call, end: (exitCode: number) => void): Command {
  const { terminal } = call
  const program = new Command('logwisp')
    .description('Carries log lines from where they are written to where they are needed, and shows them live.')
    .usage('[directory] [options]\n       logwisp <command> [options]')
    .helpOption('-h, --help', 'print this; with a command, its help')
    .option('-v, --version', 'print the version')
    .helpCommand('help [command]', 'print the help of a command')
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void terminal.stdout.write(text),
      writeErr: (text) => void terminal.stderr.write(text.replace(/^error: /, 'logwisp: ')),
    })
    .showHelpAfterError('(logwisp --help lists what there is)')
    .addHelpText(
      'after',
      `
Examples:
  logwisp                            what ./logwisp.toml says; without one ./*.log, live at http://127.0.0.1:8080/
  logwisp /var/log --pattern '*'     every file in /var/log
  logwisp -c logwisp.toml            the pipelines of a file
  logwisp check -c logwisp.toml      say what is wrong with it, without running it
  logwisp tap http://127.0.0.1:8080  the live stream of a running daemon, in the terminal

Exit codes:
  0  done; stopped by SIGINT or SIGTERM, everything read was delivered
  1  it could not start, or failed
  2  the command line or the configuration is wrong
  3  stopped, and something was not delivered in time
`,
    )
  const parts: ProgramParts = { program, call, end }
  addConfigurationCommands(parts)
  addLiveCommands(parts)
  addCredentialCommands(parts)
  program
    .command('completion')
    .description('print a script that completes commands, flags and keys')
    .addArgument(new Argument('<shell>', 'which shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      examples(
        'bash   source <(logwisp completion bash)                  in ~/.bashrc',
        'zsh    logwisp completion zsh > "${fpath[1]}/_logwisp"',
        'fish   logwisp completion fish > ~/.config/fish/completions/logwisp.fish',
      ),
    )
    .action(async (shell: 'bash' | 'zsh' | 'fish') =>
      end(await (await import('../commands/completion.ts')).completion(shell, describedProgram(), terminal)),
    )
  return program
}
