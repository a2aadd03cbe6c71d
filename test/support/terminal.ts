import { stripVTControlCharacters } from 'node:util'
import type { ExecutionContext } from 'ava'
import { spawn, type IPty } from '@lydell/node-pty'
import { commandLine } from './command-line.ts'
import { projectFolder } from './run-program.ts'

/** `kanthorq-tasks` under a pseudo-terminal. */
export interface Terminal {
  /** Waits until what it has written, colours and the like left out, matches; fails when it ends before. */
  until: (pattern: RegExp) => Promise<void>
  /** Types. */
  type: (keys: string) => void
  /** Waits for its end. `raw` is all that it has written, `screen` without colours and the like. */
  end: () => Promise<{ code: number; raw: string; screen: string }>
}

/** The keys Ctrl and C. */
export const ctrlC = '\x03'

/** Starts it on a terminal of 80 columns, or as many as are asked for. It is killed when the test ends before it does. */
export function openTerminal(
  t: ExecutionContext,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  columns = 80,
): Terminal {
  const [program, ...rest] = commandLine(args)
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(PG|DATABASE_URL$|NO_COLOR$|FORCE_COLOR$|CI$)/.test(name),
  )
  const pty = spawn(program, rest, {
    cwd: projectFolder,
    cols: columns,
    rows: 24,
    env: { ...Object.fromEntries(inherited), TERM: 'xterm-256color', ...env },
  })
  let raw = ''
  const listeners = new Set<() => void>()
  pty.onData((data) => {
    raw += data
    for (const listener of listeners) listener()
  })
  const ended = endOf(pty)
  t.teardown(async () => {
    pty.kill('SIGKILL')
    await ended
  })
  return {
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!pattern.test(stripVTControlCharacters(raw))) return
          listeners.delete(look)
          resolve()
        }
        listeners.add(look)
        void ended.then(() => {
          reject(new Error(`it ended without ${String(pattern)}:\n${raw}`))
        })
        look()
      }),
    type: (keys) => {
      pty.write(keys)
    },
    end: async () => ({ code: await ended, raw, screen: stripVTControlCharacters(raw) }),
  }
}

/** The exit code, as a shell has it. */
function endOf(pty: IPty): Promise<number> {
  return new Promise((resolve) => {
    pty.onExit(({ exitCode, signal = 0 }) => {
      resolve(signal === 0 ? exitCode : 128 + signal)
    })
  })
}
