/**
 * What `bin/vicinity.js` and the command agree on. The entry is plain JavaScript that runs before any of this is
 * loaded, so it owns the signals and the last words; the command learns of them here.
 */
export interface Host {
  /** Aborts when SIGINT or SIGTERM asks to stop, or {@link requestStop} does. */
  readonly stop: AbortSignal
  /**
   * Whether there is anything to close. While it is false a signal ends the process at once; from then on the command
   * ends it, by returning from `main` once all is closed, or is ended after a second and a half.
   */
  running: boolean
  /** What the first signal prints. */
  stoppingLine: string
  /** Says why the process ends with exit code 1, after an error that nobody caught. */
  fail: (error: unknown) => void
  /** Stop as a signal does, but without its line: for when nobody reads our output any more. */
  requestStop(): void
}
