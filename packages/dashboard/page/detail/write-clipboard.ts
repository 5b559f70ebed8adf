/** Text to the clipboard. */

/**
 * Resolves once it is there. Browsers give pages that came by plain HTTP from another machine no clipboard; there the old
 * way, by a selection, still works.
 *
 * @throws Error when the browser refuses both.
 */
export async function writeClipboard(text: string): Promise<void> {
  // The DOM's types do not say that it may be missing.
  const clipboard = navigator.clipboard as Clipboard | undefined
  if (clipboard !== undefined) return await clipboard.writeText(text)
  const area = document.createElement('textarea')
  const focused = document.activeElement
  area.value = text
  area.className = 'sr-only'
  document.body.append(area)
  area.select()
  const done = document.execCommand('copy')
  area.remove()
  if (focused instanceof HTMLElement) focused.focus()
  if (!done) throw new Error('the browser gives no access to the clipboard')
}
