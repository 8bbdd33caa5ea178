import { copyFile, mkdir, readFile, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build as bundle, type Plugin } from 'esbuild';
import { projectDirectory } from '../lab-paths.js';
import { outsideInMachine } from './init-script.js';
import { programIn, reportHostProgram, setUpMachineProgram } from './machine-program.js';

const at = (path: string): string => join(projectDirectory, path);

/** Every program of ours that runs in a machine. */
const programs = [
  at('dist/src/daemon/main.js'),
  at('dist/src/dataplane/main.js'),
  setUpMachineProgram,
  reportHostProgram,
];

/**
 * Puts the project into a directory, with each program in one file. To load a program from its hundreds of modules
 * takes an emulated machine five times as long.
 */
export async function bundleProject(into: string): Promise<void> {
  await bundle({
    entryPoints: programs,
    outdir: join(into, 'dist'),
    outbase: at('dist'),
    bundle: true,
    minify: true,
    keepNames: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['koffi'],
    // Packages in CommonJS ask for Node’s own modules by require.
    banner: {
      js: 'import { createRequire as vsocketRequire } from "node:module"; const require = vsocketRequire(import.meta.url);',
    },
    plugins: [modulePlaces(into)],
    logLevel: 'silent',
  });
  for (const file of ['bin/vsockd', 'package.json', 'dist/libvsocket.so']) {
    await mkdir(dirname(join(into, file)), { recursive: true });
    await copyFile(at(file), join(into, file));
  }
  await symlink(at('node_modules'), join(into, 'node_modules'));
}

/** A module finds other files of the project by its own place: each keeps it, whatever file it is in now. */
const modulePlaces = (into: string): Plugin => ({
  name: 'module-places',
  setup(build) {
    build.onLoad({ filter: /\.js$/ }, async ({ path }) => {
      if (!path.startsWith(at('dist/'))) return null;
      const place = pathToFileURL(outsideInMachine + programIn(into, path)).href;
      const text = await readFile(path, 'utf8');
      return { contents: text.replaceAll('import.meta.url', JSON.stringify(place)) };
    });
  },
});
