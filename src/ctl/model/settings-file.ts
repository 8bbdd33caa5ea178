import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';

/** What `top` remembers from one run to the next. */
const Settings = z.object({ wide: z.boolean() });
export type Settings = z.infer<typeof Settings>;

/** `$XDG_STATE_HOME/vsockctl/top.json`, `~/.local/state/vsockctl/top.json` by default. */
function settingsFile(environment: NodeJS.ProcessEnv): string {
  const base = environment['XDG_STATE_HOME'] ?? join(environment['HOME'] ?? '/', '.local', 'state');
  return join(base, 'vsockctl', 'top.json');
}

/** The remembered settings, or the defaults where there are none that can be read. */
export function loadSettings(environment: NodeJS.ProcessEnv): Settings {
  try {
    return Settings.parse(JSON.parse(readFileSync(settingsFile(environment), 'utf8')));
  } catch {
    return { wide: false };
  }
}

/** Null, or why the settings could not be kept: a home that cannot be written is no reason to stop. */
export function saveSettings(settings: Settings, environment: NodeJS.ProcessEnv): string | null {
  const file = settingsFile(environment);
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify(settings)}\n`);
    return null;
  } catch (error) {
    return `cannot remember this in ${file}: ${error instanceof Error ? error.message : String(error)}`;
  }
}
