/** Words that people try, and the command that they mean. */
const otherNames: Readonly<Record<string, string>> = {
  retry: 'resume',
  requeue: 'resume',
  rerun: 'resume',
  restart: 'resume',
  list: 'find CONSUMER',
  ls: 'find CONSUMER',
  search: 'find CONSUMER',
  tasks: 'find CONSUMER',
  count: 'find CONSUMER --count',
  get: 'explain CONSUMER ID',
  inspect: 'explain CONSUMER ID',
  why: 'explain CONSUMER ID',
  failures: 'errors CONSUMER',
  failed: 'errors CONSUMER',
  delete: 'cancel',
  remove: 'cancel',
  rm: 'cancel',
  stop: 'cancel',
  kill: 'discard',
  pause: 'hold',
  freeze: 'hold',
  unpause: 'release',
  revert: 'undo',
  history: 'show ID',
  operations: 'log',
  status: 'stats',
  install: 'migrate up',
  upgrade: 'migrate up',
  check: 'doctor',
  send: 'publish STREAM SUBJECT',
  emit: 'publish STREAM SUBJECT',
  worker: 'work CONSUMER -- COMMAND',
  consume: 'work CONSUMER -- COMMAND',
  run: 'work CONSUMER -- COMMAND',
}

/** The command that is meant by a word that is no command. */
export function commandMeantBy(word: string): string | undefined {
  return Object.hasOwn(otherNames, word) ? otherNames[word] : undefined
}
