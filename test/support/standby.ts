import { execFileSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { embeddedBinaries } from '../../scripts/embedded-postgres.ts'
import { makeFolder, runner, startLeashed, type Leashed } from '../../scripts/leashed.ts'

/** A server, and a hot standby that streams from it. Whatever is committed on the one can be read on the other. */
export interface Pair {
  /** Connection string of a database on the primary. */
  primary: string
  /** The same database on the standby. */
  standby: string
  stop: () => Promise<void>
}

/** Starts both, of the version that the run uses, wherever its tests have their databases. */
export async function startPair(): Promise<Pair> {
  const folders = { primary: makeFolder('primary'), standby: makeFolder('standby') }
  const { initdb, postgres } = embeddedBinaries(folders.primary)
  const data = (which: keyof typeof folders) => join(folders[which], 'data')
  // Nobody else gets at the sockets in these folders, so nobody needs a password.
  const options = ['--auth=trust', '--username=postgres', '--encoding=UTF8', '--locale=C']
  execFileSync(initdb, [...options, '--no-sync', data('primary')], { ...runner(), stdio: 'pipe' })
  // A server that is not running can simply be copied: PostgreSQL's manual calls it a file system level backup.
  execFileSync('cp', ['-a', data('primary'), data('standby')])
  closeSync(openSync(join(data('standby'), 'standby.signal'), 'w'))

  const urlOf = (which: keyof typeof folders) =>
    `postgres://postgres@localhost/postgres?host=${encodeURIComponent(folders[which])}`
  const start = (which: keyof typeof folders, settings: Record<string, string>): Promise<Leashed> =>
    startLeashed(
      folders[which],
      'SIGQUIT',
      [
        postgres,
        '-D',
        data(which),
        ...Object.entries({
          listen_addresses: '',
          unix_socket_directories: folders[which],
          fsync: 'off',
          ...settings,
        }).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      urlOf(which),
    )
  const primary = await start('primary', {
    // A commit waits until it can be seen on the standby.
    synchronous_commit: 'remote_apply',
    synchronous_standby_names: '*',
  })
  const standby = await start('standby', {
    primary_conninfo: `host=${folders.primary} user=postgres`,
  })
  const stop = async () => {
    await standby.stop()
    await primary.stop()
  }
  return { primary: urlOf('primary'), standby: urlOf('standby'), stop }
}
