import type { ListName, RowsOf } from '../../../src/api/lists.js';

/** What `rdma -j` prints of one object or link; what it leaves out is not known to the kernel. */
type Printed = Record<string, unknown>;

/** How one list of vsockctl compares with the command `rdma` of iproute2. */
interface Comparison<Row> {
  command: string;
  /** The fields that both have, in vsockctl’s words. */
  expected: (printed: Printed) => Partial<Row>;
}

const known = (value: unknown): unknown => value ?? null;

/** vsockctl tells the kernel’s parts from processes by brackets, as ps does. */
function owner({ pid, comm }: Printed): Printed {
  return { pid: known(pid), program: pid === undefined ? `[${String(comm)}]` : comm };
}

function resource(command: string, expected: (printed: Printed) => Printed): Comparison<never> {
  return {
    command: `rdma -jd resource show ${command}`,
    expected: (printed) => ({ device: printed.ifname, ...expected(printed), ...owner(printed) }) as never,
  };
}

export const comparisons: {
  [
    Name in Exclude<ListName, 'vms' | 'flows' | 'links' | 'counters' | 'rules' | 'revisions' | 'audit'>
  ]: Comparison<RowsOf[Name]>;
} = {
  devices: {
    command: 'rdma -jd link',
    expected: (printed) =>
      ({
        device: printed.ifname,
        port: printed.port,
        state: printed.state,
        physicalState: printed.physical_state,
        netdev: known(printed.netdev),
      }) as Partial<RowsOf['devices']>,
  },
  qps: resource('qp', (printed) => ({
    port: known(printed.port),
    lqpn: printed.lqpn,
    rqpn: known(printed.rqpn),
    type: printed.type,
    state: printed.state,
    sqPsn: known(printed['sq-psn']),
    rqPsn: known(printed['rq-psn']),
    pathMigrationState: known(printed['path-mig-state']),
    pdn: known(printed.pdn),
  })),
  cqs: resource('cq', (printed) => ({
    cqn: printed.cqn,
    completions: printed.cqe,
    users: printed.users,
    pollContext: known(printed['poll-ctx']),
    adaptiveModeration: known(printed['adaptive-moderation']),
    ctxn: known(printed.ctxn),
  })),
  mrs: resource('mr', (printed) => ({
    mrn: printed.mrn,
    lengthBytes: printed.mrlen,
    pdn: known(printed.pdn),
  })),
  pds: resource('pd', (printed) => ({ pdn: printed.pdn, users: printed.users, ctxn: known(printed.ctxn) })),
  cmids: resource('cm_id', (printed) => ({
    port: known(printed.port),
    cmIdn: printed['cm-idn'],
    lqpn: known(printed.lqpn),
    type: known(printed['qp-type']),
    state: printed.state,
    portSpace: printed.ps,
    ...endpoint('source', printed['src-addr']),
    ...endpoint('destination', printed['dst-addr']),
  })),
};

function endpoint(side: string, printed: unknown): Printed {
  if (typeof printed !== 'string') return { [`${side}Address`]: null, [`${side}Port`]: null };
  const colon = printed.lastIndexOf(':');
  const address = printed.slice(0, colon).replace(/^\[|\]$/g, '');
  return { [`${side}Address`]: address, [`${side}Port`]: Number(printed.slice(colon + 1)) };
}

/** `rdma -j statistic` has one object a link, with the counters beside its name. */
export function printedCounters(links: readonly Printed[]): Printed[] {
  return links.flatMap(({ ifname, port, ...counters }) =>
    Object.entries(counters).map(([name, value]) => ({ device: ifname, port, name, value })),
  );
}
