#!/usr/bin/env node
import { parseArgs } from 'node:util'
import pg from 'pg'
import { installSql } from './install-sql.ts'
import { migrate } from './migrate.ts'

const usage = `Usage:
  kanthorq-tasks migrate up   [--url URL] [--schema NAME]   install, or update to the newest version
  kanthorq-tasks migrate down [--url URL] [--schema NAME]   take the newest migration back
  kanthorq-tasks migrate sql                                print it as one SQL file for psql

Without --url, DATABASE_URL is used, or PGHOST, PGUSER and the like. The default schema is public.
`

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      url: { type: 'string', default: process.env['DATABASE_URL'] ?? '' },
      schema: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(usage)
    return 0
  }
  switch (positionals.join(' ')) {
    case 'migrate sql':
      if (values.schema !== undefined) {
        throw new UsageError(
          '--schema does not go with migrate sql: the file installs into the schema that search_path begins with',
        )
      }
      process.stdout.write(installSql())
      return 0
    case 'migrate up':
    case 'migrate down': {
      const direction = positionals[1] === 'up' ? 'up' : 'down'
      const names = await migrate({
        database: values.url === '' ? {} : values.url,
        ...(values.schema === undefined ? {} : { schema: values.schema }),
        direction,
      })
      for (const name of names)
        console.log(`${direction === 'up' ? 'applied' : 'took back'} ${name}`)
      if (names.length === 0)
        console.log(direction === 'up' ? 'nothing to do: up to date' : 'nothing to take back')
      return 0
    }
    default:
      process.stderr.write(usage)
      return 2
  }
}

/** A command that can't be obeyed as it is written. */
class UsageError extends Error {}

function isUsageError(error: unknown): boolean {
  return error instanceof UsageError || (error instanceof TypeError && 'code' in error)
}

/** An error for people: what is wrong, and the server's hint what to do about it. Never an URL, which may hold a password. */
function explain(error: unknown): string {
  // A refused connection comes as one error for each address that was tried, under an empty message.
  if (error instanceof AggregateError) return explain(error.errors[0])
  if (!(error instanceof Error)) return String(error)
  if ('code' in error && error.code === 'ERR_INVALID_URL')
    return 'that is not a connection string: write postgres://user:password@host:port/database'
  return error instanceof pg.DatabaseError && error.hint !== undefined
    ? `${error.message}\n${error.hint}`
    : error.message
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(explain(error))
  process.exitCode = isUsageError(error) ? 2 : 1
}
