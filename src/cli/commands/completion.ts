import type { Command } from 'commander';
import { Argument } from 'commander';
import { bashCompletion, completionsOf, zshCompletion } from '../completion.ts';

/** `completion`: a script that completes command lines. */
export function completionCommand(program: Command, print: (script: string) => void): void {
  program
    .command('completion')
    .description('Prints a script that completes command lines in a shell')
    .addArgument(new Argument('<shell>', 'which').choices(['bash', 'zsh']))
    .addHelpText(
      'after',
      '\n  bash: source <(acr-audit completion bash)\n  zsh:  source <(acr-audit completion zsh)',
    )
    .action((shell: string) => {
      const completions = completionsOf(program);
      print(shell === 'bash' ? bashCompletion(completions) : zshCompletion(completions));
    });
}
