import { stripVTControlCharacters } from 'node:util'
import type { ExecutionContext } from 'ava'
import { spawn } from '@lydell/node-pty'
import { commandLine } from './command-line.ts'
import { projectFolder } from './run-program.ts'
import { until } from './until.ts'

/** A program under a pseudo-terminal, usually `kanthorq-tasks`. */
export interface Terminal {
  /** Waits until what it has written, colours and the like left out, matches; fails when it ends before. */
  until: (pattern: RegExp) => Promise<void>
  /** Types. */
  type: (keys: string) => void
  /** Waits for its end, for a minute or as many. `raw` is all that it has written, `screen` without colours and the like. */
  end: (minutes?: number) => Promise<{ code: number; raw: string; screen: string }>
}

/** The keys Ctrl and C. */
export const ctrlC = '\x03'

/**
 * A pseudo-terminal may close before its last output is read, so a shell keeps it open: it names the exit code after the
 * program's output, and waits.
 */
const keepOpen = `trap : INT; "$@"; printf '<exit %s>' $?; trap '' INT; read -r end`

/** Starts it on a terminal of 80 columns, or as many as are asked for. It is killed when the test ends before it does. */
export function openTerminal(t: ExecutionContext, args: readonly string[], env: NodeJS.ProcessEnv, columns = 80): Terminal {
  return runOnTerminal(t, commandLine(args), { env, columns })
}

/** Starts any program like this. */
export function runOnTerminal(
  t: ExecutionContext,
  command: readonly string[],
  { cwd = projectFolder, env = {}, columns = 80 }: { cwd?: string; env?: NodeJS.ProcessEnv; columns?: number } = {},
): Terminal {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(PG|DATABASE_URL$|NO_COLOR$|FORCE_COLOR$|CI$)/.test(name))
  const all: NodeJS.ProcessEnv = { ...Object.fromEntries(inherited), TERM: 'xterm-256color', ...env }
  const pty = spawn('sh', ['-c', keepOpen, 'sh', ...command], {
    cwd,
    cols: columns,
    rows: 24,
    env: Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)),
  })
  const closed = new Promise<void>((resolve) => {
    pty.onExit(() => {
      resolve()
    })
  })
  t.teardown(async () => {
    pty.kill('SIGKILL')
    await closed
  })
  let raw = ''
  pty.onData((data) => (raw += data))
  const match = (pattern: RegExp, minutes?: number) =>
    until(
      () => {
        const found = pattern.exec(stripVTControlCharacters(raw))
        if (found === null && exit.test(raw)) throw new Error(`it ended without ${String(pattern)}:\n${raw}`)
        return Promise.resolve(found ?? undefined)
      },
      `it has not written ${String(pattern)}`,
      minutes,
    )
  return {
    until: async (pattern) => {
      await match(pattern)
    },
    type: (keys) => {
      pty.write(keys)
    },
    end: async (minutes) => {
      const [, code] = await match(exit, minutes)
      raw = raw.replace(exit, '')
      return { code: Number(code), raw, screen: stripVTControlCharacters(raw) }
    },
  }
}

const exit = /<exit (\d+)>$/
