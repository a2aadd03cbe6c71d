import { createServer, type AddressInfo } from 'node:net'
import type { ExecutionContext } from 'ava'

/** A server that asks for a password with SCRAM, and then waits for ever. */
export interface PatientServer {
  url: string
  /** Waits until all clients have disconnected. */
  left: () => Promise<void>
}

export async function startPatientServer(t: ExecutionContext): Promise<PatientServer> {
  const questions = ['R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0', 'R\0\0\0\x09\0\0\0\x0br']
  const server = createServer((socket) => {
    let asked = 0
    socket.on('data', () => socket.write(questions[asked++] ?? ''))
    socket.on('error', () => undefined)
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const left = () =>
    new Promise<void>((resolve) => {
      server.close(() => {
        resolve()
      })
    })
  return { url: `postgres://me@127.0.0.1:${String(port)}/nowhere`, left }
}
