import * as client from 'openid-client'
import { ZodError } from 'zod'
import { Refusal } from '../refusal.ts'
import { AccessEnded, UnreadableData } from './bank-connection.ts'
import type { Notice } from './sessions.ts'

/** What a customer reads when something went otherwise than wished. Undefined for what is our own mistake. */
export function noticeFor(error: unknown, bank: string): Notice | undefined {
  if (error instanceof AccessEnded)
    return { kind: 'ended', text: `Access ended: ${bank} says this connection was stopped.` }
  if (error instanceof client.AuthorizationResponseError) return answered(error.error, bank)
  if (error instanceof client.ResponseBodyError) return trouble(bank, error.error)
  if (error instanceof client.WWWAuthenticateChallengeError) return trouble(bank, `status ${error.status}`)
  if (error instanceof UnreadableData) return unreadable(error.status, bank)
  if (error instanceof ZodError) return trouble(bank, 'unreadable data')
  if (error instanceof client.ClientError) return trouble(bank, error.code ?? 'an unexpected answer')
  if (error instanceof Refusal) return { kind: 'trouble', text: `${error.message} Please try again later.` }
  // fetch rejects with TypeError where no connection could be made, and only there is a cause set.
  if (error instanceof TypeError && error.cause !== undefined) return silence(bank)
  return undefined
}

function answered(code: string, bank: string): Notice {
  if (code === 'access_denied')
    return { kind: 'refused', text: 'You did not share anything. Nothing was read.' }
  if (code === 'temporarily_unavailable' || code === 'server_error') return silence(bank)
  return trouble(bank, code)
}

function unreadable(status: number, bank: string): Notice {
  return status >= 500 || status === 429 ? silence(bank) : trouble(bank, `status ${status}`)
}

function silence(bank: string): Notice {
  return { kind: 'trouble', text: `${bank} cannot answer right now. Please try again in a moment.` }
}

/** `code` is from the protocol's small vocabulary, or a status; anything longer is cut. */
function trouble(bank: string, code: string): Notice {
  const said = code.replace(/[^\w .-]/g, '').slice(0, 60)
  return {
    kind: 'trouble',
    text: `That did not work: ${bank} answered "${said}". The steps show the details.`,
  }
}
