/**
 * Text as it may be shown: nothing in it can move, hide or colour what stands around it.
 *
 * Control characters become their pictures (␀), characters that nobody sees or that turn the direction of writing become
 * their number (‹U+202E›), terminal colours are left out. Whoever copies a line gets it as it came.
 */

/** SGR: what programs write for colours when they think they have a terminal. */
const terminalColour = /\u001b\[[0-9;:]*m/g
/** All but tab, line feed, and the joiners without which some scripts and emoji fall apart. */
const unseen = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

/** @param {string} text @returns {string} */
export function visibleText(text) {
  return text.replace(terminalColour, '').replace(unseen, pictureOf)
}

/** The same on one line. @param {string} text @returns {string} */
export function visibleOnOneLine(text) {
  return visibleText(text).replace(/\n/g, '↵')
}

function pictureOf(character) {
  const code = character.charCodeAt(0)
  if (code < 0x20) return String.fromCharCode(0x2400 + code)
  if (code === 0x7f) return '␡'
  return `‹U+${code.toString(16).toUpperCase().padStart(4, '0')}›`
}
