import { ExitCode } from '../../errors/exit-code.js';
import { VsocketError } from '../../errors/vsocket-error.js';
import { answersOf, type Fleet } from './fleet.js';

/**
 * A VM that is nowhere is a mistake, one without flows is none. A host that fails may have it: then its failure is the
 * result.
 * @throws VsocketError where no host has any of these
 */
export async function requireVm(fleet: Fleet, names: readonly string[]): Promise<void> {
  const outcomes = await fleet.askAll((host, signal) => host.list('vms', {}, signal));
  if (outcomes.some((outcome) => !outcome.ok)) return;
  const known = new Set(answersOf(outcomes).map(({ name }) => name.toLowerCase()));
  if (names.some((name) => known.has(name.toLowerCase()))) return;
  throw new VsocketError(
    'vm-not-found',
    `no host has a VM ${names.join(' or ')}`,
    'list VMs with: vsockctl vms',
    ExitCode.notFound,
  );
}
