import { AsyncLocalStorage } from 'node:async_hooks'
import type { AuditEvent } from '../domain/audit-event.ts'
import { Problem } from '../domain/problem.ts'
import type { Change, GrantFacts, Ledger, StoredInteraction } from './ports.ts'

/**
 * One request that writes and signs. What it changes is gathered here and committed after signing, in one
 * transaction with its audit rows; no connection is held while a key works (DESIGN §1.7). What the request read
 * once is kept beside it, so that the engine's repeated look-ups cost nothing.
 */
export class UnitOfWork {
  /** Changes by what they change: the last one counts, so that no row is touched twice in one statement. */
  readonly #changes = new Map<string, Change>()
  /** Made even when the request is refused: what code reuse ends, and the record of the refusal. */
  readonly #despiteRefusal = new Map<string, Change>()
  readonly #events: AuditEvent[] = []
  readonly #refusals: AuditEvent[] = []
  readonly grants = new Map<string, GrantFacts>()
  interaction: { readonly uid: string; readonly stored: StoredInteraction } | undefined
  /** Who has proved in this request that they are this client; a client_id alone is public and proves nothing. */
  provedClient: string | undefined
  #fault: unknown
  #refused = false

  change(name: string, change: Change): void {
    this.#changes.set(name, change)
  }

  changeDespiteRefusal(name: string, change: Change): void {
    this.#despiteRefusal.set(name, change)
  }

  /** Told in the audit trail when the request's changes are made. */
  tell(event: AuditEvent): void {
    this.#events.push(event)
  }

  /** Told in the audit trail even when the request is refused. */
  tellDespiteRefusal(event: AuditEvent): void {
    this.#refusals.push(event)
  }

  /** Our fault, not the visitor's: nothing of this request may remain, so that a retry finds everything unspent. */
  fail(fault: unknown): void {
    this.#fault ??= fault
  }

  /** The visitor's request was wrong: it changes nothing but what must change despite the refusal. */
  refuse(): void {
    this.#refused = true
  }

  get fault(): unknown {
    return this.#fault
  }

  /** Commits what is to remain. Throws what the ledger throws; then nothing has changed. */
  async commit(ledger: Ledger): Promise<void> {
    if (this.#fault !== undefined) throw this.#fault
    const events = this.#refused ? this.#refusals : [...this.#events, ...this.#refusals]
    const changes = this.#refused
      ? this.#despiteRefusal
      : new Map([...this.#changes, ...this.#despiteRefusal])
    const rows = await Promise.all(events.map((event) => ledger.auditRow(event)))
    await ledger.commit([...changes.values(), ...rows])
  }
}

const units = new AsyncLocalStorage<UnitOfWork>()

/** Runs `work` inside a unit of work of its own; the caller commits it. */
export function inUnitOfWork<Result>(unit: UnitOfWork, work: () => Promise<Result>): Promise<Result> {
  return units.run(unit, work)
}

/** The unit of work of this request. Throws when a write happens outside one: that is a bug of ours. */
export function unitOfWork(): UnitOfWork {
  const unit = units.getStore()
  if (unit === undefined) throw new Error('a write was attempted outside a unit of work')
  return unit
}

/** The unit of work of this request, if it has one: reads happen outside as well. */
export function unitOfWorkIfAny(): UnitOfWork | undefined {
  return units.getStore()
}

/** True when somebody else spent the one-time thing first. */
export function isLostRace(error: unknown): boolean {
  return error instanceof Problem && error.code === 'spent'
}
