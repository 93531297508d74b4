import type { Command } from 'commander'
import { type Config, readConfig, readSecrets, type Setting, secretFiles, settings } from '../config.ts'
import { type Answer, answering, type Shell } from './answer.ts'
import { columns } from './columns.ts'
import { withoutPassword } from './failure.ts'
import { roleOption } from './serve.ts'

interface Options {
  readonly docs?: true
  readonly check?: true
  readonly role: Config['role']
}

/** `postern config`: what is set, what may be set, and whether it is right. */
export function addConfig(program: Command, shell: Shell): void {
  const command = program
    .command('config')
    .summary('print, check or document the configuration')
    .description('Prints the settings in effect. Secrets are never printed, only whether they are set.')
    .addOption(roleOption())
    .option('--check', 'exit with 78, and say what is wrong, unless `postern serve` would accept it')
    .option('--docs', 'print every setting there is, as a Markdown table')
  answering(command, shell, ['config --check', 'config --docs'], async () => {
    const { docs, check, role } = command.opts<Options>()
    if (docs) return documented()
    return check ? checked(shell, role) : inEffect(shell, role)
  })
}

function documented(): Answer {
  const cell = (text: string) => text.replaceAll('|', '\\|')
  const rows = settings.map(({ name, roles, fallback, optional, example, about }) => {
    const otherwise = fallback === undefined ? (optional ? 'not set' : '**required**') : `\`${fallback}\``
    const needed = roles.includes('all') ? roles.filter((role) => role !== 'all') : roles
    return `| \`${name}\` | ${needed.join(', ')} | ${otherwise} | \`${cell(example)}\` | ${cell(about)} |`
  })
  return {
    lines: ['| Setting | Role | Default | Example | What it is |', '|---|---|---|---|---|', ...rows],
    json: settings.map(({ name, roles, fallback, optional = false, example, about }) => ({
      name,
      roles,
      default: fallback ?? null,
      required: fallback === undefined && !optional,
      example,
      about,
    })),
  }
}

function checked({ environment }: Shell, role: Config['role']): Answer {
  const { secretsDir } = readConfig(environment, role)
  if (role !== 'gateway') readSecrets(secretsDir)
  return { lines: ['The configuration is complete.'], json: { ok: true } }
}

interface Effective {
  readonly name: string
  readonly value: string
  readonly from: 'environment' | 'default' | 'nowhere'
}

function inEffect({ environment }: Shell, role: Config['role']): Answer {
  const values = settings
    .filter(({ roles }) => roles.includes(role))
    .map((setting) => effective(setting, environment[setting.name]))
  const rows = [...values, ...secretsInEffect(environment.SECRETS_DIR, role)]
  return {
    lines: columns(
      ['SETTING', 'FROM', 'VALUE'],
      rows.map(({ name, from, value }) => [name, from, value]),
    ),
    json: rows,
  }
}

function effective({ name, fallback, optional }: Setting, raw: string | undefined): Effective {
  if (raw) return { name, from: 'environment', value: withoutPassword(raw) }
  if (fallback !== undefined) return { name, from: 'default', value: fallback }
  return { name, from: 'nowhere', value: optional ? 'not set' : 'not set, and needed' }
}

function secretsInEffect(folder: string | undefined, role: Config['role']): readonly Effective[] {
  if (role === 'gateway') return []
  const faulty = folder ? faultySecrets(folder) : secretFiles
  return secretFiles.map((name) => ({
    name: `SECRETS_DIR/${name}`,
    from: folder ? 'environment' : 'nowhere',
    value: faulty.some((fault) => fault.endsWith(name)) ? 'not set, or too short' : 'set',
  }))
}

function faultySecrets(folder: string): readonly string[] {
  try {
    readSecrets(folder)
    return []
  } catch (error) {
    const { faults = [] } = error as { readonly faults?: readonly { readonly name: string }[] }
    return faults.map(({ name }) => name)
  }
}
