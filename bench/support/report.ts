/** What the benchmarks have in common: medians, and tables whose figures carry their ratio. */

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2
}

/** Columns of text, the first left-aligned, the others right. */
export function table(rows: ReadonlyArray<readonly string[]>): string {
  const widths = rows.reduce<number[]>((most, row) => row.map((cell, i) => Math.max(cell.length, most[i] ?? 0)), [])
  return rows
    .map(row => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '))
    .join('\n')
}

export function rate(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

export function percent(part: number, whole: number): string {
  return `${Math.round((part / whole) * 100)} %`
}

export function times(value: number, base: number): string {
  return `${(value / base).toFixed(1)}x`
}
