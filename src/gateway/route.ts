import type { ResourceEndpoint } from '../profiles/profile.ts'

/** An endpoint of the profile and, where its path has one, the AccountId the client named. */
export interface Route {
  readonly endpoint: ResourceEndpoint
  readonly accountId?: string
}

/** The endpoint these segments (below the base path) name exactly; undefined: there is none. */
export function matchRoute(
  endpoints: readonly ResourceEndpoint[],
  segments: readonly string[],
): Route | undefined {
  for (const endpoint of endpoints) {
    if (!matches(endpoint.path, segments)) continue
    const accountId = segments[endpoint.path.indexOf(':accountId')]
    return accountId === undefined ? { endpoint } : { endpoint, accountId }
  }
  return undefined
}

function matches(path: readonly string[], segments: readonly string[]): boolean {
  return (
    path.length === segments.length &&
    path.every((part, index) => (part === ':accountId' ? segments[index] !== '' : part === segments[index]))
  )
}
