// Completion scripts: each hands the words to `__complete` and shows what comes back, one candidate a line, with its
// explanation after a tab.

const name = "sampan";

const bash = `# bash completion of ${name}
_${name}() {
  local line words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  # Bash splits at colons and equals signs; names such as busybox:1 are one word here.
  local cur=\${COMP_WORDS[COMP_CWORD]}
  if declare -F _get_comp_words_by_ref >/dev/null; then
    local cword
    _get_comp_words_by_ref -n := -w words -i cword cur
    words=("\${words[@]:1:cword}")
  fi
  COMPREPLY=()
  while IFS= read -r line; do
    COMPREPLY+=("\${line%%$'\\t'*}")
  done < <("\${COMP_WORDS[0]}" __complete -- "\${words[@]}" 2>/dev/null)
  if [ \${#COMPREPLY[@]} -eq 0 ]; then
    compopt -o default 2>/dev/null
  elif declare -F __ltrim_colon_completions >/dev/null; then
    __ltrim_colon_completions "$cur"
  fi
}
complete -F _${name} ${name}
`;

const zsh = `#compdef ${name}
_${name}() {
  local line
  local -a candidates
  while IFS= read -r line; do
    candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done < <("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( \${#candidates} )); then
    _describe '${name}' candidates
  else
    _files
  fi
}
compdef _${name} ${name}
`;

const fish = `# fish completion of ${name}
function __${name}_complete
    set -l words (commandline -opc) (commandline -ct)
    command $words[1] __complete -- $words[2..-1] 2>/dev/null
end
complete -c ${name} -a '(__${name}_complete)'
`;

const scripts: Readonly<Record<string, string>> = { bash, zsh, fish };

export function completionScript(shell: string): string | undefined {
  return scripts[shell];
}
