// The folder of the extension, as PGXN and dbdev want it.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { writeExtension } from '../../scripts/extension-package.ts'
import { projectFolder, runProgram } from '../support/run-program.ts'

const { version } = JSON.parse(readFileSync(join(projectFolder, 'package.json'), 'utf8')) as { version: string }
const folder = mkdtempSync(join(tmpdir(), 'kanthorq-extension-'))
writeExtension(folder, { version, earlier: ['0.0.1'] })
test.after.always(() => {
  rmSync(folder, { recursive: true })
})

const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
const scripts = files.filter((file) => file.endsWith('.sql'))
const text = (file: string) => readFileSync(join(folder, file), 'utf8')

interface Meta extends Record<string, unknown> {
  provides: Record<string, Record<'file' | 'docfile' | 'version', string>>
  resources: object
}

const isText = (value: unknown) => typeof value === 'string' && value !== ''
const isTerm = (value: unknown) => typeof value === 'string' && /^[^\s\p{Cc}/\\]{2,}$/u.test(value)
const isVersion = (value: unknown) => typeof value === 'string' && /^\d+\.\d+\.\d+$/.test(value)

/** What the PGXN Meta Spec 1.0.0 requires, and whether a value is right. */
const required: Record<string, (value: unknown) => boolean> = {
  abstract: isText,
  maintainer: isText,
  license: (value) => value === 'mit',
  'meta-spec': (value) => (value as { version: unknown }).version === '1.0.0',
  name: isTerm,
  provides: (value) => Object.entries(value as Meta['provides']).every(([name, it]) => isTerm(name) && isVersion(it.version)),
  version: isVersion,
}

test('META.json has the fields that PGXN requires, and names files and versions that are there', (t) => {
  const meta = JSON.parse(text('META.json')) as Meta
  t.deepEqual(
    Object.entries(required).filter(([key, isRight]) => !(key in meta && isRight(meta[key]))),
    [],
  )
  const links = Object.values(meta.resources).flatMap((it: string | Record<string, string>) =>
    typeof it === 'string' ? [it] : [it['web'] ?? it['url'] ?? ''],
  )
  t.true(links.every((link) => URL.canParse(link)))

  const { kanthorq_tasks: provided } = meta.provides
  t.is(provided?.version, version)
  t.is(/^default_version = '(.*)'$/m.exec(text('kanthorq_tasks.control'))?.[1], version)
  for (const file of [provided?.file ?? '', provided?.docfile ?? '', 'LICENSE', 'Changes']) t.true(files.includes(file), file)
})

test('make install installs the control file, the scripts and the documentation', async (t) => {
  // In the place of PostgreSQL's makefile for extensions, one that names what that would install.
  const pgxs = join(folder, 'pgxs.mk')
  writeFileSync(pgxs, 'install:\n\t@echo $(addsuffix .control,$(EXTENSION)) $(DATA) $(DOCS)\n')
  const { code, stdout, stderr } = await runProgram('make', ['install', `PG_CONFIG=echo ${pgxs} #`], { cwd: folder })
  t.is(code, 0, stderr)
  t.deepEqual(stdout.trim().split(' ').sort(), ['doc/kanthorq_tasks.md', 'kanthorq_tasks.control', ...scripts].sort())
})

test('dbdev can take the folder as a package', (t) => {
  t.deepEqual(
    files.filter((file) => file.endsWith('.control')),
    ['kanthorq_tasks.control'],
  )
  t.regex('kanthorq_tasks', /^[A-Za-z]\w{2,32}$/)
  t.deepEqual(scripts.sort(), [
    'kanthorq_tasks--0.0.1--0.0.100.sql',
    `kanthorq_tasks--0.0.100--${version}.sql`,
    'kanthorq_tasks--0.0.100.sql',
  ])
  // It reads one setting a line, and its registry takes no longer texts.
  const [, comment = ''] = /^comment = '(.*)'$/m.exec(text('kanthorq_tasks.control')) ?? []
  t.true(comment !== '' && comment.length <= 1000)
  for (const file of scripts) t.true(text(file).length <= 250_000, `${file} has ${text(file).length} characters`)
  t.regex(text('README.md'), /^# kanthorq_tasks\n[^]*create extension kanthorq_tasks;\nselect kanthorq_migrate\(\);/)
})
