/** The options of commands that have a configuration, as the help tells them; `config/flags.ts` reads them. */

import { type Command, Option } from 'commander'

/** The configuration's flags that have a place in the help; all others are spelled as the configuration's keys. */
export const configurationOptions: readonly Option[] = [
  new Option('-c, --config <file>', 'the configuration: TOML, YAML or JSON'),
  new Option('-q, --quiet', 'no log of its own'),
  new Option('-b, --background', 'run in the background'),
  new Option('-r, --router', 'paths begin with the name of their pipeline'),
  new Option('--<key> <value>', 'any key of the configuration, e.g. --logging.level debug'),
].map((option) => option.helpGroup('Configuration:'))

/** Adds those of every configuration. */
export function addConfigurationHelp(command: Command): Command {
  for (const option of configurationOptions) command.addOption(option)
  return command
}

/** Adds those too that stand for a configuration of one directory. */
export function addDirectoryMode(command: Command): Command {
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
