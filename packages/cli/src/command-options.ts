import { InvalidArgumentError, Option } from '@commander-js/extra-typings';

/** Options that several commands share. */

export const outputOption = () =>
  new Option('-o, --output <form>', 'for people, or JSON')
    .choices(['pretty', 'json'] as const)
    .default('pretty' as const);

export const whoOption = () =>
  new Option('--who <name>', 'who asks, for the audit (default: LEADLINE_WHO, else your login)');

export const reasonOption = () => new Option('--reason <text>', 'why, for the audit');

export const yesOption = () => new Option('-y, --yes', 'do not ask');

/** Reads `--alias field=name`; people may repeat the option. */
export function readAlias(text: string, before: Record<string, string[]> = {}): Record<string, string[]> {
  const [, field, name] = /^([A-Za-z]+)=(.+)$/.exec(text) ?? [];
  if (field === undefined || name === undefined)
    throw new InvalidArgumentError('Write field=name, such as phone=whatsapp.');
  return { ...before, [field]: [...(before[field] ?? []), name] };
}
