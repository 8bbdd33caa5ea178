import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { reasonOf } from '../../errors/reason-of.js';
import { userDirectory } from './user-directory.js';

/** How a view is laid out. */
const ViewSettings = z.looseObject({
  /** Keys of the columns that were chosen; null: those that it has anyway. */
  columns: z.array(z.string()).nullable().default(null),
  /** Columns that are scrolled past. */
  skipped: z.number().int().min(0).max(1000).default(0),
});

/** What `top` remembers from one run to the next. Words of a newer vsockctl stay in the file. */
const Settings = z.looseObject({
  wide: z.boolean().default(false),
  views: z.record(z.string(), ViewSettings).default({}),
});
export type Settings = z.infer<typeof Settings>;

/** `$XDG_STATE_HOME/vsockctl/top.json`, `~/.local/state/vsockctl/top.json` by default. */
export class SettingsFile {
  readonly #path: string;
  #loaded: Settings = Settings.parse({});
  #problem: string | null = null;

  constructor(environment: NodeJS.ProcessEnv) {
    this.#path = join(userDirectory(environment, 'XDG_STATE_HOME', '.local/state'), 'top.json');
  }

  /** The remembered settings, or the defaults where there are none, or none that can be read: see `problem`. */
  load(): Settings {
    let text: string;
    try {
      text = readFileSync(this.#path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#problem = `it cannot be read (${reasonOf(error)})`;
      return this.#loaded;
    }
    const parsed = Settings.safeParse(fromJson(text));
    if (parsed.success) return (this.#loaded = parsed.data);
    const place = parsed.error.issues[0]?.path.join('.') ?? '';
    this.#problem = place === '' ? 'it is no JSON object' : `“${place}” in it is not what it should be`;
    return this.#loaded;
  }

  /** Why what is remembered is not used; null where it is. */
  get problem(): string | null {
    if (this.#problem === null) return null;
    return `${this.#path} is ignored: ${this.#problem}; mend or remove it to have choices remembered`;
  }

  /** Null, or why it could not be kept: a home that cannot be written is no reason to stop, nor is a broken file. */
  save(settings: Settings): string | null {
    if (this.problem !== null) return this.problem;
    const temporary = `${this.#path}.${process.pid}`;
    try {
      mkdirSync(dirname(this.#path), { recursive: true });
      writeFileSync(temporary, `${JSON.stringify(settings)}\n`);
      renameSync(temporary, this.#path);
      return null;
    } catch (error) {
      return `cannot remember this in ${this.#path}: ${reasonOf(error)}`;
    }
  }
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
