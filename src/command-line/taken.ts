import { Problem } from '../domain/problem.ts'

/** PostgreSQL appendix A: unique_violation. */
const UNIQUE = '23505'

/** Makes the change; says `sentence` (Problem `conflict`) when something of this name is there already. */
export async function unlessTaken(change: Promise<void>, sentence: string): Promise<void> {
  try {
    await change
  } catch (error) {
    const { code } = error as { readonly code?: unknown }
    throw code === UNIQUE ? new Problem('conflict', sentence, { cause: undefined }) : error
  }
}
