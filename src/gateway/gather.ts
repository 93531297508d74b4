import type { BankAccount, BankAnswer, BankQuery } from '../profiles/profile.ts'
import type { AdmittedConsent } from './admitter.ts'
import type { CoreBankAnswer } from './core-bank.ts'
import { type AskedPeriod, clip, isWithin } from './period.ts'
import { requireAccount, unknownAccount } from './permit.ts'
import { Refusal } from './refusal.ts'
import type { Route } from './route.ts'

/** Asks the bank for the consent's customer; undefined: the bank does not know customer or account. */
export type AskBank = (query: BankQuery) => Promise<CoreBankAnswer | undefined>

/** What the bank says about the accounts of the consent, and nothing it says beyond them. */
export interface Gathered {
  readonly answer: BankAnswer
  readonly accountIds: readonly string[]
}

/** Throws {@link Refusal} when the account is not the consent's or the bank's answer is not to the question. */
export async function gather(
  route: Route,
  asked: AskedPeriod,
  consent: AdmittedConsent,
  ask: AskBank,
  now: Date,
): Promise<Gathered> {
  if (route.endpoint.asks === 'accounts') return accounts(consent, ask)
  const { accountId: id, bankAccountId } = requireAccount(route.accountId, consent)
  const answer = await aboutOne(route.endpoint.asks, { id, bankAccountId }, asked, consent, ask, now)
  return { answer, accountIds: [id] }
}

/** Exactly the consent's accounts, in the order the customer chose them; those the bank no longer shares are left out. */
async function accounts(consent: AdmittedConsent, ask: AskBank): Promise<Gathered> {
  const reply = await ask({ kind: 'accounts' })
  const known = reply === undefined ? [] : expect(reply, 'accounts').accounts
  const shared = consent.accounts.flatMap(({ accountId, bankAccountId }) => {
    const account = known.find((candidate) => candidate.accountId === bankAccountId)
    return account?.shareable ? [{ id: accountId, account }] : []
  })
  return { answer: { kind: 'accounts', accounts: shared }, accountIds: shared.map(({ id }) => id) }
}

async function aboutOne(
  kind: Exclude<BankQuery['kind'], 'accounts'>,
  { id, bankAccountId }: { readonly id: string; readonly bankAccountId: string },
  asked: AskedPeriod,
  consent: AdmittedConsent,
  ask: AskBank,
  now: Date,
): Promise<BankAnswer> {
  switch (kind) {
    case 'account': {
      const { account } = expect(await ask({ kind, bankAccountId }), kind)
      return { kind, id, account: theOneAskedFor(account, bankAccountId) }
    }
    case 'balances':
      return { kind, id, balances: expect(await ask({ kind, bankAccountId }), kind).balances }
    case 'transactions': {
      const period = clip(asked, consent, now)
      if (period === undefined) return { kind, id, transactions: [] }
      const { transactions } = expect(await ask({ kind, bankAccountId, ...period }), kind)
      // The bank is asked for the period, and not believed (threats E12).
      const inside = transactions.filter(({ bookedAt }) => isWithin(new Date(bookedAt), period))
      return { kind, id, transactions: inside }
    }
  }
}

function theOneAskedFor(account: BankAccount, bankAccountId: string): BankAccount {
  if (account.accountId !== bankAccountId) throw notTheAnswer()
  if (!account.shareable) throw unknownAccount()
  return account
}

function expect<Kind extends CoreBankAnswer['kind']>(
  reply: CoreBankAnswer | undefined,
  kind: Kind,
): Extract<CoreBankAnswer, { kind: Kind }> {
  if (reply === undefined) throw unknownAccount()
  if (!isOf(reply, kind)) throw notTheAnswer()
  return reply
}

function isOf<Kind extends CoreBankAnswer['kind']>(
  reply: CoreBankAnswer,
  kind: Kind,
): reply is Extract<CoreBankAnswer, { kind: Kind }> {
  return reply.kind === kind
}

function notTheAnswer(): Refusal {
  return new Refusal(502, 'temporarily_unavailable', "The bank's systems gave no usable answer.")
}
