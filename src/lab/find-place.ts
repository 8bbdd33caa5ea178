import { ExitCode } from '../errors/exit-code.js';
import { VsocketError } from '../errors/vsocket-error.js';
import { hosts, vms, type LabHost, type LabVm } from './topology.js';

/** @throws VsocketError when the lab has no such VM */
export const findVm = (name: string): LabVm => find('VM', vms, name);

/** @throws VsocketError when the lab has no such host */
export const findHost = (name: string): LabHost => find('host', hosts, name);

function find<Place extends { name: string }>(kind: string, places: readonly Place[], name: string): Place {
  const found = places.find((place) => place.name === name);
  if (found !== undefined) return found;
  const names = places.map((place) => place.name).join(', ');
  throw new VsocketError(
    `no-such-${kind.toLowerCase()}`,
    `the lab has no ${kind} ${name}`,
    `there are ${names}`,
    ExitCode.notFound,
  );
}

export const notUp = (what: string, lab: string): VsocketError =>
  new VsocketError(
    'lab-not-up',
    `${what} of lab ${lab} does not run`,
    `run vsocket-lab up --name ${lab}`,
    ExitCode.notFound,
  );
