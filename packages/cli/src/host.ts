/**
 * What `bin/vicinity.js` and the command agree on. The entry is plain JavaScript that runs before any of this is
 * loaded, so it owns the signals and the last words; the command learns of them here.
 */
/** The exit code of a command that ran: 0, 1 where it found something wrong, or that of the signal that ended it. */
export type ExitCode = 0 | 1 | 130 | 143

export interface Host {
  /** Aborts when SIGINT or SIGTERM asks to stop, or {@link requestStop} does. */
  readonly stop: AbortSignal
  /**
   * Whether there is anything to close. While it is false a signal ends the process at once; from then on the command
   * ends it, by returning from `main` once all is closed, or is ended after {@link stopMs}.
   */
  running: boolean
  /** What the first signal prints on standard output, if anything. */
  stoppingLine: string | undefined
  /**
   * After this long stopping has had its chance, and the process ends anyway: a node within the two seconds that it
   * promises. Infinity for a command that has yet to say what it has done; a second signal ends that one.
   */
  stopMs: number
  /** The exit code of a process that a signal ended, once one has asked to stop: 130 for SIGINT, 143 for SIGTERM. */
  readonly stopCode: ExitCode | undefined
  /** Says why the process ends with exit code 1, after an error that nobody caught. */
  fail: (error: unknown) => void
  /** Ends the connection that caused an uncaught error. @returns whether there is one, so that the process goes on. */
  endEscaped: (error: unknown) => boolean
  /** Stop as a signal does, but without its line: for when nobody reads our output any more. */
  requestStop(): void
}
