import { randomBytes, randomInt } from 'node:crypto'
import { openPasswordHasher } from '../src/sca/password-hasher.ts'
import { newTotpSecret } from '../src/sca/totp.ts'
import { Customer } from '../test/support/customer.ts'
import type { House } from '../test/support/house.ts'
import type { ThirdParty } from '../test/support/third-party.ts'
import type { OurSide } from './our-side.ts'
import { cpuMs, familyCpuMs, forgetPeak, peakRssMb } from './process-cost.ts'
import type { Figures } from './scenario.ts'
import { percentile } from './statistics.ts'
import { schedule } from './traffic.ts'

const AT_ONCE = 8
/** Each customer walks once: a code of their second factor is taken once. */
const CUSTOMERS = 2_000

/**
 * The whole job: pushed request, authorize page, password, code, accounts page, agreement, code for tokens, and the
 * accounts read through the gateway from the demo bank. Scripted third party and browsers run in this process.
 */
export async function measureJourneys(
  side: OurSide,
  acme: ThirdParty,
  seconds: number,
  say: (line: string) => void,
): Promise<Figures> {
  const customers = (await addCustomers(side.house, CUSTOMERS))[Symbol.iterator]()
  const walk = (): Promise<void> => journey(side.house, acme, customers.next().value)
  await together(Math.ceil(seconds), AT_ONCE, walk)
  forgetPeak(side.pid)
  const before = { cpu: cpuMs(side.pid), postgres: familyCpuMs(side.postgresPid) }
  const { count, elapsedMs } = await together(2 * seconds, AT_ONCE, walk)
  const after = { cpu: cpuMs(side.pid), postgres: familyCpuMs(side.postgresPid) }
  const value = (count / elapsedMs) * 1000
  say(`  ${value.toFixed(1)} journeys per second`)
  const rate = value / 2
  const waits = await scheduled(schedule(rate, 2 * seconds), walk)
  const each = (end: number | undefined, start: number | undefined) =>
    end === undefined || start === undefined ? undefined : (end - start) / count
  return {
    name: 'journey',
    unit: 'journeys/s',
    value,
    arrival_rate: rate,
    p50_ms: percentile(waits, 50),
    p99_ms: percentile(waits, 99),
    cpu_ms_per_request: each(after.cpu, before.cpu),
    postgres_cpu_ms_per_request: each(after.postgres, before.postgres),
    peak_rss_mb: peakRssMb(side.pid),
    conditions: `PAR to accounts, private_key_jwt ES256, tokens bound by mTLS, argon2id 19 MiB, a customer and browser each, ${AT_ONCE} at once; latency of a whole journey at ${rate.toFixed(1)} starts per second`,
  }
}

async function journey(house: House, acme: ThirdParty, customer: Customer | undefined): Promise<void> {
  if (customer === undefined) throw new Error('there were more journeys than customers')
  const asked = await acme.ask()
  const tokens = await acme.collect(await customer.authorise(house.browser(), asked.url), asked)
  await acme.read('/accounts', tokens.accessToken)
}

async function together(seconds: number, atOnce: number, walk: () => Promise<void>) {
  const started = performance.now()
  let count = 0
  const one = async (): Promise<void> => {
    while (performance.now() - started < seconds * 1000) {
      await walk()
      count += 1
    }
  }
  await Promise.all(Array.from({ length: atOnce }, one))
  return { count, elapsedMs: performance.now() - started }
}

/** Each begins when it is due, whatever became of the others. */
async function scheduled(due: readonly number[], walk: () => Promise<void>): Promise<readonly number[]> {
  const started = performance.now()
  return Promise.all(
    due.map(async (moment) => {
      await new Promise((resolve) => setTimeout(resolve, moment))
      await walk()
      return performance.now() - started - moment
    }),
  )
}

/** One password for all of them, so that hashing it does not take longer than the benchmark; a second factor each. */
async function addCustomers({ sql }: House, count: number): Promise<readonly Customer[]> {
  const password = randomBytes(12).toString('base64url')
  const hash = await openPasswordHasher().hash(password)
  const first = randomInt(1_000_000_000, 8_000_000_000)
  const facts = Array.from({ length: count }, (_, index) => ({
    customerNumber: String(first + index),
    password,
    totpSecret: newTotpSecret(),
  }))
  await sql(
    `insert into customer (customer_number, bank_customer_id, name, password_hash, totp_secret, added_at)
      select number, 'fresh-' || number, 'Test Customer', $3, secret, now()
      from unnest($1::text[], $2::text[]) as c(number, secret)`,
    [facts.map((one) => one.customerNumber), facts.map((one) => one.totpSecret), hash],
  )
  return facts.map((one) => new Customer(one))
}
