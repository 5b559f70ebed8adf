/** A script that completes in zsh. */

import type { Completable, CompletableCommand, CompletableKey } from './completable.ts'
import { commandCases, completableText, shellWord } from './shell-word.ts'

/** The script; a file `_logwisp` in a directory of `$fpath`, or sourced after `compinit`. */
export function zshCompletion(commands: readonly CompletableCommand[], keys: readonly CompletableKey[]): string {
  return `#compdef logwisp
# zsh completion for logwisp. Made by \`logwisp completion zsh\`.

_logwisp_keys=(${keys.map(({ path }) => path).join(' ')})

# What may follow a flag of a command.
_logwisp_value() {
  case "$1 $2" in
${commands.flatMap(({ name, flags }) => flags.map((flag) => valueCase(name, flag.names, flag.value))).join('\n')}
    *) return 1 ;;
  esac
}

# What may follow a key of the configuration.
_logwisp_key_value() {
  case "$1" in
${keys.flatMap(({ path, value }) => (value.kind === 'text' ? [] : [`    ${path}) REPLY=${shellWord(completableText(value))} ;;`])).join('\n')}
    *) REPLY=text ;;
  esac
}

# The keys that begin as typed, one segment further; an index stands for any.
_logwisp_segments() {
  local typed=$1 head= tail plain key rest segment
  local -a whole open
  [[ $typed == *.* ]] && head=\${typed%.*}.
  tail=\${\${typed##*.}//-/_}
  plain=\${head//-/_}
  while [[ $plain =~ '^(.*\\.)([1-9][0-9]*)(\\..*)$' ]]; do plain=\${match[1]}0\${match[3]}; done
  for key in $_logwisp_keys; do
    [[ $key == $plain* ]] || continue
    rest=\${key#$plain} segment=\${key#$plain}
    segment=\${segment%%.*}
    if [[ $segment == 0 && $tail == <-> ]]; then segment=$tail rest=$tail.\${rest#*.}; fi
    [[ $segment == $tail* ]] || continue
    if [[ $typed == *-* ]]; then
      [[ $segment == $rest ]] && rest=\${rest//_/-}
      segment=\${segment//_/-}
    fi
    if [[ $segment == $rest ]]; then whole+=(--$head$segment); else open+=(--$head$segment.); fi
  done
  compadd -U -- \${(u)whole}
  compadd -U -S '' -- \${(u)open}
}

_logwisp_complete() {
  case "$1" in
    file) _files ;;
    directory) _files -/ ;;
    words\\ *) compadd -- \${=1#words } ;;
  esac
}

_logwisp() {
  local cur=\${words[CURRENT]} previous=\${words[CURRENT-1]} command= word argument= configured= i REPLY
  local -a flags below match mbegin mend
  if [[ $cur == --*=* ]]; then
    previous=\${cur%%=*}
    compset -P '*='
    cur=\${cur#*=}
  fi
  for ((i = 2; i < CURRENT; i++)); do
    word=\${words[i]}
    case "\${command:+$command }$word" in
${commandCases(commands)}
    esac
  done
  case "$command" in
${commands.map((command) => commandCase(command, commands)).join('\n')}
  esac
  if [[ $previous == -* ]]; then
    if _logwisp_value "$command" "$previous"; then
      if [[ $REPLY != nothing ]]; then _logwisp_complete "$REPLY"; return; fi
    elif [[ -n $configured && $previous == --* && $cur != -* ]]; then
      word=\${\${previous#--}//-/_}
      while [[ $word =~ '^(.*\\.)([1-9][0-9]*)(\\..*)?$' ]]; do word=\${match[1]}0\${match[3]}; done
      _logwisp_key_value "$word"
      _logwisp_complete "$REPLY"
      # A flag that is true or false may stand alone.
      [[ $REPLY == 'words true false' ]] || return
    fi
  fi
  if [[ $cur == -* ]]; then
    _describe -o flag flags
    [[ -n $configured && $cur == --* ]] && _logwisp_segments "\${cur#--}"
    return 0
  fi
  (( \${#below} )) && _describe command below
  _logwisp_complete "$argument"
}

if [[ $funcstack[1] == _logwisp ]]; then _logwisp "$@"; else compdef _logwisp logwisp; fi
`
}

function commandCase(command: CompletableCommand, all: readonly CompletableCommand[]): string {
  const { name, flags, commands, argument, isConfigured } = command
  const described = flags.flatMap(({ names, description }) =>
    names.map((each) => shellWord(`${each}:${escaped(description)}`)),
  )
  const below = commands.map((each) => {
    const path = name === '' ? each : `${name} ${each}`
    return shellWord(`${each}:${escaped(all.find((other) => other.name === path)?.description ?? '')}`)
  })
  return `    ${shellWord(name)})
      flags=(${described.join(' ')})
      below=(${below.join(' ')})
      argument=${shellWord(completableText(argument))} configured=${isConfigured ? 1 : ''} ;;`
}

function valueCase(command: string, names: readonly string[], value: Completable): string {
  return `    ${names.map((name) => shellWord(`${command} ${name}`)).join('|')}) REPLY=${shellWord(completableText(value))} ;;`
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll(':', '\\:')
}
