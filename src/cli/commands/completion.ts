import completions from '@bomb.sh/tab'
import addTo from '@bomb.sh/tab/commander'
import type { Command } from 'commander'
import { addExamples } from '../help/examples.ts'

/**
 * Gives a program whose commands are all there `completion`, and the hidden command by which the shell asks it for words.
 */
export function addCompletion(program: Command): void {
  addTo(program, { completionCommandName: 'completion' })
  // The shell is told a word a line: what comes after the first line of a description would be words too.
  for (const command of completions.commands.values())
    command.description = command.description.split('\n', 1).join()
  const completion = program.commands.find((command) => command.name() === 'completion')
  if (completion === undefined) throw new Error('@bomb.sh/tab has added no command "completion"')
  completion
    .summary('complete words in bash, zsh, fish or powershell')
    .description(
      'Prints the script that makes a shell complete commands, options and their values. For bash, the package bash-completion ' +
        'has to be there.',
    )
  addExamples(
    completion,
    { why: 'bash: in ~/.bashrc', line: 'source <(kanthorq-tasks completion bash)' },
    {
      why: 'zsh: into a folder of $fpath, under this name',
      line: 'kanthorq-tasks completion zsh > _kanthorq-tasks',
    },
  )
}
