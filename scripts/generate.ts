// npm run generate: writes what follows from db and src: the migrations that are not released yet, and the references.
import { generateMigrations } from './migrations/generate.ts'

generateMigrations()
