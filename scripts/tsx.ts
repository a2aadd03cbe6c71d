import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

/** What Node.js takes after `--import` to run TypeScript, in whatever folder. */
export const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
