import { Command } from 'commander'
import { connect } from './connect.ts'
import { exitCode } from './exit-code.ts'
import { Output } from './output.ts'
import { addCommon, commonFlags } from './session.ts'
import type { Column } from './table.ts'
import { formatTime } from './time.ts'
import { UsageError } from './errors.ts'
import type { MigrationStatus } from '../migration-status.ts'

// node-pg-migrate is loaded only where it is needed, which is seldom.

export function migrateCommand(): Command {
  const command = new Command('migrate')
    .description('Installs the functions, and keeps them up to date.')
    .helpCommand(false)
  const up = new Command('up')
    .description('install, or update to the newest version')
    .action(() => run(up, 'up'))
  const down = new Command('down')
    .description('take the newest migration back')
    .action(() => run(down, 'down'))
  const sql = new Command('sql')
    .description('print it as one SQL file for psql')
    .action(() => printSql(sql))
  const status = new Command('status')
    .description('which migrations are applied')
    .action(() => printStatus(status))
  for (const subcommand of [up, down, sql, status]) command.addCommand(addCommon(subcommand))
  return command
}

async function run(command: Command, direction: 'up' | 'down'): Promise<void> {
  const { migrate } = await import('../migrate.ts')
  const { schema, json = false, ...connection } = commonFlags(command)
  const output = new Output(json)
  const client = await connect(connection)
  try {
    const names = await migrate({
      database: client,
      ...(schema === undefined ? {} : { schema }),
      direction,
    })
    const done = direction === 'up' ? 'applied' : 'took back'
    if (json) await output.records(...names.map((name) => ({ name, direction })))
    else if (names.length > 0) await output.lines(...names.map((name) => `${done} ${name}`))
    else
      await output.lines(direction === 'up' ? 'nothing to do: up to date' : 'nothing to take back')
  } finally {
    await client.end()
  }
}

async function printSql(command: Command): Promise<void> {
  const { schema, json } = commonFlags(command)
  if (schema !== undefined)
    throw new UsageError(
      '--schema does not go with migrate sql: the file installs into the schema that search_path begins with',
    )
  if (json) throw new UsageError('--json does not go with migrate sql: what it prints is SQL')
  const { installSql } = await import('../install-sql.ts')
  process.stdout.write(installSql())
}

const columns: readonly Column<MigrationStatus>[] = [
  { title: 'MIGRATION', text: ({ name }) => name },
  {
    title: 'APPLIED',
    text: ({ appliedAt }) => (appliedAt === null ? 'not yet' : formatTime(appliedAt)),
  },
  {
    title: '',
    text: ({ known }) => (known ? '' : 'by a newer version of this program'),
    shrinkTo: 10,
  },
]

async function printStatus(command: Command): Promise<void> {
  const { migrationStatus } = await import('../migration-status.ts')
  const { schema, json = false, ...connection } = commonFlags(command)
  const output = new Output(json)
  const client = await connect(connection)
  try {
    const migrations = await migrationStatus(client, schema)
    if (json) await output.records(...migrations)
    else await output.lines(...output.table(columns).lines(migrations))
    const missing = migrations.filter(({ appliedAt }) => appliedAt === null).length
    if (!json && missing > 0) output.note(`${missing} to apply: kanthorq-tasks migrate up`)
    process.exitCode = exitCode.done
  } finally {
    await client.end()
  }
}
