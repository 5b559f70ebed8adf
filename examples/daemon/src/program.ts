/** The program's commands and flags, and which function each is. */

import { resolve } from 'node:path'
import { logLevels } from '@logwisp/core/entry'
import { Argument, Command, CommanderError, Option } from 'commander'
import { NoStatus } from './commands/daemon-status.ts'
import { type ShortCuts, shortCutOf, whyNoDirectory, withShortCuts } from './commands/directory-mode.ts'
import type { Invocation, Terminal } from './commands/invocation.ts'
import { ownVersion } from './commands/own-version.ts'
import { Interrupted } from './commands/terminal/ask-secret.ts'
import { print } from './commands/terminal/print.ts'
import { UsageError } from './commands/usage-error.ts'
import { findFile } from './config/find-file.ts'
import { ConfigError, problemText } from './config/loaded-config.ts'
import { suggest } from './config/suggest.ts'
import { exitCodes } from './exit-codes.ts'
import { StartError } from './service/start-error.ts'

/** These take no configuration: their flags are theirs alone. */
const withoutConfiguration: ReadonlySet<string> = new Set([
  'schema',
  'tap',
  'hash-password',
  'token',
  'cert',
  'completion',
  'help',
])

/** The configuration's flags that have a place in the help; all others are spelled as the configuration's keys. */
const inHelp = [
  new Option('-c, --config <file>', 'the configuration: TOML, YAML or JSON'),
  new Option('-q, --quiet', 'no log of its own'),
  new Option('-b, --background', 'run in the background'),
  new Option('-r, --router', 'paths begin with the name of their pipeline'),
  new Option('--<key> <value>', 'any key of the configuration, e.g. --logging.level debug'),
].map((option) => option.helpGroup('Configuration:'))

/**
 * Runs the program with the words after its name. Resolves with its exit code; has said what there was to say.
 *
 * `--help` anywhere prints help and `--version` the version, at once, whatever else is there.
 */
