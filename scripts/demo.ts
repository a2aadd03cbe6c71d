// npm run demo: a story in a shell, on a throw-away database: two mails fail, why, preview, resume, a worker sends one, undo.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { styleText } from 'node:util'
import { migrate } from 'kanthorq-tasks/migrate'
import { compiledCommandLine } from '../test/support/compiled.ts'
import { startServer } from './server.ts'
import { createDatabase } from './throwaway-database.ts'
import { withClient } from './with-client.ts'

/** What is typed, and a word on it. */
const story = [
  [String.raw`printf 'Ada\nBob\n' | kanthorq-tasks publish shop order.paid --lines`, ''],
  ['kanthorq-tasks work send_email --drain -- sh send-mail 2>log', 'smtp is down'],
  ['kanthorq-tasks find send_email --state discarded', 'why?'],
  ['kanthorq-tasks resume send_email --error smtp --dry-run', 'preview'],
  ['kanthorq-tasks resume send_email --error smtp --spread 1h --reason fixed --yes', ''],
  ['SMTP=up kanthorq-tasks work send_email --drain -- sh send-mail', 'what is due'],
  ['kanthorq-tasks undo --bulk 1 --yes', 'undo the rest'],
] as const

const sendMail = `[ "$SMTP" ] || { echo 'smtp refused' >&2; exit 1; }
echo 'mail sent'
`

const cwd = mkdtempSync(join(tmpdir(), 'kanthorq-demo-'))
writeFileSync(join(cwd, 'send-mail'), sendMail)
const server = await startServer()
try {
  const { url, drop } = await createDatabase(server.url)
  await migrate({ database: url })
  await withClient(url, (client) =>
    client.query(
      "select kanthorq_consumer_register('shop', 'send_email', '{order.>}', attempt_max => 1, visibility_timeout => 1001)",
    ),
  )
  for (const [line, remark] of story) {
    const comment = remark === '' ? '' : styleText('dim', `  # ${remark}`)
    console.log(styleText('bold', `$ ${line}`) + comment)
    run(line, url)
    if (remark === 'smtp is down') {
      // The second attempt, which is the last, as soon as it is due.
      await setTimeout(1100)
      run(line, url)
    }
  }
  await drop()
} finally {
  await server.stop()
  rmSync(cwd, { recursive: true })
}

function run(line: string, url: string): void {
  const program = `'${process.execPath}' '${compiledCommandLine()}'`
  const script = line.replace('kanthorq-tasks', () => program)
  spawnSync('sh', ['-c', script], { cwd, env: { ...process.env, DATABASE_URL: url }, stdio: 'inherit' })
}
