import type { JsonObject, ResourceServer, ThirdParty } from '../domain/third-party.ts'
import type { Ledger } from './ports.ts'

/** Whoever may authenticate at the protocol endpoints: a third party, or a resource API of the bank. */
export type KnownClient =
  | { readonly kind: 'third-party'; readonly thirdParty: ThirdParty; readonly metadata: JsonObject }
  | { readonly kind: 'resource-server'; readonly server: ResourceServer; readonly metadata: JsonObject }

/** Clients as of now: what is cached is at most this old, and flushed when a change is announced (DESIGN §7.2). */
const CACHED_MS = 500
const CACHED_CLIENTS = 5_000

export interface Clients {
  /** Undefined for unknown, suspended and removed third parties alike: they are nobody here. */
  find(clientId: string): Promise<KnownClient | undefined>
  /** Whoever they are and whatever their standing, for pages that speak of them. Not cached. */
  thirdParty(clientId: string): Promise<ThirdParty | undefined>
  changed(clientId: string): void
  doubt(): void
}

export function openClients(ledger: Ledger, monotonicMs: () => number = () => performance.now()): Clients {
  const cache = new Map<string, { readonly at: number; readonly client: Promise<KnownClient | undefined> }>()

  function find(clientId: string): Promise<KnownClient | undefined> {
    const now = monotonicMs()
    const cached = cache.get(clientId)
    if (cached !== undefined && now - cached.at < CACHED_MS) return cached.client
    const client = load(ledger, clientId)
    if (cache.size >= CACHED_CLIENTS) cache.clear()
    cache.set(clientId, { at: now, client })
    // A failed look-up is nobody's answer but the asker's: a database that is down is not an unknown client.
    client.catch(() => cache.delete(clientId))
    return client
  }

  return {
    find,
    thirdParty: (clientId) => ledger.findThirdParty(clientId),
    changed: (clientId) => cache.delete(clientId),
    doubt: () => cache.clear(),
  }
}

async function load(ledger: Ledger, clientId: string): Promise<KnownClient | undefined> {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(clientId)) return undefined
  const thirdParty = await ledger.findThirdParty(clientId)
  if (thirdParty !== undefined)
    return thirdParty.standing === 'active'
      ? { kind: 'third-party', thirdParty, metadata: thirdParty.metadata }
      : undefined
  const server = await ledger.findResourceServer(clientId)
  return server && { kind: 'resource-server', server, metadata: server.metadata }
}
