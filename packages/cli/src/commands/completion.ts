import { Argument, type CommandUnknownOpts } from '@commander-js/extra-typings';
import type { Program } from '../program.ts';
import { print } from '../terminal.ts';
import { shells, toCompletion, type CommandShape } from '../to-completion.ts';

export function addCompletion(program: Program): void {
  program
    .command('completion')
    .summary('print the completion script for a shell')
    .description('Prints the script that lets a shell complete commands, options and choices.')
    .addArgument(new Argument('<shell>', 'which shell').choices(shells))
    .addHelpText(
      'after',
      `
Examples:
  source <(leadline completion bash)
  source <(leadline completion zsh)                     after compinit; or once, for good:
  leadline completion zsh > "\${fpath[1]}/_leadline"
  leadline completion fish > ~/.config/fish/completions/leadline.fish`,
    )
    .action((shell) => print(toCompletion(toShape(program), shell).trimEnd()));
}

function toShape(command: CommandUnknownOpts): CommandShape {
  const nothing = { choices: [], isFile: false };
  const help = { flags: ['-h', '--help'], summary: 'show help', takesValue: false, value: nothing };
  const [first] = command.registeredArguments;
  return {
    name: command.name(),
    summary: command.summary() || command.description(),
    options: [
      ...command.options.map((option) => ({
        flags: [option.short, option.long].filter((flag) => flag !== undefined),
        summary: option.description,
        takesValue: option.required || option.optional,
        value: { choices: option.argChoices ?? [], isFile: option.flags.endsWith('<file>') },
      })),
      help,
    ],
    argument: first === undefined ? nothing : { choices: first.argChoices ?? [], isFile: first.name() === 'file' },
    commands: command.commands.map(toShape),
  };
}
