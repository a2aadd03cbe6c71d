// npm run lint:plpgsql: what plpgsql_check has to say about the PL/pgSQL functions, but for what is accepted here.
// It needs a server that has that extension; DATABASE_URL names it. Debian: pg_virtualenv, with postgresql-15-plpgsql-check.
import pg from 'pg'
import { migrate } from 'kanthorq-tasks'
import { startServer } from './server.ts'
import { createDatabase } from './throwaway-database.ts'

/** Findings that are no faults. One that does not occur any more has to go from the list. */
const accepted: readonly { functions: RegExp; message: RegExp; because: string }[] = [
  {
    functions:
      /^(_kanthorq_set_level|_kanthorq_task_(transition|undo)|kanthorq_consumer_register|kanthorq_task_(batch|count|explain|find|preview|stats))$/,
    message: /^text type variable is not sanitized$/,
    because: 'the text consists of constants of db/functions and names that regclass or %I quoted',
  },
  {
    functions: /^(_kanthorq_(check_filter|consumer)|kanthorq_task_(batch|stats|undo_batch))$/,
    message: /^target type is different type than source type$/,
    because: 'each is an assignment that casts a number or a name once in a call',
  },
  {
    functions: /^kanthorq_task_(explain|stats)$/,
    message: /^OUT variable "\w+" is maybe unmodified$/,
    because: 'RETURN QUERY EXECUTE fills the columns',
  },
  {
    functions: /^(_kanthorq_(consumer|stream)|kanthorq_task_(undo_)?batch)$/,
    message: /^composite OUT variable "(registry|progress)" is not single argument$/,
    because: 'it says that this OUT variable is not looked at',
  },
  {
    functions: /^kanthorq_doctor$/,
    message: /^name of parameter "check" is reserved keyword$/,
    because: 'it is a column of the result, and quoted',
  },
  {
    functions: /^_kanthorq_check_can_commit$/,
    message: /^cannot commit while a subtransaction is active$/,
    because:
      'the COMMIT is there to fail: its message shows whether the caller is in a transaction',
  },
]

interface Finding {
  function: string
  line: number | null
  level: string
  message: string
}

const server = await startServer()
try {
  const database = await createDatabase(server.url)
  await migrate({ database: database.url })
  const client = new pg.Client(database.url)
  await client.connect()
  const { rows } = await findings(client).finally(() => client.end())

  const unexpected = rows.filter((row) => !accepted.some((each) => fits(each, row)))
  const stale = accepted.filter((each) => !rows.some((row) => fits(each, row)))
  for (const row of unexpected) {
    console.log(`${row.function}:${String(row.line ?? '')} ${row.level}: ${row.message}`)
  }
  for (const { functions } of stale) console.log(`accepted, but not found: ${functions.source}`)
  console.log(
    `plpgsql_check: ${rows.length - unexpected.length} findings accepted, ${unexpected.length} not`,
  )
  process.exitCode = unexpected.length + stale.length === 0 && rows.length > 0 ? 0 : 1
} finally {
  await server.stop()
}

function fits({ functions, message }: (typeof accepted)[number], row: Finding): boolean {
  return functions.test(row.function) && message.test(row.message)
}

async function findings(client: pg.Client) {
  await client.query('create extension plpgsql_check')
  return client.query<Finding>(
    `select p.proname as function, c.lineno as line, c.level, c.message
     from pg_proc p
     join pg_language l on l.oid = p.prolang and l.lanname = 'plpgsql'
     cross join lateral plpgsql_check_function_tb(
       p.oid, performance_warnings => true, extra_warnings => true, security_warnings => true, compatibility_warnings => true
     ) c
     where p.pronamespace = 'public'::regnamespace
     order by 1, 2`,
  )
}
