import type { Command } from 'commander';

/** What may follow one command. */
interface Completion {
  /** Names of the commands to it, from the first: `/retention/check`; empty for the program. */
  readonly path: string;
  /** Commands and options. */
  readonly words: readonly string[];
  /** Values by option; an option without choices has none, and takes anything. */
  readonly values: ReadonlyMap<string, readonly string[]>;
}

/** What may follow each command of a program. */
export function completionsOf(program: Command): readonly Completion[] {
  return below(program, '');
}

function below(command: Command, path: string): readonly Completion[] {
  const help = command.createHelp();
  const shown = help.visibleCommands(command);
  const argumentChoices = command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices);
  const options = [...help.visibleOptions(command), ...globalOptionsOf(command)];
  const values = new Map<string, readonly string[]>();
  for (const { long, short, required, optional, argChoices = [] } of options) {
    for (const name of [long, short]) {
      if (name && (required || optional)) values.set(name, argChoices);
    }
  }
  const names = shown.map((each) => each.name());
  const longs = options.flatMap(({ long }) => long ?? []);
  const own: Completion = { path, words: [...names, ...argumentChoices, ...new Set(longs)], values };
  const inner = shown.filter((each) => each.name() !== 'help');
  return [own, ...inner.flatMap((each) => below(each, `${path}/${each.name()}`))];
}

function globalOptionsOf(command: Command): Command['options'] {
  return command.parent === null ? [] : [...command.parent.options, ...globalOptionsOf(command.parent)];
}

/**
 * What the two shells have in common: goes along the words of `before`, then sets `found` to what may come next, or `files`
 * when anything may. The names are none that either shell has for itself.
 */
function walk(completions: readonly Completion[]): string {
  const steps = completions
    .filter(({ path }) => path !== '')
    .map(({ path }) => `      ${path}) chain=${path} ;;`);
  const values = completions.flatMap(({ path, values: byOption }) =>
    [...byOption].map(([option, choices]) => {
      const found = choices.length === 0 ? 'files=1' : `found='${choices.join(' ')}'`;
      return `    ${path}:${option}) ${found} ;;`;
    }),
  );
  const next = completions.map(({ path, words }) => `    ${path || "''"}) found='${words.join(' ')}' ;;`);
  return `  for word in "\${before[@]}"; do
    case "$chain/$word" in
${steps.join('\n')}
    esac
  done
  case "$chain:$previous" in
${values.join('\n')}
  esac
  if [[ -n $found$files ]]; then return 0; fi
  case "$chain" in
${next.join('\n')}
  esac`;
}

/** A script for bash: https://www.gnu.org/software/bash/manual/html_node/Programmable-Completion.html */
export function bashCompletion(completions: readonly Completion[]): string {
  return `# Completes acr-audit in bash: source <(acr-audit completion bash)
_acr_audit_next() {
  local word
  chain='' found='' files=''
${walk(completions)}
}
_acr_audit() {
  local chain found files previous=\${COMP_WORDS[COMP_CWORD-1]} current=\${COMP_WORDS[COMP_CWORD]}
  local -a before=("\${COMP_WORDS[@]:1:COMP_CWORD-1}")
  _acr_audit_next
  COMPREPLY=()
  if [[ -z $files ]]; then
    local IFS=$' \\t\\n'
    COMPREPLY=($(compgen -W "$found" -- "$current"))
  fi
}
complete -o default -F _acr_audit acr-audit
`;
}

/** A script for zsh: https://zsh.sourceforge.io/Doc/Release/Completion-System.html */
export function zshCompletion(completions: readonly Completion[]): string {
  return `#compdef acr-audit
# Completes acr-audit in zsh: source <(acr-audit completion zsh)
_acr_audit_next() {
  local word
  chain='' found='' files=''
${walk(completions)}
}
_acr_audit() {
  local chain found files previous=\${words[CURRENT-1]}
  local -a before
  before=("\${(@)words[2,CURRENT-1]}")
  _acr_audit_next
  if [[ -n $files ]]; then _files; else compadd -- \${=found}; fi
}
compdef _acr_audit acr-audit
`;
}
