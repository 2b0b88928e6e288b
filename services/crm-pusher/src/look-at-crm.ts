import type { Deps } from './deps.ts';

/** Whether the CRM accepts our key, by a search that finds nobody; else what is wrong. */
export async function lookAtCrm(crm: Deps['crm']): Promise<true | string> {
  const answered = await crm.findCustomer('0000000000');
  switch (answered.kind) {
    case 'ok':
      return true;
    case 'refused':
    case 'conflict':
      return `refuses a search (HTTP ${answered.status}): check CRM_URL`;
    case 'later':
      if (/^http_40[13]$/.test(answered.because)) return `refuses the key (${answered.because}): check CRM_API_KEY`;
      return answered.because.startsWith('http_')
        ? `refuses a search (${answered.because}): check CRM_URL`
        : `asks for patience (${answered.because})`;
    case 'unclear':
      return `not reached (${answered.because}): check CRM_URL and the way there`;
  }
}
