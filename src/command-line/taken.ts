import { Problem } from '../domain/problem.ts'

/** Makes the change; says `sentence` (Problem `conflict`) when something of this name is there already. */
export async function unlessTaken(change: Promise<void>, sentence: string): Promise<void> {
  try {
    await change
  } catch (error) {
    const taken = error instanceof Problem && error.code === 'conflict'
    throw taken ? new Problem('conflict', sentence) : error
  }
}
