import { z } from 'zod'
import type { Admission, AdmissionRequest, Disclosure, KnownRefusal } from './admitter.ts'

const text = z.string().max(2048)
const instant = z.iso.datetime().transform((written) => new Date(written))

/** How an {@link AdmissionRequest} travels between gateway and authority; unknown members are refused. */
export const admissionRequest: z.ZodType<AdmissionRequest> = z.strictObject({
  token: text,
  scheme: z.enum(['DPoP', 'Bearer']),
  proof: z.string().max(16_384).exactOptional(),
  certificateThumbprint: text.exactOptional(),
  method: z.string().max(16),
  url: text,
  interactionId: text,
})

export const disclosure: z.ZodType<Disclosure> = z.strictObject({
  ticket: text,
  clientId: text,
  consentId: text,
  endpoint: text,
  accountIds: z.array(text),
  rows: z.int().nonnegative(),
  interactionId: text,
})

export const knownRefusal: z.ZodType<KnownRefusal> = z.strictObject({
  clientId: text,
  consentId: text.exactOptional(),
  endpoint: text.exactOptional(),
  error: text,
  interactionId: text,
})

/** The authority may say more than an older gateway knows: unknown members are dropped. */
export const admission: z.ZodType<Admission> = z.discriminatedUnion('admitted', [
  z.object({
    admitted: z.literal(true),
    ticket: text,
    clientId: text,
    scope: text,
    nonce: text.exactOptional(),
    consent: z.object({
      id: text,
      permissions: z.array(text),
      accounts: z.array(z.object({ accountId: text, bankAccountId: text })),
      expiresAt: instant,
      transactionsFrom: instant.exactOptional(),
      transactionsTo: instant.exactOptional(),
      bankCustomerId: text,
    }),
  }),
  z.object({
    admitted: z.literal(false),
    status: z.literal([400, 401, 403, 429, 503]),
    error: z.enum([
      'invalid_token',
      'invalid_dpop_proof',
      'use_dpop_nonce',
      'insufficient_scope',
      'invalid_request',
      'temporarily_unavailable',
    ]),
    description: text,
    nonce: text.exactOptional(),
  }),
])

export const disclosed = z.object({ disclosed: z.boolean() })
