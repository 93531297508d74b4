/** Whole pence as the decimal string of the bank's port: -1250 → "-12.50". */
export function decimal(pence: number): string {
  const digits = Math.abs(pence).toString().padStart(3, '0')
  return `${pence < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`
}
