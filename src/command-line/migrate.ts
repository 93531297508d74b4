import type { Command } from 'commander'
import { migrate } from '../store/migrate.ts'
import { type Answer, answering, type Shell } from './answer.ts'
import { explained, findInstallation } from './installation.ts'

/** `postern migrate`: brings the schema of DATABASE_URL up to date. */
export function addMigrate(program: Command, shell: Shell): void {
  const command = program
    .command('migrate')
    .summary('bring the database up to date')
    .description(
      'Applies what is missing of migrations/, each in a transaction of its own. Safe to run on several machines at once, and before the old version has stopped.',
    )
    .option('--plan', 'only say what would be applied')
  answering(command, shell, ['migrate', 'migrate --plan'], async () => {
    const installation = findInstallation(shell)
    const { plan = false } = command.opts<{ readonly plan?: true }>()
    const report = await migrate(installation.databaseUrl, { plan }).catch((error) => {
      throw explained(error, installation)
    })
    return told(report.applied, report.pending)
  })
}

function told(applied: readonly string[], pending: readonly string[]): Answer {
  const lines = [
    ...applied.map((name) => `applied ${name}`),
    ...pending.map((name) => `pending ${name}`),
    ...(pending.length > 0 ? ['Run `postern migrate` to apply them.'] : []),
  ]
  return {
    lines: lines.length > 0 ? lines : ['The schema is up to date: nothing to do.'],
    json: { applied, pending },
  }
}
