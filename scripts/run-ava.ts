import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Parser } from 'tap-parser'

/**
 * Runs ava and prints a line for each test, and what it has to say about each that failed.
 *
 * @param files - test files; none means all that package.json names
 * @param env - what the tests find in the environment besides ours
 * @returns how many passed and failed; a run that ends badly for another reason counts as one failure
 */
export async function runAva(
  files: string[],
  env: Record<string, string>,
): Promise<{ passed: number; failed: number }> {
  const cli = fileURLToPath(import.meta.resolve('ava')).replace(
    /entrypoints.*$/,
    'entrypoints/cli.mjs',
  )
  const ava = spawn(process.execPath, [cli, '--tap', ...files], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  // Before the server goes, which is what else happens at exit, so that no test is left running against nothing.
  const kill = () => ava.kill()
  process.prependOnceListener('exit', kill)

  let passed = 0
  let failed = 0
  const parser = new Parser()
  parser.on('assert', ({ ok, name, diag }) => {
    if (ok) passed += 1
    else failed += 1
    console.log(`${ok ? '✓' : '✗'} ${name}`)
    if (!ok && diag) console.log(JSON.stringify(diag, undefined, 2))
  })
  parser.on('extra', (text: string) => process.stdout.write(text))
  ava.stdout.pipe(parser)
  const [[code]] = (await Promise.all([once(ava, 'exit'), once(parser, 'complete')])) as [
    [number | null],
    unknown,
  ]
  process.off('exit', kill)
  if (failed === 0 && (code !== 0 || passed === 0)) {
    console.log(`✗ ava ended with ${String(code)} after ${String(passed)} tests`)
    failed = 1
  }
  return { passed, failed }
}
