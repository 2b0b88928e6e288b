import { allAgentSubjects } from '@leadline/contracts/publishers';
import { agentsAccount, natsUsers, permissionsOf, type NatsUser, type ServicesAccount } from './permissions.ts';

export type NatsPasswords = {
  passwords: Record<NatsUser, string>;
  /** A user in here has a second login, `<user>-2`. To change passwords, switch from one login to the other. */
  secondPasswords?: Partial<Record<NatsUser, string>>;
  /** LEADLINE by default. `$G`: the agents are in the services' account, as before they had one of their own. */
  servicesAccount?: ServicesAccount;
};

/** A server's whole configuration on one machine: JetStream, its users and their permissions. */
export function toNatsConfig(
  options: NatsPasswords & {
    /** Loopback by default. */
    host?: string;
    port: number;
    storeDir: string;
    /** For metrics, on the same host, without authentication. */
    monitorPort?: number;
    /** For a server in a cluster. */
    serverName?: string;
  },
): string {
  const host = options.host ?? '127.0.0.1';
  return `host: ${host}
port: ${options.port}
${options.monitorPort === undefined ? '' : `http: "${host}:${options.monitorPort}"\n`}server_name: ${options.serverName ?? 'leadline'}
jetstream {
  store_dir: ${JSON.stringify(options.storeDir)}
  sync_interval: 100ms
  max_file_store: 16GB
}
${toNatsUsers(options)}`;
}

/**
 * The users alone, for a server that is configured elsewhere. Agents have an account of their own, which only gives
 * them the services' three subjects. In the services' account, a login could name any subject as the reply subject of a
 * message, such as `lead.created` or `ops.>`, and the server would publish its acknowledgement there without checking
 * the login's permissions. Here a reply never leaves the agents' account.
 */
export function toNatsUsers({ passwords, secondPasswords = {}, servicesAccount = 'LEADLINE' }: NatsPasswords): string {
  const loginsOf = (users: readonly NatsUser[]): string =>
    users
      .flatMap((user) => {
        const second = secondPasswords[user];
        return [
          toLogin(user, user, passwords[user]),
          ...(second === undefined ? [] : [toLogin(user, `${user}-2`, second)]),
        ];
      })
      .join('\n');
  if (servicesAccount === '$G')
    return `authorization {
  timeout: 2
  users: [
${loginsOf(natsUsers)}
  ]
}
`;
  return `authorization { timeout: 2 }
accounts {
  ${servicesAccount} {
    jetstream: enabled
    exports: [
${allAgentSubjects.map((subject) => `      { service: "${subject}", accounts: ["${agentsAccount}"] }`).join('\n')}
    ]
    users: [
${loginsOf(natsUsers.filter((user) => user !== 'agent'))}
    ]
  }
  ${agentsAccount} {
    imports: [
${allAgentSubjects.map((subject) => `      { service: { account: "${servicesAccount}", subject: "${subject}" } }`).join('\n')}
    ]
    users: [
${loginsOf(['agent'])}
    ]
  }
}
`;
}

function toLogin(user: NatsUser, login: string, password: string): string {
  const list = (subjects: string[]): string => `[${subjects.map((subject) => JSON.stringify(subject)).join(', ')}]`;
  const { publish, subscribe, mayAnswer } = permissionsOf(user, login);
  return `    { user: ${JSON.stringify(login)}, password: ${JSON.stringify(password)}, permissions: {
        publish: { allow: ${list(publish)} }
        subscribe: { allow: ${list(subscribe)} }${mayAnswer ? '\n        allow_responses: { max: 1, expires: "2m" }' : ''} } }`;
}
