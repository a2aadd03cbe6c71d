import type { ExecutionContext } from 'ava'
import { spawn, type IPty } from '@lydell/node-pty'
import { commandLine } from './command-line.ts'
import { projectFolder } from './run-program.ts'

/** `kanthorq-tasks` under a pseudo-terminal. */
export interface Terminal {
  /** Waits until what it has written matches; fails when it ends before. */
  until: (pattern: RegExp) => Promise<void>
  /** Types. */
  type: (keys: string) => void
  /** Waits for its end. */
  end: () => Promise<{ code: number; screen: string }>
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
  let screen = ''
  const listeners = new Set<() => void>()
  pty.onData((data) => {
    screen += data
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
          if (!pattern.test(screen)) return
          listeners.delete(look)
          resolve()
        }
        listeners.add(look)
        void ended.then(() => {
          reject(new Error(`it ended without ${String(pattern)}:\n${screen}`))
        })
        look()
      }),
    type: (keys) => {
      pty.write(keys)
    },
    end: async () => ({ code: await ended, screen }),
  }
}

function endOf(pty: IPty): Promise<number> {
  return new Promise((resolve) => {
    pty.onExit(({ exitCode }) => {
      resolve(exitCode)
    })
  })
}
