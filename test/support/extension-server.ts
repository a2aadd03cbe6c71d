import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { embeddedBinaries, openToOthers } from '../../scripts/embedded-postgres.ts'
import type { Server } from '../../scripts/server.ts'
import { makeFolder } from '../../scripts/leashed.ts'
import { initData, startOn, urlIn } from './own-server.ts'

/**
 * Starts a server that finds the files of an extension.
 *
 * @param files - what they are called, and their text
 * @param postgres - a major version; by default the one that the run uses
 */
export async function startServerWithExtension(files: Record<string, string>, postgres?: string): Promise<Server> {
  const folder = makeFolder('extension')
  const { postgres: program } = embeddedBinaries(folder, postgres)
  const printed = execFileSync(program, ['--version'], { encoding: 'utf8' })
  const version = /[\d.]+$/.exec(printed.trim())?.[0] ?? ''
  const { bin, settings } = install(files, dirname(program), Number.parseInt(version), folder)

  initData(join(bin, 'initdb'), folder)
  const { stop } = await startOn(folder, join(bin, 'postgres'), settings)
  return { url: urlIn(folder), version, embedded: true, stop }
}

/**
 * From PostgreSQL 18 on a server can be told where else to look. Before, there is one place, among its own files; those are
 * everybody's, so it gets a copy of them.
 */
function install(
  files: Record<string, string>,
  bin: string,
  major: number,
  folder: string,
): { bin: string; settings: Record<string, string> } {
  const place = join(folder, 'installed')
  const named = major >= 18
  if (!named) execFileSync('cp', ['-a', dirname(bin), place])
  const extensions = join(place, ...(named ? [] : ['share', 'postgresql']), 'extension')
  mkdirSync(extensions, { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(extensions, name), text)
  openToOthers(place)
  return named ? { bin, settings: { extension_control_path: `$system:${place}` } } : { bin: join(place, 'bin'), settings: {} }
}