export async function main(words: readonly string[], terminal: Terminal = process): Promise<number> {
  const version = await ownVersion()
  const complain = (text: string): Promise<void> => print(terminal.stderr, `logwisp: ${text}\n`)
  let exitCode: number = exitCodes.ok
  const call: Call = { terminal, version, words, argv: new Map(), configFile: undefined }
  const program = createProgram(call, (code) => {
    exitCode = code
  })
  try {
    const asked = words.slice(0, words.includes('--') ? words.indexOf('--') : undefined)
    const first = asked.find((word) => ['-h', '--help', '-v', '--version'].includes(word))
    if (first === '-v' || first === '--version') {
      await print(terminal.stdout, `${version}\n`)
      return exitCode
    }
    if (first !== undefined) {
      await print(terminal.stdout, helpOf(commandOf(program, asked)))
      return exitCode
    }
    let rest = words
    if (!withoutConfiguration.has(words[0] ?? '')) {
      // It knows every key of the configuration, which takes a while to learn.
      const { readFlags } = await import('./config/flags.ts')
      const flags = readFlags(words, flagsOf(program))
      if (flags.problems.length > 0) throw new ConfigError(flags.problems)
      rest = flags.rest
      call.argv = flags.values
      call.configFile = flags.configFile
    }
    await program.parseAsync([...rest], { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) {
      // It has printed what is wrong.
      return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
    }
    if (error instanceof ConfigError) {
      for (const problem of error.problems) await complain(problemText(problem))
      return exitCodes.usage
    }
    const known = error instanceof UsageError
    if (error instanceof Interrupted) return 130
    await complain(known || isExpected(error) ? (error as Error).message : String((error as Error).stack ?? error))
    if (known) await complain('--help lists what there is')
    return known ? exitCodes.usage : exitCodes.failed
  }
}

/** The program without anything behind it: what there is to complete, and to document. */
export function describedProgram(): Command {
  const none = {} as Terminal
  return createProgram({ terminal: none, version: '', words: [], argv: new Map(), configFile: undefined }, () => {})
}

/** What was read of the command line before commander sees it. */
interface Call {
  readonly terminal: Terminal
  readonly version: string
  readonly words: readonly string[]
  argv: ReadonlyMap<string, string | true>
  configFile: string | undefined
}

function createProgram(call: Call, end: (exitCode: number) => void): Command {
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

  /** A command with a configuration: a file, or a directory and its short-cuts. */
  const configured = (command: Command, act: (invocation: Invocation, options: never) => Promise<number>): Command =>
    addDirectoryMode(command).action(async (directory: string | undefined, options: ShortCuts) =>
      end(await act(await invocationOf(call, directory, options), options as never)),
    )

  configured(program, async (invocation) => (await import('./commands/run.ts')).run(invocation, { once: false }))
  configured(
    program
      .command('run')
      .description('run, as without a command')
      .option('--once', 'read what is there, deliver it, and exit')
      .addHelpText('after', examples('logwisp run --once -c logwisp.toml   carry what is there, and exit')),
    async (invocation, { once }: { once?: true }) =>
      (await import('./commands/run.ts')).run(invocation, { once: once === true }),
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
    async (invocation, options) => (await import('./commands/check.ts')).check(invocation, options, terminal),
  )
  configured(
    program
      .command('config')
      .description('print the configuration as it is merged, each value with where it came from')
      .option('--diff', 'only what is not the default')
      .option('--toml', 'as a TOML file')
      .option('--json', 'as JSON')
      .addHelpText(
        'after',
        examples('logwisp config --diff -c logwisp.toml', 'LOGWISP_LOGGING_LEVEL=debug logwisp config --toml'),
      ),
    async (invocation, options) => (await import('./commands/config.ts')).config(invocation, options, terminal),
  )
  configured(
    program
      .command('explain')
      .description('draw each pipeline, and say what becomes of its lines when something breaks')
      .option('--json', 'as JSON')
      .addHelpText('after', examples('logwisp explain -c logwisp.toml')),
    async (invocation, options) => (await import('./commands/explain.ts')).explain(invocation, options, terminal),
  )
  program
    .command('schema')
    .description('print the JSON Schema of configurations, for editors')
    .addHelpText('after', examples('logwisp schema > logwisp.schema.json'))
    .action(async () => end(await (await import('./commands/schema.ts')).schema(terminal)))
  program
    .command('tap')
    .description('show a live stream in the terminal')
    .argument('<url>', 'http(s)://…, ws(s)://…, tcp://host:port, or the address of a daemon')
    .option('--pipeline <name>', 'which of the streams of a daemon')
    .option('--grep <pattern>', 'only lines that match; RE2, (?i) for any case. May be repeated: any of them', list)
    .option('--not <pattern>', 'no lines that match; may be repeated', list)
    .addOption(new Option('--level <level>', 'only this level and more urgent ones').choices([...logLevels]))
    .option('--since <time>', 'begin with what came since: 90s, 15m, 2h, 1d, or a time such as 2026-01-31T12:00')
    .option('--backlog <n>', 'begin with the last n lines')
    .option('--count <n>', 'end after n lines')
    .option('--fields [names]', 'show all fields, or those named, with commas between')
    .option('--json', 'one JSON object for each line')
    .option('--color', 'colours, also where it is no terminal')
    .option('--no-color', 'no colours')
    .option('--token <where>', 'a token to show: file:PATH or env:NAME')
    .option('--user <name>', 'a user to show, with --password or a prompt')
    .option('--password <where>', 'file:PATH or env:NAME')
    .option('--ca <file>', "the authority of the server's certificate; PEM")
    .option('--cert <file>', 'a certificate to show; PEM, with --key')
    .option('--key <file>', 'its private key; PEM')
    .addHelpText(
      'after',
      examples(
        'logwisp tap http://127.0.0.1:8080                     the streams of the daemon there',
        'logwisp tap localhost:8080 --level warn --since 15m   what went wrong lately, and goes wrong',
        "logwisp tap https://logs.example/stream --grep 'time(out|d out)' --token file:token",
        'logwisp tap tcp://127.0.0.1:9090 --count 10',
      ),
    )
    .action(async (url: string, options) => end(await (await import('./commands/tap.ts')).tap(url, options, terminal)))
  addConfigurationHelp(
    program
      .command('top')
      .description('show the rates of a running daemon, stage by stage')
      .argument('[url]', 'its address; default: what the configuration says')
      .option('--interval <seconds>', 'how often to look', '1')
      .option('--once', 'look for one interval, print, and exit')
      .option('--json', 'one JSON object for each look')
      .option('--token <where>', 'a token to show: file:PATH or env:NAME')
      .option('--user <name>', 'a user to show, with --password or a prompt')
      .option('--password <where>', 'file:PATH or env:NAME')
      .option('--ca <file>', "the authority of the server's certificate; PEM")
      .option('--cert <file>', 'a certificate to show; PEM, with --key')
      .option('--key <file>', 'its private key; PEM')
      .addHelpText(
        'after',
        examples('logwisp top', 'logwisp top http://127.0.0.1:8080 --once', 'logwisp top --json | jq .pipelines'),
      ),
  ).action(async (url: string | undefined, options) => {
    const invocation = await invocationOf(call, undefined, {})
    end(await (await import('./commands/top.ts')).top(url, options, invocation, terminal))
  })
  program
    .command('hash-password')
    .description('make the hash of a password, for `password_hash`')
    .option('--user <name>', 'print the line of a users file')
    .addHelpText(
      'after',
      examples(
        'logwisp hash-password                           asks for it, and does not show it',
        'logwisp hash-password --user ann >> users      for `users_file`',
        'printf %s "$PASSWORD" | logwisp hash-password',
      ),
    )
    .action(async (options) =>
      end(await (await import('./commands/hash-password.ts')).hashPasswordCommand(options, terminal)),
    )
  program
    .command('token')
    .description('make a token, and its hash for the configuration')
    .option('--name <name>', 'whose it is', 'client')
    .option('--output <file>', 'write the token to a file of its owner only, instead of showing it')
    .option('--json', 'as JSON')
    .addHelpText('after', examples('logwisp token --name shipper --output shipper.token'))
    .action(async (options) => end(await (await import('./commands/token.ts')).token(options, terminal)))
  addCert(program, terminal, end)
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
      end(await (await import('./commands/completion.ts')).completion(shell, describedProgram(), terminal)),
    )
  return program
}

