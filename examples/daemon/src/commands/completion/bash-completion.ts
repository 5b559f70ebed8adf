/** A script that completes in bash, 4 and later. */

import type { Completable, CompletableCommand, CompletableKey } from './completable.ts'
import { commandCases, completableText, shellWord } from './shell-word.ts'

/** The script; `source <(logwisp completion bash)`. */
export function bashCompletion(commands: readonly CompletableCommand[], keys: readonly CompletableKey[]): string {
  return `# bash completion for logwisp. Made by \`logwisp completion bash\`.
_logwisp_keys='${keys.map(({ path }) => path).join(' ')}'

# What may follow a flag of a command.
_logwisp_value() {
  case "$1 $2" in
${commands.flatMap(({ name, flags }) => flags.flatMap((flag) => valueCases(name, flag.names, flag.value))).join('\n')}
    *) return 1 ;;
  esac
}

# What may follow a key of the configuration.
_logwisp_key_value() {
  case "$1" in
${keys.flatMap(({ path, value }) => caseOf(path, value)).join('\n')}
    *) echo text ;;
  esac
}

# The keys that begin as typed, one segment further; an index stands for any.
_logwisp_segments() {
  local typed=$1 head tail plain= part key rest segment last=
  head=\${typed%"\${typed##*.}"} tail=\${typed##*.}
  tail=\${tail//-/_}
  local IFS=.
  for part in $head; do
    [[ $part =~ ^[0-9]+$ ]] && part=0
    plain+=\${part//-/_}.
  done
  IFS=' '
  for key in $_logwisp_keys; do
    [[ $key == "$plain"* ]] || continue
    rest=\${key#"$plain"} segment=\${rest%%.*}
    if [[ $segment == 0 && $tail =~ ^[0-9]+$ ]]; then segment=$tail rest=$tail.\${rest#*.}; fi
    [[ $segment == "$tail"* ]] || continue
    [[ $typed == *-* ]] && { [[ $segment == "$rest" ]] && rest=\${rest//_/-}; segment=\${segment//_/-}; }
    [[ $segment == "$rest" ]] || segment+=.
    [[ $segment == "$last" ]] && continue
    last=$segment
    COMPREPLY+=("--$head$segment")
  done
}

_logwisp_complete() {
  case "$1" in
    file) compopt -o filenames; mapfile -t -O "\${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$cur") ;;
    directory) compopt -o filenames; mapfile -t -O "\${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$cur") ;;
    words\\ *) mapfile -t -O "\${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "\${1#words }" -- "$cur") ;;
  esac
}

_logwisp() {
  COMPREPLY=()
  local cur=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command= word value flags= argument= below= configured= i
  # Readline takes \`=\` for a word of its own.
  if [[ $cur == = ]]; then cur=
  elif [[ $previous == = ]]; then previous=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case "\${command:+$command }$word" in
${commandCases(commands)}
    esac
  done
  case "$command" in
${commands.map(commandCase).join('\n')}
  esac
  if [[ $previous == -* ]]; then
    if value=$(_logwisp_value "$command" "$previous"); then
      if [[ $value != nothing ]]; then _logwisp_complete "$value"; return; fi
    elif [[ -n $configured && $previous == --*  && $cur != -* ]]; then
      word=\${previous#--} word=\${word//-/_}
      while [[ $word =~ ^(.*\\.)([1-9][0-9]*)(\\..*)?$ ]]; do word=\${BASH_REMATCH[1]}0\${BASH_REMATCH[3]}; done
      value=$(_logwisp_key_value "$word")
      _logwisp_complete "$value"
      # A flag that is true or false may stand alone.
      [[ $value == 'words true false' ]] || return
    fi
  fi
  if [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$cur")
    if [[ -n $configured && $cur == --* ]]; then
      _logwisp_segments "\${cur#--}"
      [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *. ]] && compopt -o nospace
    fi
    return
  fi
  _logwisp_complete "$argument"
  [[ -n $below ]] && mapfile -t -O "\${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$below" -- "$cur")
}

complete -F _logwisp logwisp
`
}

function commandCase({ name, flags, commands, argument, isConfigured }: CompletableCommand): string {
  const names = flags.flatMap((flag) => flag.names)
  return `    ${shellWord(name)}) flags=${shellWord(names.join(' '))} below=${shellWord(commands.join(' '))} argument=${shellWord(completableText(argument))} configured=${isConfigured ? 1 : ''} ;;`
}

function valueCases(command: string, names: readonly string[], value: Completable): readonly string[] {
  return [
    `    ${names.map((name) => shellWord(`${command} ${name}`)).join(' | ')}) echo ${shellWord(completableText(value))} ;;`,
  ]
}

function caseOf(path: string, value: Completable): readonly string[] {
  return value.kind === 'text' ? [] : [`    ${path}) echo ${shellWord(completableText(value))} ;;`]
}
