export default {
  files: ['test/*/*.test.ts'],
  // As CommonJS, because on Node.js 20 a loader of modules works in another thread: each module that a test file imports, of the
  // project or not, has to go there and back, and a test file would take half a second more to begin. It leaves import.meta with
  // nothing but its url.
  extensions: { ts: 'commonjs' },
  nodeArguments: ['--require=tsx/cjs'],
  timeout: '3m',
  workerThreads: false,
}
