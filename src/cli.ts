#!/usr/bin/env node
import { parseArgs } from 'node:util'
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
      schema: { type: 'string', default: 'public' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(usage)
    return 0
  }
  switch (positionals.join(' ')) {
    case 'migrate sql':
      process.stdout.write(installSql())
      return 0
    case 'migrate up':
    case 'migrate down': {
      const direction = positionals[1] === 'up' ? 'up' : 'down'
      const names = await migrate({
        database: values.url === '' ? {} : values.url,
        schema: values.schema,
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

try {
  process.exitCode = await main()
} catch (error) {
  // A refused connection comes as one error for each address that was tried, under an empty message.
  const cause: unknown = error instanceof AggregateError ? error.errors[0] : error
  console.error(cause instanceof Error ? cause.message : cause)
  process.exitCode = cause instanceof TypeError ? 2 : 1
}
