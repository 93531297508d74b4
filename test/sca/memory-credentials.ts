import { LOCK_SECONDS, MAX_FAILED_ATTEMPTS } from '../../src/domain/customer.ts'
import type { CredentialStore, Credentials } from '../../src/sca/ports.ts'

/** The port's promises, kept in memory: what these tests are about is who calls it, and when. */
export function memoryCredentials(all: readonly Credentials[]): CredentialStore {
  const failures = new Map<string, { count: number; at: Date }>()
  const spent = new Set<string>()
  return {
    byNumber: async (number) => all.find(({ customer }) => customer.customerNumber === number),
    byId: async (id) => all.find(({ customer }) => customer.id === id),
    countAttempt: async (key, now) => {
      const name = key.toString('hex')
      const before = failures.get(name) ?? { count: 0, at: now }
      const until = new Date(before.at.getTime() + LOCK_SECONDS * 1000)
      if (before.count >= MAX_FAILED_ATTEMPTS && now < until) return { allowed: false, until }
      const count = before.count >= MAX_FAILED_ATTEMPTS ? 1 : before.count + 1
      failures.set(name, { count, at: now })
      return { allowed: true, triesLeft: MAX_FAILED_ATTEMPTS - count }
    },
    takeBack: async (key) => {
      const before = failures.get(key.toString('hex'))
      if (before) failures.set(key.toString('hex'), { ...before, count: Math.max(0, before.count - 1) })
    },
    succeeded: async (key) => void failures.delete(key.toString('hex')),
    spendTotpStep: async (customerId, step) => {
      const name = `${customerId} ${step}`
      if (spent.has(name)) return false
      spent.add(name)
      return true
    },
  }
}
