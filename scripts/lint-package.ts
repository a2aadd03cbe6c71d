// npm run lint:package [-- <tarball>]: what publint and "are the types wrong" say about the package as it would be published.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pack } from '../test/support/packed.ts'

const folder = mkdtempSync(join(tmpdir(), 'kanthorq-lint-'))
try {
  const tarball = process.argv[2] ?? (await pack(folder))
  const linters = [
    ['publint', 'run', tarball, '--strict'],
    // The package has ES modules only. From CommonJS it takes `require` of an ES module, which every supported Node.js has but
    // this linter does not count on; and module resolution as of Node.js 10 is not for any Node.js that is supported.
    ['attw', tarball, '--profile', 'esm-only'],
  ] as const
  const codes = linters.map(
    ([linter, ...args]) => spawnSync('npx', ['--no', linter, ...args], { stdio: 'inherit' }).status,
  )
  process.exitCode = codes.every((code) => code === 0) ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
