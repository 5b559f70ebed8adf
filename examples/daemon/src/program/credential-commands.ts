/** The commands that make credentials. */

import type { ProgramParts } from './call.ts'
import { examples } from './help.ts'
import { repeatable } from './repeatable.ts'

/** Adds `hash-password`, `token` and `cert`. */
export function addCredentialCommands(parts: ProgramParts): void {
  const { program, call, end } = parts
  const { terminal } = call
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
      end(await (await import('../commands/hash-password.ts')).hashPasswordCommand(options, terminal)),
    )
  program
    .command('token')
    .description('make a token, and its hash for the configuration')
    .option('--name <name>', 'whose it is', 'client')
    .option('--output <file>', 'write the token to a file of its owner only, instead of showing it')
    .option('--json', 'as JSON')
    .addHelpText('after', examples('logwisp token --name shipper --output shipper.token'))
    .action(async (options) => end(await (await import('../commands/token.ts')).token(options, terminal)))
  addCert(parts)
}

function addCert({ program, call: { terminal }, end }: ProgramParts): void {
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
        .option('--alt <name>', 'another name or address; may be repeated', repeatable)
    }
    command
      .addHelpText('after', examples(...certExamples[kind]))
      .action(async (name: string, options) =>
        end(await (await import('../commands/cert.ts')).cert(kind, name, options, terminal)),
      )
  }
}

const certExamples = {
  ca: ['logwisp cert ca                                      ca.pem and ca.key'],
  server: ['logwisp cert server logs.example --alt 10.0.0.5   logs.example.pem and logs.example.key'],
  client: ['logwisp cert client host-a                        host-a.pem and host-a.key'],
} as const
