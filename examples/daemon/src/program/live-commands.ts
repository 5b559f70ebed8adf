/** The commands that look at a running daemon. */

import { logLevels } from '@logwisp/core/entry'
import { type Command, Option } from 'commander'
import type { ProgramParts } from './call.ts'
import { addConfigurationHelp } from './configuration-options.ts'
import { examples } from './help.ts'
import { invocationOf } from './invocation-of.ts'
import { repeatable } from './repeatable.ts'

/** Adds `tap` and `top`. */
export function addLiveCommands(parts: ProgramParts): void {
  const { program, call, end } = parts
  const { terminal } = call
  const tap = program
    .command('tap')
    .description('show a live stream in the terminal')
    .argument('<url>', 'http(s)://…, ws(s)://…, tcp://host:port, or the address of a daemon')
    .option('--pipeline <name>', 'which of the streams of a daemon')
    .option(
      '--grep <pattern>',
      'only lines that match; RE2, (?i) for any case. May be repeated: any of them',
      repeatable,
    )
    .option('--not <pattern>', 'no lines that match; may be repeated', repeatable)
    .addOption(new Option('--level <level>', 'only this level and more urgent ones').choices([...logLevels]))
    .option('--since <time>', 'begin with what came since: 90s, 15m, 2h, 1d, or a time such as 2026-01-31T12:00')
    .option('--backlog <n>', 'begin with the last n lines')
    .option('--count <n>', 'end after n lines')
    .option('--fields [names]', 'show all fields, or those named, with commas between')
    .option('--json', 'one JSON object for each line')
    .option('--color', 'colours, also where it is no terminal')
    .option('--no-color', 'no colours')
  addCredentialOptions(tap)
    .addHelpText(
      'after',
      examples(
        'logwisp tap http://127.0.0.1:8080                     the streams of the daemon there',
        'logwisp tap localhost:8080 --level warn --since 15m   what went wrong lately, and goes wrong',
        "logwisp tap https://logs.example/stream --grep 'time(out|d out)' --token file:token",
        'logwisp tap tcp://127.0.0.1:9090 --count 10',
      ),
    )
    .action(async (url: string, options) => end(await (await import('../commands/tap.ts')).tap(url, options, terminal)))
  const top = program
    .command('top')
    .description('show the rates of a running daemon, stage by stage')
    .argument('[url]', 'its address; default: what the configuration says')
    .option('--interval <seconds>', 'how often to look', '1')
    .option('--once', 'look for one interval, print, and exit')
    .option('--json', 'one JSON object for each look')
  addConfigurationHelp(
    addCredentialOptions(top).addHelpText(
      'after',
      examples('logwisp top', 'logwisp top http://127.0.0.1:8080 --once', 'logwisp top --json | jq .pipelines'),
    ),
  ).action(async (url: string | undefined, options) => {
    const invocation = await invocationOf(parts, undefined, {})
    end(await (await import('../commands/top.ts')).top(url, options, invocation, terminal))
  })
}

/** Who one is for a server that does not answer everybody, and who the server has to be. */
function addCredentialOptions(command: Command): Command {
  return command
    .option('--token <where>', 'a token to show: file:PATH or env:NAME')
    .option('--user <name>', 'a user to show, with --password or a prompt')
    .option('--password <where>', 'file:PATH or env:NAME')
    .option('--ca <file>', "the authority of the server's certificate; PEM")
    .option('--cert <file>', 'a certificate to show; PEM, with --key')
    .option('--key <file>', 'its private key; PEM')
}
