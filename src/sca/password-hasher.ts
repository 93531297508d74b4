import { hash, verify } from '@node-rs/argon2'
import { Problem } from '../domain/problem.ts'

/** OWASP's first choice for argon2id, which is the library's default algorithm: 19 MiB, two passes, one lane. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const

export interface PasswordHasher {
  /** A PHC string for storage. */
  hash(password: string): Promise<string>
  /** Takes as long for a wrong password as for a right one. Throws Problem `unavailable` when too many wait. */
  verify(passwordHash: string, password: string): Promise<boolean>
  /** Does the same work for nobody and always answers false. Throws Problem `unavailable` when too many wait. */
  decoy(password: string): Promise<false>
}

/**
 * Hashing costs 19 MiB and a core each time, so only `atOnce` run side by side; up to `mayWait` more queue, and the
 * rest are told at once to come back: a flood of sign-ins cannot take the process down.
 */
export function openPasswordHasher({ atOnce = 4, mayWait = 200 } = {}): PasswordHasher {
  const inTurn = turnstile(atOnce, mayWait)
  const hashOf = (password: string) => inTurn(() => hash(oneForm(password), cost))
  // made at once, so that not even the first unknown customer is told apart by time
  const decoyHash = hash('nobody has this password', cost)
  const decoy = async (password: string) => {
    const phc = await decoyHash
    await inTurn(() => verify(phc, oneForm(password)))
    return false as const
  }
  return {
    hash: hashOf,
    verify: (passwordHash, password) => inTurn(() => verify(passwordHash, oneForm(password))),
    decoy,
  }
}

/** NIST SP 800-63B §3.1.1.2: one Unicode form, so that the same password typed on another keyboard still fits. */
function oneForm(password: string): string {
  return password.normalize('NFKC')
}

function turnstile(atOnce: number, mayWait: number) {
  const waiting: (() => void)[] = []
  let running = 0
  const leave = () => {
    const next = waiting.shift()
    if (next) next()
    else running -= 1
  }
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (running < atOnce) running += 1
    else if (waiting.length >= mayWait) throw new Problem('unavailable', 'Too many people are signing in.')
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      leave()
    }
  }
}