function addCert(program: Command, terminal: Terminal, end: (exitCode: number) => void): void {
  const cert = program.command('cert').description('make certificates: an authority, and those that it signs')
  for (const [kind, description] of [
    ['ca', 'an authority: its certificate, and the key that it signs with'],
    ['server', 'the certificate of a server'],
    ['client', 'the certificate of a client, for `auth.type = "mtls"`'],
  ] as const) {
    const command = cert
      .command(kind)
      .description(description)
      .option('--directory <path>', 'where to write', '.')
      .option('--days <n>', 'how long it is good', kind === 'ca' ? '3650' : '365')
      .option('--force', 'replace files that are there')
    if (kind === 'ca') command.argument('[name]', 'its name', 'LogWisp CA')
    else {
      command
        .argument('<name>', kind === 'server' ? "the server's name or address" : "the client's name")
        .option('--ca <file>', "the authority's certificate", 'ca.pem')
        .option('--ca-key <file>', 'its key', 'ca.key')
        .option('--alt <name>', 'another name or address; may be repeated', list)
    }
    command
      .addHelpText('after', examples(...certExamples[kind]))
      .action(async (name: string, options) =>
        end(await (await import('./commands/cert.ts')).cert(kind, name, options, terminal)),
      )
  }
}

const certExamples = {
  ca: ['logwisp cert ca                                      ca.pem and ca.key'],
  server: ['logwisp cert server logs.example --alt 10.0.0.5   logs.example.pem and logs.example.key'],
  client: ['logwisp cert client host-a                        host-a.pem and host-a.key'],
} as const

