/** A command as a shell completes it. */
export type CommandShape = { name: string; summary: string; options: OptionShape[]; commands: CommandShape[] };
export type OptionShape = { flags: string[]; summary: string; choices: string[]; takesValue: boolean };

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** The script that completes commands, options and their choices in this shell. */
export function toCompletion(program: CommandShape, shell: Shell): string {
  const places = toPlaces(program, []);
  switch (shell) {
    case 'bash':
      return toBash(program.name, places);
    case 'zsh':
      return toZsh(program.name, places);
    case 'fish':
      return toFish(program.name, places);
  }
}

/** A place in the command line: the commands before it, and what may follow. */
type Place = { path: string[]; commands: CommandShape[]; options: OptionShape[] };

function toPlaces(command: CommandShape, path: string[]): Place[] {
  const { commands, options } = command;
  return [{ path, commands, options }, ...commands.flatMap((inner) => toPlaces(inner, [...path, inner.name]))];
}

function words({ commands, options }: Place): string {
  return [...commands.map(({ name }) => name), ...options.flatMap(({ flags }) => flags)].join(' ');
}

function toBash(name: string, places: Place[]): string {
  const valued = [
    ...new Set(places.flatMap(({ options }) => options.filter((one) => one.takesValue).flatMap((one) => one.flags))),
  ];
  const choices = new Map<string, string[]>();
  for (const { options } of places)
    for (const one of options) for (const flag of one.flags) if (one.choices.length > 0) choices.set(flag, one.choices);
  return `# ${name} in bash: source this, or put it into a folder of bash-completion.
_${name}() {
  local word=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} path= index
  case $previous in
${[...choices].map(([flag, all]) => `    ${flag}) COMPREPLY=($(compgen -W '${all.join(' ')}' -- "$word")); return ;;`).join('\n')}
    ${valued.join('|')}) return ;;
  esac
  for ((index = 1; index < COMP_CWORD; index++)); do
    case \${COMP_WORDS[index]} in
      -*) ;;
      *) case "$path \${COMP_WORDS[index]}" in
${places
  .filter(({ path }) => path.length > 0)
  .map(({ path }) => `        ' ${path.join(' ')}') path=' ${path.join(' ')}' ;;`)
  .join('\n')}
      esac ;;
    esac
  done
  case $path in
${places.map((place) => `    '${place.path.map((part) => ` ${part}`).join('')}') COMPREPLY=($(compgen -W '${words(place)}' -- "$word")) ;;`).join('\n')}
  esac
}
complete -F _${name} ${name}
`;
}

function toZsh(name: string, places: Place[]): string {
  const quote = (text: string): string => text.replaceAll("'", "'\\''").replaceAll(':', '\\:');
  const described = ({ commands, options }: Place): string =>
    [
      ...commands.map((one) => `'${quote(one.name)}:${quote(one.summary)}'`),
      ...options.flatMap((one) => one.flags.map((flag) => `'${flag}:${quote(one.summary)}'`)),
    ].join(' ');
  return `#compdef ${name}
# ${name} in zsh: put this as _${name} into a folder of $fpath, or source it after compinit.
_${name}() {
  local path= word
  local -a found
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$path $word" in
${places
  .filter(({ path }) => path.length > 0)
  .map(({ path }) => `      ' ${path.join(' ')}') path=' ${path.join(' ')}' ;;`)
  .join('\n')}
    esac
  done
  case $path in
${places.map((place) => `    '${place.path.map((part) => ` ${part}`).join('')}') found=(${described(place)}) ;;`).join('\n')}
  esac
  _describe '${name}' found
}
compdef _${name} ${name}
`;
}

function toFish(name: string, places: Place[]): string {
  const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const lines = places.flatMap(({ path, commands, options }) => {
    const inner = commands.map((one) => one.name).join(' ');
    const here = [
      ...path.map((part) => `__fish_seen_subcommand_from ${part}`),
      ...(inner === '' ? [] : [`not __fish_seen_subcommand_from ${inner}`]),
    ].join('; and ');
    const when = here === '' ? '' : ` -n ${quote(here)}`;
    return [
      ...commands.map((one) => `complete -c ${name} -f${when} -a ${one.name} -d ${quote(one.summary)}`),
      ...options.map((one) => {
        const flags = one.flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
        const value = one.choices.length > 0 ? ` -x -a ${quote(one.choices.join(' '))}` : one.takesValue ? ' -r' : '';
        const seen = path.map((part) => `__fish_seen_subcommand_from ${part}`).join('; and ');
        return `complete -c ${name}${seen === '' ? '' : ` -n ${quote(seen)}`} ${flags.join(' ')}${value} -d ${quote(one.summary)}`;
      }),
    ];
  });
  return `# ${name} in fish: put this into ~/.config/fish/completions/${name}.fish\n${lines.join('\n')}\n`;
}
