import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { extensionFiles, halfOf, type ExtensionVersions } from './extension.ts'

const project = fileURLToPath(new URL('..', import.meta.url))
const read = (file: string) => readFileSync(join(project, file), 'utf8')

/** What package.json says that PGXN wants to know, too. */
interface Manifest {
  version: string
  description: string
  homepage?: string
  bugs?: { url: string }
  repository?: { url: string }
}

/**
 * Writes the extension into a folder, as a distribution of PGXN, with its META.json and a Makefile, and as a package of dbdev, which
 * takes the control file, the scripts and README.md.
 */
export function writeExtension(folder: string, versions: ExtensionVersions): void {
  const manifest = JSON.parse(read('package.json')) as Manifest
  const guide = documentation()
  const files = {
    ...extensionFiles(versions),
    'META.json': `${JSON.stringify(meta(manifest), undefined, 2)}\n`,
    Makefile: makefile,
    'README.md': guide,
    'doc/kanthorq_tasks.md': guide,
    LICENSE: read('LICENSE'),
    Changes: read('CHANGELOG.md'),
  }
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
}

/** After https://pgxn.org/spec/. */
function meta({ version, description, homepage, bugs, repository }: Manifest) {
  const provided = {
    abstract: 'Installs and updates the functions that manage KanthorQ tasks',
    file: `kanthorq_tasks--${halfOf(version)}--${version}.sql`,
    docfile: 'doc/kanthorq_tasks.md',
    version,
  }
  return {
    name: 'kanthorq_tasks',
    abstract: description,
    version,
    maintainer: 'the kanthorq-tasks authors',
    license: 'mit',
    provides: { kanthorq_tasks: provided },
    prereqs: { runtime: { requires: { PostgreSQL: '14.0.0', plpgsql: '0' } } },
    resources: {
      ...(homepage !== undefined && { homepage }),
      ...(bugs !== undefined && { bugtracker: { web: bugs.url } }),
      ...(repository !== undefined && { repository: { url: repository.url.replace(/^git\+/, ''), type: 'git' } }),
    },
    'meta-spec': { version: '1.0.0', url: 'https://pgxn.org/meta/spec.txt' },
    tags: ['kanthorq', 'queue', 'task', 'plpgsql'],
  }
}

const makefile = `# make install copies the extension to the server that pg_config names.
EXTENSION = kanthorq_tasks
DATA = $(wildcard kanthorq_tasks--*.sql)
DOCS = doc/kanthorq_tasks.md

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)
`

/** The section on the extension of the documents. */
function documentation(): string {
  const [, section = ''] = /^## As an extension\n(.*?)^## /ms.exec(read('docs/install.md')) ?? []
  return `# kanthorq_tasks\n${section.trimEnd()}\n`
}
