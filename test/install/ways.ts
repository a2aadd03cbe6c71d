import { migrate } from 'kanthorq-tasks/migrate'
import { extensionFiles } from '../../scripts/extension.ts'
import { withClient } from '../../scripts/with-client.ts'
import { installFile } from '../../src/install/install-sql.ts'
import { runProgram } from '../support/run-program.ts'

/** What a way to install rejects with. */
export interface Refusal {
  code: string
  message: string
}

/** The ways to install into `public`, or to repair what is there. */
export const ways: Record<string, (url: string) => Promise<unknown>> = {
  'migrate()': (url) => migrate({ database: url }),
  'the SQL file': async (url) => {
    const args = [url, '-X', '-v', 'ON_ERROR_STOP=1', '-v', 'VERBOSITY=verbose', '-f', '-']
    const { code, stderr } = await runProgram('psql', args, { input: installFile() })
    const [, state = '', message = stderr] = /ERROR: {2}(\w+): (.*)/.exec(stderr) ?? []
    if (code !== 0) throw Object.assign(new Error(message), { code: state })
  },
  // What the extension's script makes, under the settings of CREATE EXTENSION, which takes a server with its files.
  'the extension': (url) =>
    withClient(url, async (client) => {
      await client.query(
        `begin isolation level read committed read write; set local search_path to public, pg_temp;
         set local check_function_bodies to off; ${script}; commit`,
      )
      await client.query('begin isolation level read committed read write; select public.kanthorq_migrate(); commit')
    }),
}

const script = Object.entries(extensionFiles({ version: '1.0.0' }))
  .flatMap(([name, text]) => (name.endsWith('.sql') ? [text] : []))
  .join('\n')
  .replace(/^\\.*$/gm, '')
  .replaceAll('@extschema@', 'public')
