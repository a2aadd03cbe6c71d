import { execFileSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { embeddedBinaries } from '../../scripts/embedded-postgres.ts'
import { makeFolder } from '../../scripts/leashed.ts'
import { initData, startOn, urlIn } from './own-server.ts'

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
  const data = initData(initdb, folders.primary)
  // The data of a server that does not run can simply be copied.
  execFileSync('cp', ['-a', data, join(folders.standby, 'data')])
  closeSync(openSync(join(folders.standby, 'data', 'standby.signal'), 'w'))

  const primary = await startOn(folders.primary, postgres, {
    // A commit waits until it can be seen on the standby.
    synchronous_commit: 'remote_apply',
    synchronous_standby_names: '*',
  })
  const standby = await startOn(folders.standby, postgres, {
    primary_conninfo: `host=${folders.primary} user=postgres`,
  })
  const stop = async () => {
    await standby.stop()
    await primary.stop()
  }
  return { primary: urlIn(folders.primary), standby: urlIn(folders.standby), stop }
}
