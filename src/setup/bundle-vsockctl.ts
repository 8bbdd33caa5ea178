import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const project = fileURLToPath(new URL('../../../', import.meta.url));
/** As deep as the modules that it is made of, which find the package’s own file from where they are. */
const place = join(project, 'dist/shipped/ctl');

/** Puts vsockctl’s hundreds of modules into a few files, so that it starts at once. What is rarely needed stays apart. */
export async function bundleVsockctl(): Promise<void> {
  const fresh = `${place}.${process.pid}`;
  await build({
    entryPoints: [join(project, 'dist/src/ctl/run.js')],
    outdir: fresh,
    bundle: true,
    splitting: true,
    minify: true,
    keepNames: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    define: { 'process.env.NODE_ENV': '"production"' },
    // ssh2 has compiled parts of its own; Ink’s tool for its developers is not installed.
    external: ['ssh2', 'react-devtools-core'],
    // Packages in CommonJS ask for Node’s own modules by require.
    banner: {
      js: 'import { createRequire as vsocketRequire } from "node:module"; const require = vsocketRequire(import.meta.url);',
    },
    logLevel: 'warning',
  });
  // One that runs loads the rest of it when it needs it: its files stay until the new ones are whole.
  rmSync(place, { recursive: true, force: true });
  renameSync(fresh, place);
}
