import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VsocketError } from '../errors/vsocket-error.js';

/** PEM files with which a host shows other hosts who it is. */
export interface LinkCertificates {
  certificate: string;
  key: string;
  authority: string;
}

const newKey = ['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
const validity = ['-days', '365'];

/** Makes an authority in a directory, and there for each host a certificate from it. */
export function makeLinkCertificates(
  directory: string,
  hosts: readonly string[],
): Map<string, LinkCertificates> {
  const at = (file: string): string => join(directory, file);
  const [authority, authorityKey] = [at('authority.pem'), at('authority.key')];
  const subject = '/CN=vSocket hosts';
  openssl(...newKey, '-x509', ...validity, '-subj', subject, '-keyout', authorityKey, '-out', authority);
  const certify = (host: string): [string, LinkCertificates] => {
    const files = { certificate: at(`${host}.pem`), key: at(`${host}.key`), authority };
    const [request, extensions] = [at(`${host}.csr`), at(`${host}.ext`)];
    openssl(...newKey, '-subj', `/CN=${host}`, '-keyout', files.key, '-out', request);
    writeFileSync(extensions, `subjectAltName=DNS:${host}\nextendedKeyUsage=serverAuth,clientAuth\n`);
    const signer = ['-CA', authority, '-CAkey', authorityKey, '-CAcreateserial', ...validity];
    openssl(
      ...['x509', '-req', '-in', request, ...signer],
      '-extfile',
      extensions,
      '-out',
      files.certificate,
    );
    return [host, files];
  };
  return new Map(hosts.map(certify));
}

function openssl(...args: string[]): void {
  try {
    execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    const why = String((error as Error).message)
      .trim()
      .split('\n')
      .at(-1);
    throw new VsocketError('command-failed', `openssl ${args[0]}: ${why}`);
  }
}
