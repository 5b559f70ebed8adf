/** The page: which pipelines there are, how each is, and the live lines of the chosen one. */

import { credentials, forgetToken, useToken } from './credentials.js'
import { element } from './element.js'
import { Keyboard } from './keyboard.js'
import { PipelineList } from './pipeline-list.js'
import { addressOf, homeAddress, onlyPipeline, readChoice, statusAddress, writeChoice } from './place.js'
import { readableBytes, readableDuration, readableRate } from './readable-number.js'
import { StageTables } from './stage-tables.js'
import { pollStatus } from './status-poll.js'
import { Tail } from './tail.js'

const list = new PipelineList(element('pipeline-list'))
const tables = new StageTables(element('stages'))
const tail = new Tail({ headers: credentials, onRefused: askWho, onFilter: remember })
/** @type {{ name: string, stream: string | undefined } | undefined} */
let chosen
/** The last status, and when it came. @type {{ status: any, at: number } | undefined} */
let latest

element('home').href = homeAddress.href
tail.filter = readChoice()

const askNow = pollStatus(statusAddress, {
  headers: credentials,
  onStatus: (status, at) => {
    tell(undefined)
    latest = { status, at }
    // Some other server's status, or that of a sink alone: its stream is where it usually is.
    if (status.pipelines === undefined) choose(onlyPipeline ?? '', usualStream())
    else show()
  },
  onTrouble: (text, status) => {
    // Who may read lines need not be one who may see figures.
    if (status !== undefined && status >= 400 && status < 500) {
      choose(onlyPipeline ?? '', usualStream())
      tell(
        status === 401 || status === 403 ? 'The figures of the pipelines are for those who may see the status.' : text,
      )
    } else tell(text)
  },
})

function show() {
  const { status, at } = /** @type {NonNullable<typeof latest>} */ (latest)
  showService(status)
  const figures = list.show(status, at)
  const none = element('no-pipelines')
  none.hidden = figures.size > 0
  none.textContent = none.hidden
    ? ''
    : 'There is no pipeline on this port that you may see. Those that need a name or a token are at /<pipeline>/.'
  const wanted = readChoice().pipeline
  const now =
    figures.get(onlyPipeline ?? wanted) ??
    [...figures.values()].find(({ stream }) => stream !== undefined) ??
    figures.values().next().value
  if (now === undefined) return choose(onlyPipeline ?? '', undefined)
  choose(now.name, now.stream === undefined ? undefined : addressOf(now.stream).href, now.isLive)
  list.mark(now.name)
  const summary = `${now.name} ${now.state} · in ${readableRate(now.inPerSecond)} · out ${readableRate(now.outPerSecond)}`
  if (element('chosen-summary').textContent !== summary) element('chosen-summary').textContent = summary
  if (!element('stages').hidden) tables.show(status.pipelines[now.name], at)
}

function showService({ version, state, uptime_seconds: uptime, memory, last_reload: reload }) {
  const parts = [version, state, `up ${readableDuration(uptime)}`]
  // Not for everybody.
  if (memory !== undefined) parts.push(readableBytes(memory.rss_bytes))
  if (reload?.result === 'refused') parts.push(`the changed configuration was refused: ${reload.error}`)
  const text = parts.join(' · ')
  if (element('service').textContent !== text) element('service').textContent = text
}

/**
 * @param {string} name
 * @param {string | undefined} stream
 * @param {boolean} isElsewhere Without a stream: whether there is one that others may read.
 */
function choose(name, stream, isElsewhere = false) {
  if (chosen?.name === name && chosen.stream === stream) return
  chosen = { name, stream }
  element('chosen').textContent = name === '' ? 'Lines' : name
  document.title = name === '' ? 'LogWisp' : `${name} · LogWisp`
  element('sign-in').hidden = true
  tail.open(stream === undefined ? undefined : new URL(stream))
  if (stream === undefined && isElsewhere)
    offerSignIn('The lines of this pipeline are on another port, or not for everybody. If you have a token, sign in:')
}

function usualStream() {
  return new URL('stream', statusAddress).href
}

function remember() {
  writeChoice({ pipeline: readChoice().pipeline, ...tail.filter })
}

function tell(text) {
  const place = element('trouble')
  if (text === undefined) place.hidden = true
  else if (place.hidden || place.textContent !== text) {
    place.textContent = text
    place.hidden = false
  }
}

/** @param {number} status 401 or 403 */
function askWho(status) {
  const hadToken = 'Authorization' in credentials()
  forgetToken()
  offerSignIn(
    status === 403
      ? 'You may not read the lines of this pipeline: your name or token has no right to its stream.'
      : hadToken
        ? 'That token is not known here.'
        : 'This pipeline is not for everybody: sign in with a token, or reload the page to be asked for a name and a password.',
  )
}

function offerSignIn(text) {
  element('sign-in-text').textContent = text
  element('sign-in').hidden = false
}

element('sign-in').addEventListener('submit', (event) => {
  event.preventDefault()
  useToken(element('token').value)
  element('token').value = ''
  element('sign-in').hidden = true
  askNow()
  tail.retry()
})

function toggleStages() {
  const stages = element('stages')
  stages.hidden = !stages.hidden
  tail.setShown(stages.hidden)
  element('stages-button').ariaPressed = String(!stages.hidden)
  if (latest?.status.pipelines !== undefined) show()
}

const help = element('help')
const keyboard = new Keyboard({
  ...tail.actions,
  s: toggleStages,
  '?': () => help.showModal(),
})
element('keys-on').checked = keyboard.isOn
element('keys-on').addEventListener('change', () => {
  keyboard.isOn = element('keys-on').checked
})
element('help-button').addEventListener('click', () => help.showModal())
element('stages-button').addEventListener('click', toggleStages)

addEventListener('hashchange', () => {
  tail.filter = readChoice()
  if (latest?.status.pipelines !== undefined) show()
})

// Beside the lines there is room for the pipelines; above them they are folded.
const isWide = matchMedia('(min-width: 60rem)')
const fold = () => {
  element('pipelines').open = isWide.matches
}
isWide.addEventListener('change', fold)
fold()
