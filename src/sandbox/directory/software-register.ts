import { randomInt } from 'node:crypto'
import { Refusal } from '../refusal.ts'
import type { StateFolder } from '../state-folder.ts'
import type { SoftwareRequest } from './software-request.ts'

export const statuses = ['Active', 'Suspended', 'Revoked'] as const
export type Status = (typeof statuses)[number]

/** One piece of software as the directory knows it. */
export interface Software {
  readonly software_id: string
  readonly client_name: string
  readonly org_id: string
  readonly org_name: string
  readonly roles: readonly string[]
  readonly redirect_uris: readonly string[]
  readonly status: Status
  readonly registered_at: string
  readonly changed_at: string
}

export interface SoftwareRegister {
  /** Oldest first. */
  all(): readonly Software[]
  /** Throws Refusal 404. */
  find(softwareId: string): Software
  /** Enters new software, or renews what is known and active. Throws Refusal 400. */
  enter(request: SoftwareRequest): Promise<Software>
  /** Throws Refusal 404. */
  setStatus(softwareId: string, status: Status): Promise<Software>
}

const FILE = 'software.json'

/** The directory's register, one file in the state folder. */
export async function openSoftwareRegister(state: StateFolder, now: () => Date): Promise<SoftwareRegister> {
  const entries = new Map<string, Software>()
  // Our own file, mode 600: its shape is the one written below.
  const kept = JSON.parse(await state.keep(FILE, async () => '[]')) as readonly Software[]
  for (const software of kept) entries.set(software.software_id, software)
  let saved: Promise<void> = Promise.resolve()

  const find = (softwareId: string): Software => {
    const software = entries.get(softwareId)
    if (software === undefined) throw new Refusal(404, 'not_found', 'The directory knows no such software.')
    return software
  }
  const save = async (software: Software): Promise<Software> => {
    entries.set(software.software_id, software)
    saved = saved.catch(() => undefined).then(() => state.write(FILE, JSON.stringify([...entries.values()])))
    await saved
    return software
  }
  return {
    all: () => [...entries.values()],
    find,
    enter: async (request) => {
      const known =
        request.software_id === undefined ? undefined : renewable(entries, request, request.software_id)
      return save(entry(request, known, now()))
    },
    setStatus: async (softwareId, status) =>
      save({ ...find(softwareId), status, changed_at: now().toISOString() }),
  }
}

function renewable(
  entries: ReadonlyMap<string, Software>,
  request: SoftwareRequest,
  softwareId: string,
): Software {
  const known = entries.get(softwareId)
  if (known === undefined)
    throw new Refusal(400, 'invalid_request', 'software_id is not known here: leave it out to get a new one')
  if (request.org_id !== undefined && request.org_id !== known.org_id)
    throw new Refusal(400, 'invalid_request', 'software_id belongs to another organisation')
  if (known.status !== 'Active')
    throw new Refusal(400, 'software_not_active', `The software is ${known.status.toLowerCase()}.`)
  return known
}

function entry(request: SoftwareRequest, known: Software | undefined, now: Date): Software {
  return {
    software_id: known?.software_id ?? randomId(),
    client_name: request.client_name,
    org_id: known?.org_id ?? request.org_id ?? randomId(),
    org_name: request.org_name ?? known?.org_name ?? `${request.client_name} Ltd`,
    roles: request.roles,
    redirect_uris: request.redirect_uris,
    status: 'Active',
    registered_at: known?.registered_at ?? now.toISOString(),
    changed_at: now.toISOString(),
  }
}

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** 22 characters, 131 random bits. */
function randomId(): string {
  return Array.from({ length: 22 }, () => base62[randomInt(base62.length)]).join('')
}
