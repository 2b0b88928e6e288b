/**
 * The command as it was typed, with an option added: what a person copies. Values that may be a number of somebody's or
 * hold a password are left out.
 */
export function toTypedCommand(args: readonly string[], added: string, through: 'npm' | 'itself'): string {
  const begin = through === 'npm' ? 'npm run -s leadline --' : 'leadline';
  return [begin, ...args.map(toWord), added].join(' ');
}

function toWord(arg: string): string {
  if (/\d{5}/.test(arg.replace(/[\s().-]/g, '')) || arg.includes('@')) return '…';
  return /^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", String.raw`'\''`)}'`;
}
