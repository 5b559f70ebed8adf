/** A script that completes in fish. */

import type { Completable, CompletableCommand, CompletableKey } from './completable.ts'
import { completableText } from './shell-word.ts'

/** The script; `~/.config/fish/completions/logwisp.fish`. */
export function fishCompletion(commands: readonly CompletableCommand[], keys: readonly CompletableKey[]): string {
  return `# fish completion for logwisp. Made by \`logwisp completion fish\`.
set -g __logwisp_keys ${keys.map(({ path }) => path).join(' ')}

function __logwisp_value -a command flag -d 'What may follow a flag of a command'
    switch "$command $flag"
${commands.flatMap(({ name, flags }) => flags.map((flag) => valueCase(name, flag.names, flag.value))).join('\n')}
        case '*'
            return 1
    end
end

function __logwisp_key_value -a key -d 'What may follow a key of the configuration'
    switch $key
${keys.flatMap(({ path, value }) => (value.kind === 'text' ? [] : [`        case ${path}\n            echo ${quoted(completableText(value))}`])).join('\n')}
        case '*'
            echo text
    end
end

function __logwisp_segments -a typed -d 'The keys that begin as typed, one segment further; an index stands for any'
    set -l head (string match -r '^.*\\.' -- $typed)
    set -l tail (string replace -a -- - _ (string replace -r '^.*\\.' '' -- $typed))
    set -l plain (string replace -a -- - _ $head | string replace -ra '(?<=\\.)\\d+(?=\\.)' 0)
    set -l length (string length -- "$plain")
    set -l seen
    for key in $__logwisp_keys
        test (string sub -l $length -- $key) = "$plain"; or continue
        set -l rest (string sub -s (math $length + 1) -- $key)
        set -l segment (string split -m 1 . -- $rest)[1]
        if test $segment = 0; and string match -qr '^\\d+$' -- $tail
            set rest $tail.(string split -m 1 . -- $rest)[2]
            set segment $tail
        end
        test $segment = $rest; or set segment $segment.
        string match -q -- '*-*' $typed; and set segment (string replace -a _ - -- $segment)
        contains -- $segment $seen; and continue
        set -a seen $segment
        echo -- "--$head$segment"
    end
end

function __logwisp_complete -a value current -d 'The words of one kind of value'
    switch $value
        case file
            __fish_complete_path $current
        case directory
            __fish_complete_directories $current
        case 'words *'
            string split ' ' -- (string replace 'words ' '' -- $value)
    end
end

function __logwisp_all
    set -l tokens (commandline -opc)
    set -l current (commandline -ct)
    set -l previous $tokens[-1]
    set -l prefix
    if string match -qr '^--[^=]+=' -- $current
        set previous (string replace -r '=.*' '' -- $current)
        set prefix $previous=
        set current (string replace -r '^[^=]*=' '' -- $current)
    end
    set -l command ''
    for word in $tokens[2..-1]
        switch (string trim -- "$command $word")
${commands
  .filter(({ name }) => name !== '')
  .map(({ name }) => `            case ${quoted(name)}\n                set command ${quoted(name)}`)
  .join('\n')}
        end
    end
    set -l configured
    switch $command
${commands.map(({ name, isConfigured }) => `        case ${quoted(name)}\n            ${isConfigured ? 'set configured 1' : 'true'}`).join('\n')}
    end
    if string match -q -- '-*' $previous
        set -l value (__logwisp_value "$command" $previous)
        if test $status -eq 0
            if test $value != nothing
                set -l found (__logwisp_complete $value "$current")
                string replace -r '^' -- "$prefix" $found
                return
            end
        else if test -n "$configured"; and not string match -q -- '-*' $current
            set -l key (string replace -r '^--' '' -- $previous | string replace -a -- - _ | string replace -ra '(?<=\\.)\\d+(?=\\.|$)' 0)
            set -l value (__logwisp_key_value $key)
            set -l found (__logwisp_complete $value "$current")
            string replace -r '^' -- "$prefix" $found
            # A flag that is true or false may stand alone.
            test $value = 'words true false'; or return
        end
    end
    if string match -q -- '-*' $current
        switch $command
${commands.map(flagsCase).join('\n')}
        end
        if test -n "$configured"; and string match -q -- '--*' $current
            __logwisp_segments (string replace -r '^--' '' -- $current)
        end
        return
    end
    switch $command
${commands.map((command) => argumentCase(command, commands)).join('\n')}
    end
end

complete -c logwisp -f -a '(__logwisp_all)'
`
}

function flagsCase({ name, flags }: CompletableCommand): string {
  const lines = flags.flatMap(({ names, description }) => names.map((each) => quoted(`${each}\t${description}`)))
  return `            case ${quoted(name)}\n                printf '%s\\n' ${lines.join(' ')}`
}

function argumentCase({ name, commands, argument }: CompletableCommand, all: readonly CompletableCommand[]): string {
  const lines = commands.map((each) => {
    const path = name === '' ? each : `${name} ${each}`
    return quoted(`${each}\t${all.find((other) => other.name === path)?.description ?? ''}`)
  })
  const below = lines.length === 0 ? [] : [`            printf '%s\\n' ${lines.join(' ')}`]
  return [
    `        case ${quoted(name)}`,
    ...below,
    `            __logwisp_complete ${quoted(completableText(argument))} "$current"`,
  ].join('\n')
}

function valueCase(command: string, names: readonly string[], value: Completable): string {
  return `        case ${names.map((name) => quoted(`${command} ${name}`)).join(' ')}\n            echo ${quoted(completableText(value))}`
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
