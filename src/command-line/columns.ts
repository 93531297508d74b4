/**
 * Rows as aligned columns under a heading; the last column is as long as it likes. What third parties and customers
 * call themselves stands in the cells: nothing of it may reach the terminal as a command.
 */
export function columns(heading: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const clean = [heading, ...rows].map((row) => row.map(printable))
  const widths = heading.map((_, index) => Math.max(...clean.map((row) => lengthOf(row[index] ?? ''))))
  return clean.map((row) =>
    row
      .map((cell, index) =>
        index === row.length - 1 ? cell : cell + ' '.repeat((widths[index] ?? 0) - lengthOf(cell) + 2),
      )
      .join('')
      .trimEnd(),
  )
}

/** Without control, format and direction characters: one line, and no escape sequences. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim()
}

function lengthOf(text: string): number {
  return [...text].length
}
