import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { projectFolder, runProgram } from './run-program.ts'

/** An application's project, empty but for what it depends on. */
export interface Project {
  folder: string
  /** The packed package, ready for `npm install`. */
  tarball: string
  remove: () => void
}

/** Installs the package and pg into an empty strict TypeScript project. */
export async function emptyProject(tarball?: string, pgVersion = versionOf('pg')): Promise<Project> {
  const folder = mkdtempSync(join(tmpdir(), 'kanthorq-project-'))
  const packed = tarball ?? (await pack(folder))
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module', private: true }))
  // The versions that we have, which npm keeps in its cache.
  const types = ['@types/pg', '@types/node'].map((name) => `${name}@${versionOf(name)}`)
  await npm(['install', '--prefer-offline', packed, `pg@${pgVersion}`, ...types], folder)
  const modules = { module: 'NodeNext', target: 'ES2023', types: ['node'] }
  const compilerOptions = { ...modules, strict: true, noEmit: true, skipLibCheck: true }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
  symlinkSync(join(projectFolder, 'examples'), join(folder, 'examples'))
  return {
    folder,
    tarball: packed,
    remove: () => {
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/**
 * Packs the package into a folder as `npm publish` would, and says where it is. That is done in a copy of the project, whose
 * `dist` holds nothing old, and where two that pack at once don't build into each other's.
 */
export async function pack(to: string): Promise<string> {
  const copy = mkdtempSync(join(tmpdir(), 'kanthorq-pack-'))
  try {
    cpSync(projectFolder, copy, {
      recursive: true,
      filter: (path) => !['node_modules', 'dist', '.git'].includes(basename(path)),
    })
    symlinkSync(join(projectFolder, 'node_modules'), join(copy, 'node_modules'))
    await npm(['pack', '--pack-destination', to], copy)
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
  return join(to, readdirSync(to).find((name) => name.endsWith('.tgz')) ?? '')
}

async function npm(args: string[], cwd: string): Promise<void> {
  const { code, stdout, stderr } = await runProgram('npm', args, { cwd })
  if (code !== 0) throw new Error(`npm ${args.join(' ')} failed: ${stderr}${stdout}`)
}

/** What a server reads of the extension that the installed package has: the names of the files, and their text. */
export function shippedExtension({ folder }: Project): Record<string, string> {
  const extension = join(folder, 'node_modules/kanthorq-tasks/dist/extension')
  const names = readdirSync(extension).filter((name) => /\.(control|sql)$/.test(name))
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(extension, name), 'utf8')]))
}

/** The version of a package that the project has. */
export function versionOf(name: string): string {
  const file = join(projectFolder, 'node_modules', name, 'package.json')
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}
