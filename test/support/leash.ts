// Runs a program until standard input ends, which it does when whoever started us is gone, however that came about. Then
// ends the program, and removes its folder.
//
// <folder> <signal that ends it> <user id> <group id> <program> <argument>…
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'

const [folder = '', signal, uid, gid, program = '', ...args] = process.argv.slice(2)
const user = uid === '' ? {} : { uid: Number(uid), gid: Number(gid) }
const child = spawn(program, args, {
  cwd: folder,
  stdio: ['ignore', 'inherit', 'inherit'],
  ...user,
})

const end = (code: number | null) => {
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
  process.exit(code ?? 1)
}
child.once('exit', end)
child.once('error', ({ message }) => {
  console.error(message)
  end(1)
})
process.stdin.resume().once('close', () => child.kill(signal as NodeJS.Signals))
