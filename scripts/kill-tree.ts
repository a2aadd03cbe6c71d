import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/**
 * Kills a process and its children at once, by SIGKILL, which none of them can catch.
 *
 * @param pid - the parent; it is stopped first, so that it neither notices nor starts another child
 */
export function killTree(pid: number): void {
  process.kill(pid, 'SIGSTOP')
  const children = processes().filter(({ parent }) => parent === pid)
  for (const child of children) process.kill(child.pid, 'SIGKILL')
  process.kill(pid, 'SIGKILL')
}

interface Process {
  pid: number
  parent: number
}

/** All processes of the machine. Where there is no /proc there is ps, which in turn a small Linux image may lack. */
function processes(): Process[] {
  const lines =
    process.platform === 'linux'
      ? readdirSync('/proc')
          .filter((name) => /^\d+$/.test(name))
          .map(statusLine)
      : execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n')
  return lines.map((line) => {
    const [pid, parent] = line.trim().split(/\s+/).map(Number)
    return { pid: pid ?? 0, parent: parent ?? 0 }
  })
}

/** The ids of a process and its parent; empty for one that has just ended. /proc has them as `12 (name) S 3 …`. */
function statusLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/ \(.*\) . /s, ' ')
  } catch {
    return ''
  }
}
