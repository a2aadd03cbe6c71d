import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { projectFolder, runProgram } from './run-program.ts'

/** An application's project, empty but for what it depends on. */
export interface Project {
  folder: string
  /** The packed package, ready for `npm install`. */
  tarball: string
  remove(): void
}

/** Packs the package as `npm publish` would, and installs it and pg into an empty strict TypeScript project. */
export async function emptyProject(): Promise<Project> {
  const folder = mkdtempSync(join(tmpdir(), 'kanthorq-project-'))
  const { code, stdout, stderr } = await runProgram('npm', [
    'pack',
    '--json',
    '--pack-destination',
    folder,
  ])
  if (code !== 0) throw new Error(`npm pack failed: ${stderr}${stdout}`)
  const [tarball] = readdirSync(folder)
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module', private: true }))
  // The versions that we have, which npm keeps in its cache.
  const needed = ['pg', '@types/pg', '@types/node'].map((name) => `${name}@${versionOf(name)}`)
  const arguments_ = ['install', '--prefer-offline', join(folder, tarball ?? ''), ...needed]
  const installed = await runProgram('npm', arguments_, { cwd: folder })
  if (installed.code !== 0) throw new Error(`npm install failed: ${installed.stderr}`)
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        strict: true,
        module: 'NodeNext',
        target: 'ES2023',
        noEmit: true,
        types: ['node'],
      },
      include: ['*.ts'],
    }),
  )
  symlinkSync(join(projectFolder, 'examples'), join(folder, 'examples'))
  return {
    folder,
    tarball: join(folder, tarball ?? ''),
    remove: () => {
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function versionOf(name: string): string {
  const file = join(projectFolder, 'node_modules', name, 'package.json')
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}
