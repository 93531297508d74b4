import type { Permission } from '../../domain/consent.ts'
import type { JsonObject } from '../../domain/third-party.ts'
import type { BankAccount, BankAnswer, BankBalance, BankTransaction, ResourceEndpoint } from '../profile.ts'

const accountData = ['ReadAccountsBasic', 'ReadAccountsDetail']
const transactionData = ['ReadTransactionsBasic', 'ReadTransactionsDetail']

export const endpoints: readonly ResourceEndpoint[] = [
  { name: 'accounts', method: 'GET', path: ['accounts'], asks: 'accounts', permissions: accountData },
  {
    name: 'account',
    method: 'GET',
    path: ['accounts', ':accountId'],
    asks: 'account',
    permissions: accountData,
  },
  {
    name: 'balances',
    method: 'GET',
    path: ['accounts', ':accountId', 'balances'],
    asks: 'balances',
    permissions: ['ReadBalances'],
  },
  {
    name: 'transactions',
    method: 'GET',
    path: ['accounts', ':accountId', 'transactions'],
    asks: 'transactions',
    permissions: transactionData,
  },
]

/** Built member by member from what the permissions give: a field the bank adds tomorrow stays at the bank. */
export function disclose(answer: BankAnswer, permissions: readonly Permission[]): JsonObject {
  const held = new Set(permissions)
  switch (answer.kind) {
    case 'accounts':
      return { accounts: answer.accounts.map(({ id, account }) => accountFor(id, account, held)) }
    case 'account':
      return { account: accountFor(answer.id, answer.account, held) }
    case 'balances':
      return { balances: answer.balances.map((balance) => balanceFor(answer.id, balance)) }
    case 'transactions':
      return {
        transactions: answer.transactions
          .filter((transaction) => held.has(direction(transaction)))
          .map((transaction) => transactionFor(answer.id, transaction, held)),
      }
  }
}

function accountFor(id: string, account: BankAccount, held: ReadonlySet<string>): JsonObject {
  return {
    accountId: id,
    type: account.type,
    currency: account.currency,
    nickname: account.nickname,
    ...(held.has('ReadAccountsDetail') && {
      holderName: account.holderName,
      identification: { scheme: account.identification.scheme, value: account.identification.value },
    }),
  }
}

function balanceFor(id: string, balance: BankBalance): JsonObject {
  return {
    accountId: id,
    type: balance.type,
    amount: balance.amount,
    currency: balance.currency,
    at: balance.at,
  }
}

function transactionFor(id: string, transaction: BankTransaction, held: ReadonlySet<string>): JsonObject {
  return {
    accountId: id,
    transactionId: transaction.transactionId,
    bookedAt: transaction.bookedAt,
    amount: transaction.amount,
    currency: transaction.currency,
    status: transaction.status,
    ...(held.has('ReadTransactionsDetail') && {
      description: transaction.description,
      ...(transaction.counterparty && {
        counterparty: {
          name: transaction.counterparty.name,
          ...(transaction.counterparty.account && { account: transaction.counterparty.account }),
        },
      }),
    }),
  }
}

function direction(transaction: BankTransaction): Permission {
  return transaction.amount.startsWith('-') ? 'ReadTransactionsDebits' : 'ReadTransactionsCredits'
}