function addConfigurationHelp(command: Command): Command {
  for (const option of inHelp) command.addOption(option)
  return command
}

function addDirectoryMode(command: Command): Command {
  const group = 'Without a configuration file:'
  command.argument('[directory]', 'the directory whose files are followed, without a configuration file')
  for (const option of [
    new Option('-p, --port <number>', 'port to listen on; 0 for any free one. Default: 8080'),
    new Option('--host <address>', 'address to listen on. Default: 127.0.0.1'),
    new Option('--pattern <glob>', 'which files to follow. Default: *.log'),
    new Option('--from-beginning', 'read files that were never followed before from their beginning'),
    new Option('--output <directory>', 'also copy the lines into <directory>/logwisp.log, rotated'),
    new Option('--state-dir <directory>', 'where positions are kept between runs'),
  ]) {
    command.addOption(option.helpGroup(group))
  }
  return addConfigurationHelp(command)
}

async function invocationOf(call: Call, typed: string | undefined, shortCuts: ShortCuts): Promise<Invocation> {
  const { argv, configFile, version, words } = call
  const environment = process.env
  const cwd = process.cwd()
  const shortCut = shortCutOf(shortCuts)
  if (typed !== undefined && configFile !== undefined) {
    throw new UsageError(`\`${typed}\` and --config ${configFile}: give a directory, or a configuration file, not both`)
  }
  if (typed === undefined && shortCut !== undefined) {
    const file = await findFile({ configFile, environment, cwd })
    if (file !== undefined) {
      throw new UsageError(
        `${shortCut} is for following a directory, and ${file} is the configuration: name the directory, or say ` +
          'which value you mean, e.g. --pipelines.0.sinks.0.options.port',
      )
    }
  }
  let directory: string | undefined
  if (typed !== undefined || shortCut !== undefined) {
    directory = resolve(cwd, typed ?? '.')
    const why = await whyNoDirectory(directory)
    if (why !== undefined) throw new UsageError(`${why}${typed === undefined ? '' : commandLike(typed)}`)
  }
  return { argv: withShortCuts(argv, shortCuts, cwd), configFile, directory, environment, cwd, version, words }
}

/** A directory that is not there may be a command that was misspelled. */
function commandLike(word: string): string {
  const name = suggest(
    word,
    describedProgram().commands.map((command) => command.name()),
  )
  return name === undefined ? '' : `. Did you mean the command \`${name}\`?`
}

/** Every flag of every command, and whether it takes a value. */
function flagsOf(program: Command): ReadonlyMap<string, boolean> {
  const flags = new Map<string, boolean>()
  const add = (command: Command): void => {
    for (const { short, long, required, optional } of command.options) {
      for (const name of [short, long]) if (name) flags.set(name, required || optional)
    }
    for (const child of command.commands) add(child)
  }
  add(program)
  for (const { short, long } of inHelp) for (const name of [short, long]) if (name) flags.delete(name)
  return flags
}

/** The command that the words name, as deep as they do. */
function commandOf(program: Command, words: readonly string[]): Command {
  const names = words.filter((word) => !word.startsWith('-'))
  const found = program.commands.find((command) => names.includes(command.name()))
  if (found === undefined) return program
  return found.commands.find((command) => names.includes(command.name())) ?? found
}

/** A command's help with everything that is printed behind it. */
function helpOf(command: Command): string {
  let text = ''
  const { writeOut } = command.configureOutput()
  command.configureOutput({ writeOut: (more) => (text += more) })
  command.outputHelp()
  command.configureOutput({ ...(writeOut && { writeOut }) })
  return text
}

function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}\n`
}

function list(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}

/** Whether an error is about the outside and says all there is: no stack trace is wanted. */
function isExpected(error: unknown): boolean {
  if (error instanceof StartError || error instanceof NoStatus) return true
  return typeof (error as { code?: unknown } | undefined)?.code === 'string'
}
