import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
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
export async function emptyProject(
  tarball?: string,
  pgVersion = versionOf('pg'),
): Promise<Project> {
  const folder = mkdtempSync(join(tmpdir(), 'kanthorq-project-'))
  const packed = tarball ?? (await pack(folder))
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module', private: true }))
  // The versions that we have, which npm keeps in its cache.
  const types = ['@types/pg', '@types/node'].map((name) => `${name}@${versionOf(name)}`)
  const arguments_ = ['install', '--prefer-offline', packed, `pg@${pgVersion}`, ...types]
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
        skipLibCheck: true,
        types: ['node'],
      },
      include: ['*.ts'],
    }),
  )
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
    const arguments_ = ['pack', '--pack-destination', to]
    const { code, stdout, stderr } = await runProgram('npm', arguments_, { cwd: copy })
    if (code !== 0) throw new Error(`npm pack failed: ${stderr}${stdout}`)
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
  return join(to, readdirSync(to).find((name) => name.endsWith('.tgz')) ?? '')
}

/** The files of the extension that the installed package has, and their text. */
export function shippedExtension({ folder }: Project): Record<string, string> {
  const extension = join(folder, 'node_modules/kanthorq-tasks/dist/extension')
  return Object.fromEntries(
    readdirSync(extension).map((name) => [name, readFileSync(join(extension, name), 'utf8')]),
  )
}

/** The version of a package that the project has. */
export function versionOf(name: string): string {
  const file = join(projectFolder, 'node_modules', name, 'package.json')
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}
