import { ExitCode } from '../errors/exit-code.js';
import { VsocketError } from '../errors/vsocket-error.js';

/** A filter that is none, with the place where it went wrong. */
export class FilterError extends VsocketError {
  /** The filter, and a caret under the place: two lines. */
  readonly excerpt: string;

  constructor(filter: string, at: number, why: string) {
    const message = `the filter “${filter}” is wrong: ${why}`;
    super('bad-filter', message, 'see vsockctl help filters', ExitCode.usage);
    this.excerpt = `  ${filter}\n  ${' '.repeat([...filter.slice(0, at)].length)}^`;
  }
}
