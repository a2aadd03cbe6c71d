// npm run bench: installs what bench/package.json names, unless it is there already, and runs main.ts.
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { readOptions } from './options.ts'

const options = readOptions()

const lock = fileURLToPath(new URL('package-lock.json', import.meta.url))
const installed = fileURLToPath(new URL('node_modules/.package-lock.json', import.meta.url))

if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lock).mtimeMs) {
  const folder = fileURLToPath(new URL('.', import.meta.url))
  console.log('npm ci --prefix bench')
  const { status } = spawnSync('npm', ['ci', '--prefix', folder], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  if (status !== 0) process.exit(status ?? 1)
}
const { main } = await import('./main.ts')
await main(options)
