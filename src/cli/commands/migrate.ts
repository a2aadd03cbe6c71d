import { Command } from 'commander'
import { installSql } from '../../install/install-sql.ts'
import { migrate } from '../../install/migrate.ts'
import { migrationStatus, type MigrationStatus } from '../../install/migration-status.ts'
import { UsageError } from '../errors.ts'
import { addExamples } from '../help/examples.ts'
import { exitCode } from '../exit-code.ts'
import { formatTime } from '../terminal/format.ts'
import { Output } from '../terminal/output.ts'
import { addCommon, commonFlags, withSession } from '../session.ts'
import type { Column } from '../terminal/table.ts'

export function migrateCommand(): Command {
  return new Command('migrate')
    .summary('install the functions, and keep them up to date')
    .description('Installs the functions, and keeps them up to date.')
    .helpCommand(false)
    .addCommand(upCommand())
    .addCommand(downCommand())
    .addCommand(statusCommand())
    .addCommand(sqlCommand())
}

function upCommand(): Command {
  const command = new Command('up')
    .summary('install, or update to the newest version')
    .description(
      'Installs the functions, or updates them to the newest version: applies, in one transaction, the migrations that are not ' +
        'applied yet. Leaves what KanthorQ has made as it is.',
    )
    .action(() => move(command, 'up'))
  return addExamples(
    addCommon(command),
    {
      why: 'install the functions beside KanthorQ, or update them',
      line: 'kanthorq-tasks migrate up --url "$DATABASE_URL"',
    },
    {
      why: 'where KanthorQ lives in another schema',
      line: 'kanthorq-tasks migrate up --schema queue',
    },
  )
}

function downCommand(): Command {
  const command = new Command('down')
    .summary('take the newest migration back')
    .description('Takes the newest migration back. A table that holds rows is never dropped.')
    .action(() => move(command, 'down'))
  return addExamples(addCommon(command), {
    why: 'back to the version before; up brings the newest again',
    line: 'kanthorq-tasks migrate down && kanthorq-tasks migrate up',
  })
}

async function move(command: Command, direction: 'up' | 'down'): Promise<void> {
  await withSession(command, async ({ client, schema, output }) => {
    const names = await migrate({ database: client, schema, direction })
    const [done, nothing] =
      direction === 'up'
        ? ['applied', 'nothing to do: up to date']
        : ['took back', 'nothing to take back']
    if (output.json) await output.records(names.map((name) => ({ name, direction })))
    else await output.lines(names.length > 0 ? names.map((name) => `${done} ${name}`) : [nothing])
    return exitCode.done
  })
}

function sqlCommand(): Command {
  const command = new Command('sql')
    .summary('print it as one SQL file for psql')
    .description(
      'Prints one SQL file that does what "migrate up" does, for where there is only psql. Needs no connection. The file installs ' +
        'into the schema that search_path begins with.',
    )
    .action(async () => {
      const { schema, json } = commonFlags(command)
      if (schema !== undefined)
        throw new UsageError(
          '--schema does not go with migrate sql: the file installs into the schema that search_path begins with',
        )
      if (json) throw new UsageError('--json does not go with migrate sql: what it prints is SQL')
      await new Output(false).lines(installSql().split('\n').slice(0, -1))
    })
  return addExamples(addCommon(command), {
    why: 'a file that installs or updates the functions wherever there is psql',
    line: 'kanthorq-tasks migrate sql > kanthorq-tasks.sql',
  })
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

function statusCommand(): Command {
  const command = new Command('status')
    .summary('which migrations are applied')
    .description('Lists the migrations, and when they were applied. Changes nothing.')
    .action(async () => {
      await withSession(command, async ({ client, schema, output }) => {
        const migrations = await migrationStatus(client, schema)
        if (output.json) await output.records(migrations)
        else await output.lines(output.table(columns).lines(migrations))
        const missing = migrations.filter(({ appliedAt }) => appliedAt === null).length
        if (missing > 0) output.note(`${missing} to apply: kanthorq-tasks migrate up`)
        return exitCode.done
      })
    })
  return addExamples(addCommon(command), {
    why: 'is there anything to apply?',
    line: 'kanthorq-tasks migrate status',
  })
}
