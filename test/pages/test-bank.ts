import { randomBytes, randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import Koa from 'koa'
import type { ConsentTerms, Decision } from '../../src/domain/consent.ts'
import { Problem } from '../../src/domain/problem.ts'
import type { Brand } from '../../src/pages/brand.ts'
import { openLayout } from '../../src/pages/layout.ts'
import { openPages } from '../../src/pages/open-pages.ts'
import type {
  Connection,
  CustomerInteraction,
  Interactions,
  OfferedAccount,
  SignInResult,
} from '../../src/pages/ports.ts'
import type { PageEvent } from '../../src/pages/refusal.ts'
import { clusters } from '../../src/profiles/fapi2/permissions.ts'
import type { BankAccount } from '../../src/profiles/profile.ts'
import { Visitor } from './visitor.ts'

export const brand: Brand = {
  bankName: 'Meridian Bank',
  domain: 'auth.meridianbank.example',
  helpPhone: '0800 555 0199',
  helpHours: 'every day 7:00 to 23:00',
}

export const start = new Date('2026-11-22T15:04:00Z')

export function account(id: string, facts: Partial<BankAccount> = {}): OfferedAccount {
  const whole: BankAccount = {
    accountId: `bank-${id}`,
    type: 'current',
    currency: 'GBP',
    nickname: 'Everyday account',
    holderName: 'Alice Example',
    identification: { scheme: 'UK.SortCodeAccountNumber', value: '20000073084821' },
    openedOn: '2020-01-01',
    shareable: true,
    balance: { type: 'available', amount: '1204.11', currency: 'GBP', at: '2026-11-22T15:00:00Z' },
    ...facts,
  }
  return { id, account: whole }
}

export const everyday = account('acc-everyday')
export const savings = account('acc-savings', {
  type: 'savings',
  nickname: 'Rainy-day savings',
  identification: { scheme: 'UK.SortCodeAccountNumber', value: '20000073089917' },
  balance: { type: 'available', amount: '8000.00', currency: 'GBP', at: '2026-11-22T15:00:00Z' },
})
export const joint = account('acc-joint', {
  nickname: 'Household',
  heldWith: ['Bob'],
  identification: { scheme: 'UK.SortCodeAccountNumber', value: '20000073083302' },
  balance: { type: 'available', amount: '-12.50', currency: 'GBP', at: '2026-11-22T15:00:00Z' },
})
export const kids = account('acc-kids', {
  nickname: 'Kids’ account',
  shareable: false,
  notShareableBecause: 'Accounts for under-18s cannot be shared.',
  identification: { scheme: 'UK.SortCodeAccountNumber', value: '20000073081180' },
})

export const terms: ConsentTerms = {
  permissions: ['ReadAccountsDetail', 'ReadBalances', 'ReadTransactionsDetail'],
  expiresAt: new Date('2027-11-22T15:04:00Z'),
  transactionsFrom: new Date('2025-11-22T00:00:00Z'),
}

export const acme: CustomerInteraction['thirdParty'] = {
  clientId: 'acme',
  name: 'Acme Budget',
  organisationName: 'Acme Budget Ltd',
  clientUri: 'https://acmebudget.example/',
}

type Started = Pick<CustomerInteraction, 'thirdParty' | 'terms' | 'redirectOrigin' | 'progress'>

/** Everything behind the pages, in memory and open to the test's hands; the pages themselves over real HTTP. */
export async function openTestBank({
  secure = false,
  look = brand,
}: {
  secure?: boolean
  look?: Brand
} = {}) {
  const journeys = new Map<string, CustomerInteraction>()
  const state = {
    now: start,
    accounts: [everyday, savings, joint, kids] as readonly OfferedAccount[],
    bankIsDown: false,
    connections: [] as Connection[],
    decisions: [] as Decision[],
    stopped: [] as (string | undefined)[],
    events: [] as PageEvent[],
    passwordResult: undefined as SignInResult | undefined,
    codeResult: undefined as SignInResult | undefined,
    checks: 0,
    appAnswersAt: '',
  }
  const sessions = new Map<string, string>()
  const customer = { id: 'c-alice', customerNumber: '1234567890', bankCustomerId: 'b-1', name: 'Alice' }
  const interactions = memoryInteractions(journeys, state.decisions)
  const server = createServer()
  const origin = await listening(server)
  const app = new Koa()
  app.use(
    openPages({
      layout: await openLayout({ brand: look, secure }),
      interactions,
      accounts: {
        list: async () => {
          if (state.bankIsDown) throw new Problem('unavailable', 'The bank does not answer.')
          return state.accounts
        },
      },
      connections: {
        list: async () => state.connections,
        find: async (_customer, id) => state.connections.find(({ consentId }) => consentId === id),
        stop: async (_customer, id, reason) => {
          state.stopped.push(reason)
          const found = state.connections.find(({ consentId }) => consentId === id)
          if (!found) return false
          const ended = { state: 'ended', endedAt: state.now, endedBecause: 'stopped-by-customer' } as const
          state.connections = state.connections.map((one) => (one === found ? { ...one, ...ended } : one))
          return true
        },
      },
      sessions: {
        open: async (customerId) => {
          const id = randomBytes(32).toString('base64url')
          sessions.set(id, customerId)
          return id
        },
        find: async (id) => {
          const customerId = sessions.get(id)
          return customerId === undefined ? undefined : { customerId }
        },
        close: async (id) => void sessions.delete(id),
      },
      signIn: {
        password: async (number, password) => {
          state.checks += 1
          if (state.passwordResult) return state.passwordResult
          const right = number === '1234567890' && password === 'right'
          return right ? { outcome: 'accepted', customer } : { outcome: 'refused', triesLeft: 3 }
        },
        code: async (_id, code) => {
          state.checks += 1
          if (state.codeResult) return state.codeResult
          return code === '123456' ? { outcome: 'accepted', customer } : { outcome: 'refused', triesLeft: 1 }
        },
      },
      profile: { clusters },
      secrets: { csrfKey: randomBytes(32) },
      origin,
      cookiePrefix: 'postern-',
      now: () => state.now,
      observe: (event) => void state.events.push(event),
    }),
  )
  app.use((ctx) => {
    ctx.body = 'the next one'
    // stands for the engine, which leads the browser from the decision back to the app
    if (!ctx.path.startsWith('/auth/') || state.appAnswersAt === '') return
    ctx.status = 303
    ctx.set('Location', state.appAnswersAt)
  })
  server.on('request', app.callback())
  const begin = (facts: Partial<Started> = {}) => {
    const uid = randomUUID()
    journeys.set(uid, {
      uid,
      thirdParty: acme,
      redirectOrigin: 'https://acmebudget.example',
      consentId: `consent-${uid}`,
      terms,
      progress: { step: 'login' },
      ...facts,
    })
    const visitor = new Visitor(origin)
    visitor.cookies.set('browser', uid)
    return { uid, visitor, path: `/interaction/${uid}` }
  }
  return {
    state,
    origin,
    begin,
    visitor: () => new Visitor(origin),
    journey: (uid: string) => journeys.get(uid),
    change: (uid: string, facts: Partial<Started>) => {
      const before = journeys.get(uid)
      if (before) journeys.set(uid, { ...before, ...facts })
    },
    endSessions: () => sessions.clear(),
    sessions,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}

export type TestBank = Awaited<ReturnType<typeof openTestBank>>

export const authenticated = {
  step: 'accounts',
  authentication: { customerId: 'c-alice', at: start, amr: ['pwd', 'otp', 'mfa'] },
} as const

function memoryInteractions(journeys: Map<string, CustomerInteraction>, decisions: Decision[]): Interactions {
  const move = (uid: string, progress: CustomerInteraction['progress']) => {
    const before = journeys.get(uid)
    if (before) journeys.set(uid, { ...before, progress })
  }
  return {
    current: async (ctx, uid) => (ctx.cookies.get('browser') === uid ? journeys.get(uid) : undefined),
    passwordAccepted: async (uid, customerId) => move(uid, { step: 'factor', customerId }),
    factorAccepted: async (uid, authentication) => move(uid, { step: 'accounts', authentication }),
    decide: async (_ctx, uid, decision) => {
      if (journeys.get(uid)?.progress.step === 'decided') throw new Problem('wrong-state', 'Decided before.')
      decisions.push(decision)
      const returnTo = `/auth/${uid}`
      move(uid, { step: 'decided', decision, returnTo })
      return returnTo
    },
  }
}

function listening(server: Server): Promise<string> {
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo // a TCP server that listens has one
      resolve(`http://127.0.0.1:${port}`)
    }),
  )
}

export function connection(consentId: string, facts: Partial<Connection> = {}): Connection {
  return {
    consentId,
    thirdParty: acme,
    state: 'active',
    clusters: clusters(terms.permissions),
    accounts: [{ bankAccountId: 'bank-acc-everyday' }, { bankAccountId: 'bank-acc-savings' }],
    authorisedAt: new Date('2025-11-22T15:04:00Z'),
    expiresAt: new Date('2027-11-22T15:04:00Z'),
    lastUsedAt: new Date('2026-11-22T09:41:00Z'),
    ...facts,
  }
}
