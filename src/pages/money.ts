const DECIMAL = /^-?\d+(\.\d+)?$/

/**
 * "£1,204.11" from a decimal string; never by way of a float. A negative amount gets a word, not only a sign:
 * "£12.50 overdrawn", on a credit card "£12.50 owed". What is no decimal string is shown as it came.
 */
export function moneyInWords(
  money: { readonly amount: string; readonly currency: string },
  accountType: string,
): string {
  if (!DECIMAL.test(money.amount)) return `${money.amount} ${money.currency}`
  const negative = money.amount.startsWith('-') && /[1-9]/.test(money.amount)
  const shown = formatted(money.amount.replace(/^-/, ''), money.currency)
  if (!negative) return shown
  return `${shown} ${accountType === 'credit-card' ? 'owed' : 'overdrawn'}`
}

function formatted(amount: string, currency: string): string {
  try {
    const format = new Intl.NumberFormat('en-GB', { style: 'currency', currency })
    // the text has matched DECIMAL, which is what ECMA-402 formats exactly
    return format.format(amount as Intl.StringNumericLiteral)
  } catch {
    return `${amount} ${currency}`
  }
}
