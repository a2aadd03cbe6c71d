import { installSteps } from './install-steps.ts'

/**
 * One plain SQL file that does what `migrate` does in the current schema, for people who have only psql. It also updates an
 * older installation, and later updates may be done either way.
 */
export function installSql(): string {
  return [
    '-- kanthorq-tasks: installs or updates the functions in the current schema.',
    '--   psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -f kanthorq-tasks.sql',
    '-- For a schema other than public, set it first: PGOPTIONS="-c search_path=queue" psql …',
    'begin;',
    '',
    ...installSteps().flatMap((step) => ['do $install$', 'begin', step, 'end', '$install$;', '']),
    'commit;',
    '',
  ].join('\n')
}
