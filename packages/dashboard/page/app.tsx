/** The page: what stands where, and who gets what. */

import type { ReactElement } from 'react'
import { useView } from './view-state.ts'

export function App(): ReactElement {
  const { view } = useView()
  return <main>{view.query}</main>
}
