import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { projectFolder, runProgram } from './run-program.ts'

/** An application's project, empty but for what it depends on. */
export interface Project {
  folder: string
  /** The packed package, ready for `npm install`. */
  tarball: string
  remove: () => void
}

/** Installs the package and pg into an empty strict TypeScript project. */
export async function emptyProject(pgVersion = versionOf('pg')): Promise<Project> {
  const folder = mkdtempSync(join(tmpdir(), 'kanthorq-project-'))
  const packed = await pack()
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

/** Where a run of the tests keeps the package that the first of its files has packed. */
const shared = process.env['KANTHORQ_TEST_PACKED'] ?? mkdtempSync(join(tmpdir(), 'kanthorq-packed-'))
if (shared !== process.env['KANTHORQ_TEST_PACKED'])
  process.once('exit', () => {
    rmSync(shared, { recursive: true, force: true })
  })

/**
 * Packs the package as `npm publish` would, and says where it is. That is done in a copy of the project, whose `dist` holds nothing
 * old, and once in a run of the tests: other files wait for the one that has begun.
 */
export async function pack(): Promise<string> {
  const packed = join(shared, 'kanthorq-tasks.tgz')
  const copy = join(shared, 'copy')
  for (;;) {
    if (existsSync(packed)) return packed
    try {
      mkdirSync(copy)
      break
    } catch {
      // It is there: another file is at work in it.
      await setTimeout(100)
    }
  }
  try {
    cpSync(projectFolder, copy, {
      recursive: true,
      filter: (path) => !['node_modules', 'dist', '.git'].includes(basename(path)),
    })
    symlinkSync(join(projectFolder, 'node_modules'), join(copy, 'node_modules'))
    await npm(['pack', '--pack-destination', copy], copy)
    const name = readdirSync(copy).find((each) => each.endsWith('.tgz')) ?? ''
    renameSync(join(copy, name), packed)
    return packed
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
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
