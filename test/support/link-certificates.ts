import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificates {
  certificate: string;
  key: string;
  authority: string;
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Makes an authority, and a certificate of it for each host. */
export function makeCertificates(directory: string, hosts: readonly string[]): Map<string, Certificates> {
  const at = (file: string): string => join(directory, file);
  const newKey = ['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const authority = at('authority.pem');
  openssl(
    ...newKey,
    '-x509',
    '-days',
    '2',
    '-subj',
    '/CN=test',
    '-keyout',
    at('authority.key'),
    '-out',
    authority,
  );
  return new Map(
    hosts.map((host) => {
      const files = { certificate: at(`${host}.pem`), key: at(`${host}.key`), authority };
      openssl(...newKey, '-subj', `/CN=${host}`, '-keyout', files.key, '-out', at(`${host}.csr`));
      writeFileSync(
        at(`${host}.ext`),
        `subjectAltName=DNS:${host}\nextendedKeyUsage=serverAuth,clientAuth\n`,
      );
      const signer = ['-CA', authority, '-CAkey', at('authority.key'), '-CAcreateserial', '-days', '2'];
      openssl(
        'x509',
        '-req',
        '-in',
        at(`${host}.csr`),
        ...signer,
        '-extfile',
        at(`${host}.ext`),
        '-out',
        files.certificate,
      );
      return [host, files];
    }),
  );
}
