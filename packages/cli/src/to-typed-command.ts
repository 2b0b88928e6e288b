/**
 * The command as the person typed it, with an option added, for copying. Leaves out values that may be a person's
 * number or hold a password.
 */
export function toTypedCommand(args: readonly string[], added: string, through: 'npm' | 'itself'): string {
  const begin = through === 'npm' ? 'npm run -s leadline --' : 'leadline';
  return [begin, ...args.map(toWord), added].join(' ');
}

function toWord(arg: string): string {
  if (/\d{5}/.test(arg.replace(/[\s().-]/g, '')) || arg.includes('@')) return '…';
  return /^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", String.raw`'\''`)}'`;
}
