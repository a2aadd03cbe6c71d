import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { runner, startLeashed, type Leashed } from '../../scripts/leashed.ts'

/** The connection string of a server whose socket is in this folder. Nobody else gets at it, so it needs no password. */
export function urlIn(folder: string): string {
  return `postgres://postgres@localhost/postgres?host=${encodeURIComponent(folder)}`
}

/** Makes the data of a server, in `data` of a folder of {@link makeFolder}. */
export function initData(initdb: string, folder: string, auth = ['--auth=trust']): string {
  const data = join(folder, 'data')
  const options = [...auth, '--username=postgres', '--encoding=UTF8', '--locale=C', '--no-sync']
  execFileSync(initdb, [...options, data], { ...runner(), stdio: 'pipe' })
  return data
}

/** Starts a server on the data in a folder; by default it is reached by its socket only. */
export function startOn(
  folder: string,
  postgres: string,
  settings: Record<string, string>,
  url = urlIn(folder),
): Promise<Leashed> {
  const all = {
    listen_addresses: '',
    unix_socket_directories: folder,
    fsync: 'off',
    ...settings,
  }
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const command = [postgres, '-D', join(folder, 'data'), ...flags] as [string, ...string[]]
  return startLeashed(folder, 'SIGQUIT', command, url)
}
