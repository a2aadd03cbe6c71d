import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem, type } from 'node:os'
import type { Server } from '../scripts/server.ts'
import { withClient } from '../scripts/with-client.ts'

/** What numbers were measured on, and with. */
export interface Conditions {
  date: string
  machine: string
  system: string
  /** How large the tables were, as a share of the full size. */
  scale: number
  /** By name: Node.js, PostgreSQL, and the packages that took part. */
  versions: Record<string, string>
  /** The settings of the server that tell most about its speed. */
  settings: Record<string, string>
}

const settings = [
  'shared_buffers',
  'work_mem',
  'max_wal_size',
  'checkpoint_timeout',
  'wal_level',
  'fsync',
  'full_page_writes',
  'synchronous_commit',
  'jit',
]

/** Asks the machine and the server. */
export async function conditionsOf(server: Server, scale: number): Promise<Conditions> {
  const { rows } = await withClient(server.url, (client) =>
    client.query<[name: string, setting: string]>({
      text: 'select name, current_setting(name) from unnest($1::text[]) name',
      values: [settings],
      rowMode: 'array',
    }),
  )
  const model = cpus()[0]?.model.trim() ?? 'unknown processor'
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${availableParallelism()} cores (${model}), ${Math.round(totalmem() / 2 ** 30)} GB of memory`,
    system: `${type()} ${release().split('-')[0] ?? ''}`,
    scale,
    versions: {
      'Node.js': process.versions.node,
      PostgreSQL: server.version,
      pg: (readJson('../node_modules/pg/package.json') as { version: string }).version,
      ...(readJson('package.json') as { dependencies: Record<string, string> }).dependencies,
    },
    settings: Object.fromEntries(rows),
  }
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8'))
}
