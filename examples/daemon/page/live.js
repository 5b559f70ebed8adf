/**
 * The live page: shows the stream of entries that `/stream` gives, newest at the bottom.
 *
 * What it holds is bounded: rows in the page, and entries waiting for the next frame. Pausing closes the stream, and
 * going on asks for what came after the last entry seen, so that nothing piles up in the meantime.
 */

/** Rows kept in the page; older ones are taken out. */
const maxRows = 2000
/** Entries that may wait for the next frame (a tab in the background has none); over that the oldest go. */
const maxWaiting = 2000
/** Lines from before the page was opened that are shown at first, as many as the server still has. */
const backlog = 200
/** How long typing must rest before the stream is opened anew with the new filter. */
const typingRestMs = 300
/** How near to its end the log must be scrolled to be kept there, in pixels. */
const nearEnd = 40

/** Times are shown in the reader's own zone. */
const clock = new Intl.DateTimeFormat([], {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
  hourCycle: 'h23',
})

const element = (id) => document.getElementById(id)
const log = element('log')
const state = element('state')
const follow = element('follow')
const pause = element('pause')
const match = element('match')
const matchError = element('match-error')

let stream
let lastId
/** Of the entries that came last, in their order. */
const ids = new Set()
let waiting = []
let skipped = 0
let shown = 0
let framed = false
let following = true

function setState(name, text) {
  state.dataset.state = name
  element('state-text').textContent = text
}

function address() {
  const query = new URLSearchParams()
  if (element('level').value !== '') query.set('level', element('level').value)
  if (match.value !== '') query.set('match', match.value)
  if (lastId === undefined) query.set('backlog', backlog)
  else query.set('lastEventId', lastId)
  return `stream?${query}`
}

function open() {
  stream?.close()
  setState('connecting', 'connecting')
  stream = new EventSource(address())
  stream.onopen = () => setState('live', 'live')
  stream.onerror = () => {
    if (stream.readyState === EventSource.CLOSED) refused()
    else setState('lost', 'connection lost, trying again')
  }
  stream.onmessage = ({ data, lastEventId }) => {
    lastId = lastEventId
    if (isRepeated(lastEventId)) return
    add(JSON.parse(data))
  }
  stream.addEventListener('dropped', ({ data }) => add({ gap: JSON.parse(data) }))
  stream.addEventListener('end', () => setState('lost', 'LogWisp has stopped, waiting for it'))
}

/** The server answered, yet with no stream: it says why, which EventSource cannot read. */
async function refused() {
  setState('lost', 'refused')
  try {
    const stop = new AbortController()
    const answer = await fetch(address(), { signal: stop.signal })
    if (answer.ok) {
      stop.abort()
      setTimeout(open, 1000)
      return
    }
    const { message } = await answer.json()
    matchError.textContent = message
    matchError.hidden = false
    match.setAttribute('aria-invalid', 'true')
  } catch {
    setState('lost', 'connection lost, trying again')
    setTimeout(open, 2000)
  }
}

/** After a crash the lines that were read last are read once more, with the ids that they had. */
function isRepeated(id) {
  if (ids.has(id)) return true
  ids.add(id)
  if (ids.size > maxRows) ids.delete(ids.values().next().value)
  return false
}

function add(item) {
  waiting.push(item)
  if (waiting.length > maxWaiting) {
    waiting.shift()
    skipped++
  }
  if (framed) return
  framed = true
  requestAnimationFrame(render)
}

function render() {
  framed = false
  element('empty')?.remove()
  const rows = document.createDocumentFragment()
  if (skipped > 0) rows.append(gapRow(`${skipped} lines came faster than they could be shown`))
  for (const item of waiting) rows.append(item.gap === undefined ? entryRow(item) : gapRow(gapText(item.gap)))
  shown += waiting.length + skipped
  waiting = []
  skipped = 0
  log.append(rows)
  while (log.childElementCount > maxRows) log.firstElementChild.remove()
  if (following) log.scrollTop = log.scrollHeight
  follow.hidden = following
  element('shown').textContent = shown.toLocaleString()
}

function gapText({ entries, reason }) {
  // What the old one had not shown, the new one reads: nothing is known to be missing.
  if (reason === 'restarted') return 'LogWisp was started anew here'
  return entries === null ? 'some lines are missing here' : `${entries.toLocaleString()} lines are missing here`
}

function gapRow(text) {
  const row = document.createElement('p')
  row.className = 'gap'
  row.textContent = text
  return row
}

/** Everything from an entry goes in as text, never as markup. */
function entryRow({ time, level, source, message, fields }) {
  const row = document.createElement('div')
  row.className = level === undefined ? 'row' : `row ${level}`
  const when = document.createElement('time')
  when.dateTime = time
  when.title = time
  when.textContent = clock.format(new Date(time))
  const text = document.createElement('p')
  text.className = 'message'
  text.textContent = fields === undefined ? message : `${message} ${JSON.stringify(fields)}`
  row.append(when, span('level', level ?? ''), span('source', source.split('/').at(-1), source), text)
  return row
}

function span(className, text, title = '') {
  const made = document.createElement('span')
  made.className = className
  made.textContent = text
  made.title = title
  return made
}

function clear() {
  waiting = []
  skipped = 0
  shown = 0
  log.replaceChildren()
  element('shown').textContent = '0'
}

/** A new filter: what is shown no longer fits it, and neither does the place that was reached. */
function refilter() {
  matchError.hidden = true
  match.removeAttribute('aria-invalid')
  lastId = undefined
  ids.clear()
  clear()
  if (!paused()) open()
}

const paused = () => pause.getAttribute('aria-pressed') === 'true'

function togglePause() {
  const now = !paused()
  pause.setAttribute('aria-pressed', String(now))
  pause.textContent = now ? 'Go on' : 'Pause'
  if (!now) return open()
  stream.close()
  setState('paused', 'paused')
}

let typing
element('filter').addEventListener('submit', (event) => event.preventDefault())
element('level').addEventListener('change', refilter)
match.addEventListener('input', () => {
  clearTimeout(typing)
  typing = setTimeout(refilter, typingRestMs)
})
pause.addEventListener('click', togglePause)
element('clear').addEventListener('click', clear)
element('wrap').addEventListener('click', ({ currentTarget }) => {
  const wraps = log.classList.toggle('no-wrap') === false
  currentTarget.setAttribute('aria-pressed', String(wraps))
})
log.addEventListener('scroll', () => {
  following = log.scrollHeight - log.scrollTop - log.clientHeight < nearEnd
  follow.hidden = following
})
follow.addEventListener('click', () => {
  following = true
  follow.hidden = true
  log.scrollTop = log.scrollHeight
})
document.addEventListener('keydown', (event) => {
  if (event.key !== ' ' || event.target instanceof HTMLInputElement || event.target instanceof HTMLButtonElement) return
  event.preventDefault()
  togglePause()
})

let shownBefore = 0
setInterval(() => {
  element('rate').textContent = shown > shownBefore ? ` · ${shown - shownBefore}/s` : ''
  shownBefore = shown
}, 1000)

open()
