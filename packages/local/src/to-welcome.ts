import type { RunFile } from './run-file.ts';

/** The text that a person sees once everything runs: each address, and one command to try. */
export function toWelcome(
  run: RunFile,
  folder: string,
  seconds: number,
  /** The person’s own LiveKit, and the hours in which it rings; undefined: everything is simulated. */
  real?: { url: string; trunkId: string; window: string },
): string {
  const { operator } = run.dashboardUsers;
  const world =
    real === undefined
      ? 'with simulated telephones and a simulated CRM: nobody real is called.'
      : `with a simulated CRM. PHONES RING: over ${real.url}, trunk ${real.trunkId}, ${real.window} (IST).`;
  const trying =
    real === undefined
      ? 'Send a lead. The last digits choose what happens: 486 is busy, 180 never answers, 204 says nothing useful, 211 is a voicemail, most talk.'
      : `LiveKit’s webhooks must reach ${run.callTracker}/webhooks/livekit (leadline livekit print-config). Send a lead with your own number:`;
  const phone = real === undefined ? '+919000002042' : '<your number>';
  return `
Leadline runs (started in ${seconds.toFixed(1)} s), ${world}

  dashboard              ${run.dashboard}      log in as ${operator.name} with ${operator.password}
  leads come in at       ${run.ingest}/v1/leads      described at ${run.ingest}/openapi.json
  agents and webhooks    ${run.callTracker}
  stop switch, metrics   ${run.dispatcherAdmin}
  simulated world        ${run.simulator.url}
  Postgres               ${withoutPassword(run.postgres.url)}
  NATS                   ${run.nats.url}
  keys and passwords     ${folder}/run.json
  logs                   ${folder}/logs

${trying}

  curl -s ${run.ingest}/v1/leads -H 'Authorization: Bearer ${run.apiKey}' -H 'Content-Type: application/json' \\
    -d '{"name":"Asha Verma","phone":"${phone}","productName":"Paper cup machine"}'

Ctrl-C stops everything; npm run reset forgets everything. What happens now:
`;
}

function withoutPassword(url: string): string {
  const shown = new URL(url);
  shown.password = '';
  return shown.href;
}
