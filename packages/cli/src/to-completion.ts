/** A command, as a shell completes it. */
export type CommandShape = {
  name: string;
  summary: string;
  options: OptionShape[];
  argument: ValueShape;
  commands: CommandShape[];
};
type OptionShape = { flags: string[]; summary: string; takesValue: boolean; value: ValueShape };
/** The possible values: a choice, a file, or anything. */
type ValueShape = { choices: readonly string[]; isFile: boolean };

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** The script that completes commands, options, choices and files in this shell. */
export function toCompletion(program: CommandShape, shell: Shell): string {
  const everywhere = program.options.filter(({ takesValue }) => takesValue);
  const places = toPlaces(program, '').map((place) =>
    place.path === '' ? place : { ...place, options: [...place.options, ...everywhere] },
  );
  switch (shell) {
    case 'bash':
      return toBash(program.name, places);
    case 'zsh':
      return toZsh(program.name, places);
    case 'fish':
      return toFish(program.name, places);
  }
}

/** A place in the command line: the commands before it, each after a space, and what may follow. */
type Place = CommandShape & { path: string };

function toPlaces(command: CommandShape, path: string): Place[] {
  return [{ ...command, path }, ...command.commands.flatMap((inner) => toPlaces(inner, `${path} ${inner.name}`))];
}

const inPosixQuotes = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function wordsAt({ commands, options, argument }: Place): string[] {
  return [...commands.map(({ name }) => name), ...argument.choices, ...options.flatMap(({ flags }) => flags)];
}

/** For bash and zsh: follows the words before the cursor into `at`. Options and their values do not change it. */
function toWalk(places: Place[], words: string): string {
  const steps = places.filter(({ path }) => path !== '').map(({ path }) => `      '${path}') at='${path}' ;;`);
  return `  for word in ${words}; do
    case "$at $word" in
${steps.join('\n')}
    esac
  done`;
}

/** Options that take a value, grouped by the kind of value, with their flags. */
function toValued(places: Place[]): { at: string; value: ValueShape }[] {
  return places.flatMap(({ path, options }) =>
    options
      .filter(({ takesValue }) => takesValue)
      .map(({ flags, value }) => ({ at: flags.map((flag) => `'${path} ${flag}'`).join('|'), value })),
  );
}

function toBash(name: string, places: Place[]): string {
  const offer = (words: readonly string[]): string => `COMPREPLY=($(compgen -W '${words.join(' ')}' -- "$current"))`;
  // readline's own completion, which quotes names with spaces and enters folders.
  const files = 'compopt -o default 2>/dev/null; COMPREPLY=()';
  const ofValue = ({ choices, isFile }: ValueShape): string =>
    choices.length > 0 ? offer(choices) : isFile ? files : 'COMPREPLY=()';
  const ofPlace = (place: Place): string =>
    place.argument.isFile ? `[[ $current == -* ]] && ${offer(wordsAt(place))} || { ${files}; }` : offer(wordsAt(place));
  return `# ${name} in bash: source this, or put it into a folder of bash-completion.
_${name}() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} at= word
${toWalk(places, '"${COMP_WORDS[@]:1:COMP_CWORD-1}"')}
  case "$at $previous" in
${toValued(places)
  .map(({ at, value }) => `    ${at}) ${ofValue(value)}; return ;;`)
  .join('\n')}
  esac
  case $at in
${places.map((place) => `    '${place.path}') ${ofPlace(place)} ;;`).join('\n')}
  esac
}
complete -F _${name} ${name}
`;
}

function toZsh(name: string, places: Place[]): string {
  const described = (word: string, summary: string): string =>
    inPosixQuotes(`${word.replaceAll(':', '\\:')}:${summary.replaceAll(':', '\\:')}`);
  const ofValue = ({ choices, isFile }: ValueShape): string =>
    choices.length > 0 ? `compadd -- ${choices.join(' ')}` : isFile ? '_files' : "_message 'a value'";
  const ofPlace = ({ path, commands, options, argument }: Place): string => {
    const words = [
      ...commands.map((command) => described(command.name, command.summary)),
      ...argument.choices.map((choice) => inPosixQuotes(choice)),
      ...options.flatMap((option) => option.flags.map((flag) => described(flag, option.summary))),
    ];
    return `    '${path}') found=(${words.join(' ')})${argument.isFile ? '; [[ $PREFIX == -* ]] || { _files; return }' : ''} ;;`;
  };
  // Don't call it `path`: in zsh that is PATH.
  return `#compdef ${name}
# ${name} in zsh: put this as _${name} into a folder of $fpath before compinit, or source it after.
_${name}() {
  local at= word
  local -a found
${toWalk(places, '"${(@)words[2,CURRENT-1]}"')}
  case "$at $words[CURRENT-1]" in
${toValued(places)
  .map(({ at, value }) => `    ${at}) ${ofValue(value)}; return ;;`)
  .join('\n')}
  esac
  case $at in
${places.map(ofPlace).join('\n')}
  esac
  _describe '${name}' found
}
# Found in $fpath it is being run for the first time; sourced it is to be known from now on.
if [[ $funcstack[1] == _${name} ]]; then _${name} "$@"; else compdef _${name} ${name}; fi
`;
}

function toFish(name: string, places: Place[]): string {
  const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const ofValue = ({ choices, isFile }: ValueShape): string =>
    choices.length > 0 ? ` -x -a ${quote(choices.join(' '))}` : isFile ? ' -r -F' : ' -x';
  const lines = places.flatMap(({ path, commands, options, argument }) => {
    const here = `complete -c ${name} -n ${quote(`__${name}_at ${quote(path)}`)}`;
    return [
      ...commands.map((command) => `${here} -a ${command.name} -d ${quote(command.summary)}`),
      ...(argument.choices.length > 0 ? [`${here} -a ${quote(argument.choices.join(' '))}`] : []),
      ...(argument.isFile ? [`${here} -F`] : []),
      ...options.map((option) => {
        const flags = option.flags.map((flag) =>
          flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
        );
        return `${here} ${flags.join(' ')}${option.takesValue ? ofValue(option.value) : ''} -d ${quote(option.summary)}`;
      }),
    ];
  });
  const steps = places.filter(({ path }) => path !== '').map(({ path }) => quote(path));
  return `# ${name} in fish: put this into ~/.config/fish/completions/${name}.fish
function __${name}_at
  set -l at ''
  for word in (commandline -opc)[2..-1]
    contains -- "$at $word" ${steps.join(' ')}; and set at "$at $word"
  end
  test "$at" = "$argv[1]"
end
complete -c ${name} -f
${lines.join('\n')}
`;
}
