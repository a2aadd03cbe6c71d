// npm run lint:plpgsql: what plpgsql_check has to say about the PL/pgSQL functions, but for what is accepted here.
// It needs a server that has that extension; DATABASE_URL names it. Debian: pg_virtualenv, with postgresql-15-plpgsql-check.
import { migrate } from 'kanthorq-tasks/migrate'
import { startServer } from './server.ts'
import { createDatabase } from './throwaway-database.ts'
import { withClient } from './with-client.ts'

/** Findings that are no faults, as function and message. One that does not occur any more has to go from the list. */
const accepted: readonly RegExp[] = [
  // The text consists of constants of db/functions and names that regclass or %I quoted.
  /^(_kanthorq_(doctor_tasks|set_level)|_kanthorq_task_(report|transition|undo)|kanthorq_consumer_register|kanthorq_(task|event)_purge_batch|kanthorq_task_(batch|count|errors|explain|find|history|preview|pull|stats|undo_preview)): text type variable is not sanitized$/,
  // Each is an assignment that casts a number or a name once in a call.
  /^(_kanthorq_(archive_sql|check_(filter|schema)|claimed_by|consumer|doctor_\w+|purge_all|set_level|task_(all|estimate)|time_limit|true_cursor)|kanthorq_(consumer_(hold|list)|(event|task)_purge_batch|task_(batch|pull|rates|stats|undo_batch))): target type is different type than source type$/,
  // RETURN QUERY EXECUTE fills the columns.
  /^(_kanthorq_task_estimate|kanthorq_event_missed|kanthorq_task_(explain|history|rates|stats)): OUT variable "\w+" is maybe unmodified$/,
  // The columns of a record are those of the dynamic SQL.
  /^kanthorq_((event|task)_purge_batch|task_pull): (cannot determinate a result of dynamic SQL|record "v_(batch|begun)" is not assigned yet)$/,
  // It says that this OUT variable is not looked at.
  /^(_kanthorq_(consumer|stream)|kanthorq_(task_|event_)(undo_|purge_)?batch): composite OUT variable "(registry|progress)" is not single argument$/,
  // It is a column of the result, and quoted.
  /^_?kanthorq_doctor\w*: name of parameter "check" is reserved keyword$/,
  // The COMMIT is there to fail: its message shows whether the caller is in a transaction.
  /^_kanthorq_check_can_commit: cannot commit while a subtransaction is active$/,
]

const server = await startServer()
try {
  const database = await createDatabase(server.url)
  await migrate({ database: database.url })
  const { rows } = await withClient(database.url, async (client) => {
    await client.query('create extension plpgsql_check')
    return client.query<{ place: string; finding: string }>(
      `select concat_ws(' ', p.proname, c.lineno, c.level) as place, p.proname || ': ' || c.message as finding
     from pg_proc p
     join pg_language l on l.oid = p.prolang and l.lanname = 'plpgsql'
     cross join lateral plpgsql_check_function_tb(
       p.oid, case p.prorettype when 'trigger'::regtype then 'kanthorq_consumer_registry'::regclass else 0 end,
       performance_warnings => true, extra_warnings => true, security_warnings => true, compatibility_warnings => true
     ) c
     where p.pronamespace = 'public'::regnamespace
     order by p.proname, c.lineno`,
    )
  })

  const unexpected = rows.filter(({ finding }) => !accepted.some((each) => each.test(finding)))
  const stale = accepted.filter((each) => !rows.some(({ finding }) => each.test(finding)))
  for (const { place, finding } of unexpected) console.log(`${place}: ${finding}`)
  for (const { source } of stale) console.log(`accepted, but not found: ${source}`)
  console.log(`plpgsql_check: ${rows.length - unexpected.length} findings accepted, ${unexpected.length} not`)
  process.exitCode = unexpected.length + stale.length === 0 && rows.length > 0 ? 0 : 1
} finally {
  await server.stop()
}
