/** A command line or environment that cannot be acted on. Its message says what is wrong and what would be right. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly code = 'ERR_USAGE'
  /** Whose help says what would be right, such as `vicinity node`. */
  readonly command: string

  constructor(message: string, command = 'vicinity') {
    super(message)
    this.command = command
  }
}

/** The `code` of an error that has one. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string') {
    return error.code
  }
  return undefined
}

/** What an error says, without its name; an `AggregateError` says what each of its errors says. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return error.errors.map(reasonOf).join('; ')
  }
  return error instanceof Error ? error.message : String(error)
}
