// npm run demo: a story in the command line, on a throw-away database: mails failed, why, preview, resume, done, undo.
import { styleText } from 'node:util'
import { migrate } from 'kanthorq-tasks/migrate'
import type pg from 'pg'
import { makeProgram } from '../src/cli/program.ts'
import { startServer } from './server.ts'
import { createDatabase } from './throwaway-database.ts'
import { withClient } from './with-client.ts'

const server = await startServer()
try {
  const { url, drop } = await createDatabase(server.url)
  await migrate({ database: url })
  await withClient(url, (client) => tell(client, url))
  await drop()
} finally {
  await server.stop()
}

async function tell(client: pg.Client, url: string): Promise<void> {
  await failMails(client)
  await show(url, 'mails failed', 'stats', 'send_email')
  await show(url, 'why?', 'find', 'send_email', '--state', 'discarded')
  const refused = ['resume', 'send_email', '--error', 'refused']
  await show(url, 'preview', ...refused, '--dry-run')
  await show(url, '', ...refused, '--reason', 'smtp is back', '--yes')
  await workOnOne(client)
  await show(url, 'a worker completed one', 'stats', 'send_email')
  await show(url, 'undo the rest', 'undo', '--bulk', '1', '--yes')
}

/** Runs a command line below its text and a word on it. */
async function show(url: string, remark: string, ...args: string[]): Promise<void> {
  const quoted = args.map((arg) => (/^[\w-]+$/.test(arg) ? arg : `'${arg}'`)).join(' ')
  const comment = remark === '' ? '' : styleText('dim', `  # ${remark}`)
  console.log(styleText('bold', `$ kanthorq-tasks ${quoted}`) + comment)
  await makeProgram().parseAsync([...args, '--url', url], { from: 'user' })
}

/** Three mails have been sent, and two were refused until their attempts were spent. */
async function failMails(client: pg.Client): Promise<void> {
  await client.query(`
    select kanthorq_consumer_register('shop', 'send_email', '{order.>}', attempt_max => 3);
    select kanthorq_task_convert('send_email', array[kanthorq_stream_publish('shop', 'order.paid', '')], state)
    from unnest('{completed, discarded, completed, discarded, completed}'::text[]) state`)
  await client.query(`
    update ${await taskTable(client)} set attempt_count = 3,
      attempted_error = array['{"at": 1, "error": "smtp refused", "stack": "-"}'::jsonb]
    where state = -102`)
}

/** Completes the first of the running tasks, as KanthorQ's worker does. */
async function workOnOne(client: pg.Client): Promise<void> {
  const table = await taskTable(client)
  await client.query(`
    update ${table} set state = 101, finalized_at = extract(epoch from now()) * 1000
    where event_id = (select min(event_id) from ${table} where state = 2)`)
}

async function taskTable(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ name: string }>(
    "select 'kanthorq_' || id as name from kanthorq_consumer_registry where name = 'send_email'",
  )
  return rows[0]?.name ?? ''
}
