/** What can be completed: the program's commands and flags, and the configuration's keys. */

import type { Command } from 'commander'
import { configShape } from '../../config/config-shape.ts'
import { type LeafForm, type Shape, tableOf } from '../../config/shape.ts'

/** What may follow a flag or stand alone. */
export type Completable =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'text' }
  | { readonly kind: 'file' }
  | { readonly kind: 'directory' }
  | { readonly kind: 'words'; readonly words: readonly string[] }

/** A flag, by all its names. */
export interface CompletableFlag {
  readonly names: readonly string[]
  readonly description: string
  readonly value: Completable
}

/** A command, or a command of a command. */
export interface CompletableCommand {
  /** Empty for the program itself; `cert server`. */
  readonly name: string
  readonly description: string
  readonly flags: readonly CompletableFlag[]
  /** The commands below it. */
  readonly commands: readonly string[]
  readonly argument: Completable
  /** Whether keys of the configuration are flags of it. */
  readonly isConfigured: boolean
}

/** A key of the configuration; `0` stands for any index. */
export interface CompletableKey {
  readonly path: string
  readonly value: Completable
}

/** The program and every command of it. */
export function completableCommands(program: Command): readonly CompletableCommand[] {
  return [...commandsBelow(program, [])]
}

/** Every key, sorted. */
export function completableKeys(): readonly CompletableKey[] {
  return [...keysBelow(configShape, [])].sort((a, b) => (a.path < b.path ? -1 : 1))
}

function* commandsBelow(command: Command, path: readonly string[]): Generator<CompletableCommand> {
  const argument = command.registeredArguments[0]
  const flags = command.options.filter(({ hidden, long }) => !hidden && !long?.includes('<'))
  yield {
    name: path.join(' '),
    description: command.description(),
    flags: [
      ...flags.map(({ short, long, description, flags, argChoices, required, optional }) => ({
        names: [long, short].filter((name) => name !== undefined),
        description,
        value: required || optional ? valueFor(flags, argChoices) : ({ kind: 'nothing' } as const),
      })),
      { names: ['--help', '-h'], description: 'print help', value: { kind: 'nothing' } },
    ],
    commands: command.commands.map((child) => child.name()),
    argument: argument === undefined ? { kind: 'nothing' } : valueFor(argument.name(), argument.argChoices),
    isConfigured: flags.some(({ long }) => long === '--config'),
  }
  for (const child of command.commands) yield* commandsBelow(child, [...path, child.name()])
}

/** The word in brackets says what a value is. */
function valueFor(placeholder: string, words: readonly string[] | undefined): Completable {
  if (words !== undefined) return { kind: 'words', words }
  if (/directory/.test(placeholder)) return { kind: 'directory' }
  return { kind: /file|where/.test(placeholder) ? 'file' : 'text' }
}

function* keysBelow(shape: Shape, path: readonly string[]): Generator<CompletableKey> {
  switch (shape.kind) {
    case 'leaf':
      yield { path: path.join('.'), value: valueOfForms(shape.forms, path.at(-1) as string) }
      break
    case 'list':
      yield* keysBelow(shape.item, [...path, '0'])
      break
    case 'choice':
      yield* keysBelow(tableOf(shape, null), path)
      break
    default:
      for (const [key, inner] of shape.keys) yield* keysBelow(inner, [...path, key])
  }
}

function valueOfForms(forms: readonly LeafForm[], name: string): Completable {
  const words = forms.flatMap((form) =>
    form.form === 'words' ? form.words : form.form === 'boolean' ? ['true', 'false'] : [],
  )
  if (words.length > 0) return { kind: 'words', words: [...new Set(words)] }
  if (/(^|_)file$/.test(name)) return { kind: 'file' }
  if (/(^|_)directory$/.test(name)) return { kind: 'directory' }
  return { kind: name === 'path' ? 'file' : 'text' }
}
