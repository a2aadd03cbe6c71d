// The scripts that make shells ask this program for candidates. They pass what is typed as arguments, and evaluate none of it.

const bash = `# Completion of kanthorq-tasks for bash.
_kanthorq_tasks() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("\${line%%$'\\t'*}")
  done < <(kanthorq-tasks complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _kanthorq_tasks kanthorq-tasks
`

const zsh = `#compdef kanthorq-tasks
# Completion of kanthorq-tasks for zsh: a file of $fpath, or source it after compinit.
_kanthorq_tasks() {
  local -a lines
  lines=("\${(@f)$(kanthorq-tasks complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  lines=("\${(@)lines%%$'\\t'*}")
  [[ -z "$lines" ]] || compadd -- "\${(@)lines}"
}
if [[ "$funcstack[1]" == _kanthorq_tasks ]]; then
  _kanthorq_tasks "$@"
elif (( $+functions[compdef] )); then
  compdef _kanthorq_tasks kanthorq-tasks
fi
`

const fish = `# Completion of kanthorq-tasks for fish.
function __kanthorq_tasks
  set -l words (commandline -opc)
  set -e words[1]
  kanthorq-tasks complete -- $words (commandline -ct) 2>/dev/null
end
complete -c kanthorq-tasks -e
complete -c kanthorq-tasks -f -a '(__kanthorq_tasks)'
`

/** The script for each shell. */
export const scripts = { bash, zsh, fish } as const

export type Shell = keyof typeof scripts
