import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type Keys = { folder: string; ca: string; of: (name: KeyName) => { cert: string; key: string } };
type KeyName = 'server' | 'admin' | 'front-proxy' | 'keda' | 'service-accounts';

/**
 * A throw-away authority, and what it signed: the API server's certificate, the one it asks others with, an
 * administrator's, KEDA's, the key for tokens.
 */
export async function makeKeys(folder: string, addresses: string[]): Promise<Keys> {
  const at = (name: string): string => join(folder, name);
  const openssl = async (...args: string[]): Promise<void> => {
    await run('openssl', args, { cwd: folder });
  };
  const elliptic = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await openssl(
    'req',
    '-x509',
    ...elliptic,
    '-days',
    '2',
    '-subj',
    '/CN=test-ca',
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
  );
  const sign = async (name: string, subject: string, extensions: string): Promise<void> => {
    writeFileSync(at(`${name}.ext`), extensions);
    await openssl('req', ...elliptic, '-subj', subject, '-keyout', `${name}.key`, '-out', `${name}.csr`);
    const authority = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2'];
    await openssl('x509', '-req', '-in', `${name}.csr`, ...authority, '-extfile', `${name}.ext`, '-out', `${name}.crt`);
  };
  const names = [...addresses.map((address) => `IP:${address}`), 'DNS:localhost', 'DNS:kubernetes.default.svc'];
  await sign('server', '/CN=kube-apiserver', `subjectAltName=${names.join(',')}\n`);
  await sign('admin', '/O=system:masters/CN=admin', 'extendedKeyUsage=clientAuth\n');
  await sign('front-proxy', '/CN=front-proxy', 'extendedKeyUsage=clientAuth\n');
  await sign('keda', '/CN=keda', 'subjectAltName=IP:127.0.0.1,DNS:keda-metrics-apiserver.keda.svc\n');
  await openssl('genrsa', '-out', 'service-accounts.key', '2048');
  return {
    folder,
    ca: at('ca.crt'),
    of: (name) => ({ cert: at(`${name}.crt`), key: at(`${name}.key`) }),
  };
}

/** What kubectl and the control plane use. */
export function writeKubeconfig(path: string, keys: Keys, server: string): void {
  const { cert, key } = keys.of('admin');
  writeFileSync(
    path,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'test',
      clusters: [{ name: 'test', cluster: { server, 'certificate-authority': keys.ca } }],
      users: [{ name: 'admin', user: { 'client-certificate': cert, 'client-key': key } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    }),
    { mode: 0o600 },
  );
}
