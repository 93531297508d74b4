import { Problem } from '../domain/problem.ts'
import { contrast, lightenedFor } from './contrast.ts'

/** How the bank looks and can be reached. */
export interface Brand {
  readonly bankName: string
  /** The host that customers should see in their address bar, such as `auth.meridianbank.example`. */
  readonly domain: string
  /** An SVG, PNG or WebP file; without it a plain mark and the bank's name are shown. */
  readonly logoFile?: string
  /** `#rrggbb`, at least 4.5:1 on white. */
  readonly accentColour?: string
  readonly helpPhone: string
  /** In words, such as "every day 7:00 to 23:00". */
  readonly helpHours: string
  /** IANA name of the zone in which customers read times; `Europe/London` when not said. */
  readonly timeZone?: string
}

/** The page background in dark mode; the same value stands in views/stylesheet.scss. */
const DARK_BACKGROUND = '#10161c'
const DARK_INK = '#08131f'

/** Throws Problem `invalid-request` with every fault of the brand in one sentence each. */
export function checkBrand(brand: Brand): void {
  const faults = [
    brand.bankName.trim() === '' && 'The bank needs a name.',
    brand.accentColour !== undefined && colourFault(brand.accentColour),
    brand.timeZone !== undefined && zoneFault(brand.timeZone),
  ].filter((fault) => typeof fault === 'string')
  if (faults.length > 0) throw new Problem('invalid-request', faults.join(' '))
}

/** Overrides the stylesheet's accent; empty when the brand has none of its own. `brand` has passed {@link checkBrand}. */
export function brandStylesheet(brand: Brand): string {
  if (brand.accentColour === undefined) return ''
  const dark = lightenedFor(DARK_BACKGROUND, brand.accentColour)
  return [
    `:root{--accent:${brand.accentColour};--on-accent:#ffffff}`,
    `@media (prefers-color-scheme:dark){:root{--accent:${dark};--on-accent:${DARK_INK}}}`,
  ].join('\n')
}

function colourFault(colour: string): string | false {
  if (!/^#[0-9a-f]{6}$/i.test(colour)) return 'The accent colour must be written as #rrggbb.'
  const ratio = contrast(colour, '#ffffff')
  return (
    ratio < 4.5 && `The accent colour has a contrast of ${ratio.toFixed(1)} on white; it needs 4.5 or more.`
  )
}

function zoneFault(timeZone: string): string | false {
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone })
    return false
  } catch {
    return 'The time zone is not a name of the IANA database, such as Europe/London.'
  }
}
