// node bundle.mjs BUNDLER ENTRY FILE: bundles an entry with all that it imports but pg and node-pg-migrate.
import { execFileSync } from 'node:child_process'
import { basename, dirname, join } from 'node:path'

const [bundler, entry, file] = process.argv.slice(2)
const external = ['pg', 'node-pg-migrate']
const [dir, name] = [dirname(file), basename(file)]

await {
  async esbuild() {
    const { build } = await import('esbuild')
    const format = file.endsWith('.cjs') ? 'cjs' : 'esm'
    await build({ entryPoints: [entry], bundle: true, platform: 'node', format, outfile: file, external, logLevel: 'error' })
  },
  async webpack() {
    const { default: webpack } = await import('webpack')
    const externals = Object.fromEntries(external.map((module) => [module, `commonjs ${module}`]))
    const output = { path: dir, filename: name }
    const stats = await new Promise((resolve, reject) => {
      webpack({ mode: 'production', target: 'node20', entry, output, externals }, (error, done) =>
        error ? reject(error) : resolve(done),
      )
    })
    if (stats.hasErrors() || stats.hasWarnings()) throw new Error(stats.toString())
  },
  async vite() {
    const { build } = await import('vite')
    const output = { entryFileNames: name }
    const ssr = { noExternal: true, external }
    await build({ logLevel: 'warn', ssr, build: { ssr: entry, outDir: dir, emptyOutDir: false, rollupOptions: { output } } })
  },
  async rollup() {
    const { rollup } = await import('rollup')
    const { nodeResolve } = await import('@rollup/plugin-node-resolve')
    const bundle = await rollup({ input: entry, plugins: [nodeResolve()], external })
    await bundle.write({ file, format: 'es', inlineDynamicImports: true })
  },
  bun() {
    const bun = join(import.meta.dirname, 'node_modules/.bin/bun')
    const options = ['--target=node', ...external.flatMap((module) => ['--external', module]), '--outfile', file]
    execFileSync(bun, ['build', entry, ...options], { stdio: ['ignore', 'ignore', 'inherit'] })
  },
}[bundler]()
