import { Command } from 'commander'
import { installFile } from '../../install/install-sql.ts'
import { migrate } from '../../install/migrate.ts'
import { installationStatus, type MigrationStatus } from '../../install/migration-status.ts'
import { UsageError } from '../errors.ts'
import { addExamples } from '../help.ts'
import { exitCode } from '../exit-code.ts'
import { formatAge, formatTime } from '../terminal/format.ts'
import { clean } from '../terminal/line.ts'
import { Output } from '../terminal/output.ts'
import { commonFlags } from '../arguments/common-options.ts'
import { withSession } from '../session.ts'
import type { Column } from '../terminal/table.ts'

export function migrateCommand(): Command {
  return new Command('migrate')
    .summary('Install or update the functions')
    .description('Installs or updates the functions.')
    .helpCommand(false)
    .addCommand(upCommand())
    .addCommand(downCommand())
    .addCommand(statusCommand())
    .addCommand(sqlCommand())
}

function upCommand(): Command {
  const command = new Command('up')
    .summary('Install or update the functions')
    .description(
      'Installs the functions, or updates them to the newest version, by applying the missing migrations in one transaction. ' +
        'Does not alter existing KanthorQ objects.',
    )
    .action(() => move(command, 'up'))
  return addExamples(
    command,
    {
      why: 'install or update the functions',
      line: 'kanthorq-tasks migrate up --url "$DATABASE_URL"',
    },
    {
      why: 'KanthorQ is in another schema',
      line: 'kanthorq-tasks migrate up --schema queue',
    },
  )
}

function downCommand(): Command {
  const command = new Command('down')
    .summary('Revert the newest migration')
    .description('Reverts the newest migration. Never drops a table that holds rows.')
    .action(() => move(command, 'down'))
  return addExamples(command, {
    why: 'go back to the previous version, and forward again',
    line: 'kanthorq-tasks migrate down && kanthorq-tasks migrate up',
  })
}

async function move(command: Command, direction: 'up' | 'down'): Promise<void> {
  await withSession(command, async ({ db: { client, target }, output }) => {
    const names = await migrate({
      database: client,
      schema: target.schema,
      direction,
      log: (line) => {
        if (/^(another migration|the installation is damaged)/.test(line)) output.note(clean(line))
      },
    })
    const [done, nothing] = direction === 'up' ? ['applied', 'nothing to apply: up to date'] : ['reverted', 'nothing to revert']
    if (output.isData) await output.records(names.map((name) => ({ name, direction })))
    else await output.lines(names.length > 0 ? names.map((name) => `${done} ${name}`) : [nothing])
    return exitCode.done
  })
}

function sqlCommand(): Command {
  const command = new Command('sql')
    .summary('Print the migrations as one SQL file')
    .description(
      'Prints an SQL file that does the same as "migrate up", for psql. Needs no connection. The file installs into the first ' +
        'schema of search_path.',
    )
    .action(async () => {
      const { schema, json, csv } = commonFlags(command)
      if (schema !== undefined)
        throw new UsageError(
          '--schema cannot be combined with migrate sql: the file installs into the first schema of search_path',
        )
      if (json || csv)
        throw new UsageError(`--${json ? 'json' : 'csv'} cannot be combined with migrate sql, whose output is SQL`)
      await new Output('text').lines(installFile().split('\n').slice(0, -1))
    })
  return addExamples(command, {
    why: 'write a file that installs or updates the functions with psql',
    line: 'kanthorq-tasks migrate sql > kanthorq-tasks.sql',
  })
}

const columns: readonly Column<MigrationStatus>[] = [
  { title: 'MIGRATION', text: ({ name }) => name },
  {
    title: 'APPLIED',
    text: ({ appliedAt }) => (appliedAt === null ? 'not yet' : formatTime(appliedAt)),
  },
  { title: 'AGE', text: ({ appliedAt }) => formatAge(appliedAt), align: 'right', isFleeting: true },
  {
    title: '',
    text: ({ known }) => (known ? '' : 'by a newer version of this program'),
    shrinkTo: 10,
  },
]

function statusCommand(): Command {
  const command = new Command('status')
    .summary('List the migrations')
    .description(
      'Lists the migrations and when they were applied, and what is missing or not as it was installed. Changes nothing.',
    )
    .action(async () => {
      await withSession(command, async ({ db: { client, target }, output }) => {
        const { migrations, faults } = await installationStatus(client, target.schema)
        if (output.isData) await output.records(migrations)
        else await output.lines(output.table(columns).lines(migrations))
        for (const fault of faults) output.note(clean(fault))
        if (faults.length > 0) output.note('to repair it: kanthorq-tasks migrate up')
        const missing = migrations.filter(({ appliedAt }) => appliedAt === null).length
        if (missing > 0) output.note(`${missing} to apply: kanthorq-tasks migrate up`)
        return exitCode.done
      })
    })
  return addExamples(command, {
    why: 'are there migrations to apply?',
    line: 'kanthorq-tasks migrate status',
  })
}
