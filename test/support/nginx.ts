import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A command for nginx with one worker and one server; all its files are in a directory. */
export function nginx(directory: string, server: string): string[] {
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const lines = [
    'user root; daemon off; worker_processes 1; error_log stderr alert; events {}',
    `pid ${directory}/nginx.pid;`,
    `http { access_log off; sendfile on; ${paths.map((one) => `${one}_temp_path ${directory}/${one};`).join(' ')}`,
    `server { ${server} } }`,
  ];
  writeFileSync(join(directory, 'nginx.conf'), lines.join('\n'));
  return ['nginx', '-p', directory, '-c', join(directory, 'nginx.conf')];
}
