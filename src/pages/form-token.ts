import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { canonicalJson } from '../domain/audit-event.ts'

/** What a form is bound to: whose it is, which step it belongs to, and everything the page said. */
interface FormBinding {
  /** Of one browser and one journey: the interaction's uid, or our session. */
  readonly subject: string
  readonly step: string
  /** What the customer reads before pressing the button; hashed, so any plain data will do. */
  readonly shown: unknown
}

export type FormVerdict =
  | 'genuine'
  /** Made by us for this browser and step, but the page has said something else than would be said now. */
  | 'outdated'
  | 'forged'

export interface FormTokens {
  /** New for every render; worth nothing in another browser, step or page. */
  make(binding: FormBinding): string
  check(token: string | undefined, binding: FormBinding): FormVerdict
}

/** ASVS 5.0 3.5.1: a token per form, without a cookie of its own. `key` has 32 random bytes or more. */
export function openFormTokens(key: Buffer): FormTokens {
  const marksOf = (salt: string, { subject, step, shown }: FormBinding) => {
    const place = mac(key, ['place', salt, subject, step])
    return [place, mac(key, ['shown', salt, subject, step, digest(shown)])] as const
  }
  return {
    make: (binding) => {
      const salt = randomBytes(16).toString('base64url')
      return [salt, ...marksOf(salt, binding)].join('.')
    },
    check: (token, binding) => {
      const [salt = '', place = '', shown = '', ...rest] = (token ?? '').split('.')
      const [truePlace, trueShown] = marksOf(salt, binding)
      if (rest.length > 0 || !same(place, truePlace)) return 'forged'
      return same(shown, trueShown) ? 'genuine' : 'outdated'
    },
  }
}

function mac(key: Buffer, parts: readonly string[]): string {
  return createHmac('sha256', key).update(JSON.stringify(parts)).digest('base64url')
}

function digest(shown: unknown): string {
  // Dates become text and absent members vanish, as they do on the page
  const plain: unknown = JSON.parse(JSON.stringify(shown ?? null))
  return createHash('sha256').update(canonicalJson(plain)).digest('base64url')
}

function same(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)]
  return a.length === b.length && timingSafeEqual(a, b)
}
