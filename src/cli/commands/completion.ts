import completions from '@bomb.sh/tab'
import addTo from '@bomb.sh/tab/commander'
import type { Command } from 'commander'
import { addExamples } from '../help.ts'

/** Adds `completion`, and the hidden command that the shell calls for words, to a program that has all its commands. */
export function addCompletion(program: Command): void {
  addTo(program, { completionCommandName: 'completion' })
  for (const command of completions.commands.values()) {
    // The shell reads one word a line, so a description may have only one line.
    command.description = command.description.split('\n', 1).join()
    // Each command accepts the options of the program too.
    for (const [name, option] of completions.options) command.options.set(name, option)
  }
  const completion = program.commands.find((command) => command.name() === 'completion')
  if (completion === undefined) throw new Error('@bomb.sh/tab did not add a command "completion"')
  completion
    .summary('Print the completion script for bash, zsh, fish or powershell')
    .description(
      'Prints the script with which a shell completes commands, options and their values. Bash requires the package ' +
        'bash-completion.',
    )
  addExamples(
    completion,
    { why: 'bash: add this line to ~/.bashrc', line: 'source <(kanthorq-tasks completion bash)' },
    {
      why: 'zsh: write a file of this name in a folder of $fpath',
      line: 'kanthorq-tasks completion zsh > _kanthorq-tasks',
    },
  )
}
