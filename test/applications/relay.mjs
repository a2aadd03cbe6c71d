// What Neon runs before its servers: takes WebSockets to the server. The driver of Neon is told where it is.
import { createConnection } from 'node:net'
import { neonConfig } from '@neondatabase/serverless'
import WebSocket, { createWebSocketStream, WebSocketServer } from 'ws'

const relay = new WebSocketServer({ port: 0, host: '127.0.0.1' })
relay.on('connection', (socket, request) => {
  const [host, port] = new URL(request.url, 'ws://localhost').searchParams.get('address').split(':')
  const [client, server] = [createWebSocketStream(socket), createConnection(Number(port), host)]
  client.on('error', () => server.destroy()).pipe(server)
  server.on('error', () => client.destroy()).pipe(client)
})
relay._server.unref()

Object.assign(neonConfig, {
  webSocketConstructor: WebSocket,
  wsProxy: (host, port) => `127.0.0.1:${relay.address().port}/v1?address=${host}:${port}`,
  useSecureWebSocket: false,
  pipelineTLS: false,
  pipelineConnect: false,
})
