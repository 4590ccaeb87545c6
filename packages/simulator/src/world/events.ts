/** What can happen in a world; the two numbers of an event are nodes unless said otherwise. */
export const eventKind = {
  /** a's request reaches b; the number is a's tag, the value the message. */
  request: 1,
  /** a's answer reaches b; the number is b's tag, the value the message. */
  response: 2,
  /** What b asked has failed; the number is b's tag, the value the reason. */
  failure: 3,
  /** a's timer rings; the number is the time it was set for. */
  alarm: 4,
  /** a's dial of b is through; the number is a's tag, the value the request that waits for it. */
  dialled: 5,
  /** The value is called. */
  task: 6
} as const
