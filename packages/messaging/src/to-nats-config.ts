import { natsUsers, permissionsOf, type NatsUser } from './topology.ts';

export type NatsPasswords = {
  passwords: Record<NatsUser, string>;
  /** A user with one has a second login, `<user>-2`: passwords are changed by going from one to the other. */
  secondPasswords?: Partial<Record<NatsUser, string>>;
};

/** The server's whole configuration for one machine: JetStream, its users and what each may do. */
export function toNatsConfig(
  options: NatsPasswords & {
    /** Loopback unless told. */
    host?: string;
    port: number;
    storeDir: string;
    /** For metrics, on the same host; no authentication there. */
    monitorPort?: number;
    /** Of one among several. */
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

/** Its users alone, for a server that is configured elsewhere. */
export function toNatsUsers({ passwords, secondPasswords = {} }: NatsPasswords): string {
  const users = natsUsers.flatMap((user) => {
    const second = secondPasswords[user];
    return [
      toLogin(user, user, passwords[user]),
      ...(second === undefined ? [] : [toLogin(user, `${user}-2`, second)]),
    ];
  });
  return `authorization {
  timeout: 2
  users: [
${users.join('\n')}
  ]
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
