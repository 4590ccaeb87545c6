/**
 * A monotonic time in whole milliseconds. Its zero is the driver's choice (start of the process, start of the
 * simulation) and means nothing in itself; `Infinity` stands for "never".
 */
export type Millis = number

/** Milliseconds since the Unix epoch. Appears only as data: inside records and saved table entries. */
export type WallMillis = number

export const second: Millis = 1_000
export const minute: Millis = 60 * second
export const hour: Millis = 60 * minute
