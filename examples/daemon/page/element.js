/** The element of the page with this id; that it is there is the page's own promise. @param {string} id @returns {any} */
export function element(id) {
  return document.getElementById(id)
}
