import { Argument, Command } from 'commander'
import { candidatesFor } from '../completion/candidates.ts'
import { scripts, type Shell } from '../completion/scripts.ts'
import { targetOf } from '../connect.ts'
import { consumersOf, allConsumers } from '../consumers.ts'
import { Database } from '../database.ts'
import { addExamples } from '../help.ts'
import { Output } from '../terminal/output.ts'

/** Makes `completion`, which prints a script for a shell. */
export function completionCommand(): Command {
  const command = new Command('completion')
    .summary('Print the completion script for bash, zsh or fish')
    .description(
      'Prints the script with which a shell completes commands, options, their values, and the names of consumers. Nothing ' +
        'that is typed is evaluated. For the names it connects to the database of --url, DATABASE_URL or PGHOST etc.',
    )
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(scripts)))
    .action((shell: Shell) => new Output('text').lines(scripts[shell].split('\n').slice(0, -1)))
  return addExamples(
    command,
    { why: 'bash: add this line to ~/.bashrc', line: 'source <(kanthorq-tasks completion bash)' },
    {
      why: 'zsh: write a file of this name in a folder of $fpath',
      line: 'kanthorq-tasks completion zsh > _kanthorq-tasks',
    },
  )
}

/** Makes the hidden command that the scripts call: it prints the candidates for the last word, one a line. */
export function completeCommand(program: Command): Command {
  return new Command('complete').argument('[words...]').action(async (words: string[]) => {
    const candidates = await candidatesFor(program, words, namesOf)
    await new Output('text').ids(candidates.map(({ word, description }) => `${word}\t${description}`))
  })
}

/** The names of the consumers, if the database answers soon. */
async function namesOf(words: readonly string[]): Promise<string[]> {
  process.env['PGCONNECT_TIMEOUT'] = '2'
  try {
    const db = await Database.open(targetOf(valueOf('--url', words), valueOf('--schema', words)))
    try {
      // A name with other characters would have to be quoted, in each shell in another way.
      return (await consumersOf(db, allConsumers)).filter((name) => /^\w[\w.-]*$/.test(name))
    } finally {
      await db.end()
    }
  } catch {
    return []
  }
}

/** The value of an option as it is typed. */
function valueOf(option: string, words: readonly string[]): string | undefined {
  const at = words.indexOf(option)
  const typed = at === -1 ? words.find((word) => word.startsWith(`${option}=`))?.slice(option.length + 1) : words[at + 1]
  const value = typed?.replace(/^(['"])(.*)\1$/, '$2')
  // What only the shell can read, such as a variable, is not guessed.
  if (value !== undefined && /[$`'"\\]/.test(value)) throw new Error(`the value of ${option} has to be evaluated`)
  return value
}
