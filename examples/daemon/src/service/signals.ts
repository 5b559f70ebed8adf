/** What the signals of the system mean to the daemon. */

import { constants } from 'node:os'
import { isatty } from 'node:tty'

/** The signals that stop it. */
export type StopSignal = 'SIGINT' | 'SIGTERM'

/** What is to be done. */
export interface SignalActions {
  /** SIGINT or SIGTERM, the first time; SIGHUP when it means that the terminal is gone. */
  stop(signal: StopSignal | 'SIGHUP'): void
  /** A second one: exit at once, with this code. */
  stopNow(signal: StopSignal, exitCode: number): void
  /** SIGHUP: read the configuration again. */
  reload(): void
  /** SIGUSR1: open log files anew. */
  reopen(): void
  /** SIGUSR2: log the state. */
  showStatus(): void
}

/** The exit code of a program that a signal ended. */
export function signalExitCode(signal: StopSignal): number {
  return 128 + constants.signals[signal]
}

/** Keeps a SIGHUP that comes before anybody can act on it from ending the process; the function that it returns tells of one. */
export function noteHangup(): () => boolean {
  let came = false
  const note = (): void => {
    came = true
  }
  process.on('SIGHUP', note)
  return () => {
    process.off('SIGHUP', note)
    return came
  }
}

/** Begins to listen; the function that it returns ends that. */
export function listenToSignals(actions: SignalActions): () => void {
  const hadTerminal = isatty(0)
  let isStopping = false
  const stop = (signal: StopSignal): void => {
    if (isStopping) return actions.stopNow(signal, signalExitCode(signal))
    isStopping = true
    actions.stop(signal)
  }
  const listeners: Partial<Record<NodeJS.Signals, (signal: NodeJS.Signals) => void>> = {
    SIGINT: () => stop('SIGINT'),
    SIGTERM: () => stop('SIGTERM'),
    SIGHUP: () => {
      // A window that was closed sends it too, and nobody could ever press Ctrl-C for us again.
      if (!hadTerminal || isatty(0)) return actions.reload()
      if (isStopping) return
      isStopping = true
      actions.stop('SIGHUP')
    },
    // Node's own meaning of it, starting a debugger, has no place in a service.
    SIGUSR1: () => actions.reopen(),
    SIGUSR2: () => actions.showStatus(),
    // A reader that went away is an error of the write. Node ignores this signal too, but says that it may not always.
    SIGPIPE: () => {},
  }
  for (const [signal, listener] of Object.entries(listeners)) process.on(signal, listener)
  return () => {
    for (const [signal, listener] of Object.entries(listeners)) process.off(signal, listener)
  }
}
