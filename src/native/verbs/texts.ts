/** Names for the numbers of infiniband/verbs.h. The spelling is that of `rdma link`, `rdma resource` and rdma-core. */

function textOf(names: readonly string[], what: string): (value: number) => string {
  return (value) => names[value] ?? `${what} ${value}`;
}

/** enum ibv_port_state */
export const portStateText = textOf(['NOP', 'DOWN', 'INIT', 'ARMED', 'ACTIVE', 'ACTIVE_DEFER'], 'state');

/** ibv_port_attr.phys_state (InfiniBand specification, PortInfo:PortPhysicalState), spelt as in iproute2’s rdma/link.c */
export const physicalStateText = textOf(
  ['NOP', 'SLEEP', 'POLLING', 'DISABLED', 'ARMED', 'LINK_UP', 'LINK_ERROR_RECOVER', 'PHY_TEST'],
  'state',
);

/** IBV_LINK_LAYER_*, spelt as in sysfs */
export const linkLayerText = textOf(['Unspecified', 'InfiniBand', 'Ethernet'], 'link layer');

/** enum ibv_gid_type */
export const gidTypeText = textOf(['IB', 'RoCE v1', 'RoCE v2'], 'type');

/** enum ibv_qp_state */
export const queuePairStateText = textOf(['RESET', 'INIT', 'RTR', 'RTS', 'SQD', 'SQE', 'ERR'], 'state');

/** enum ibv_wc_status, in the words of ibv_wc_status_str */
export const completionStatusText = textOf(
  [
    'success',
    'local length error',
    'local QP operation error',
    'local EE context operation error',
    'local protection error',
    'Work Request Flushed Error',
    'memory management operation error',
    'bad response error',
    'local access error',
    'remote invalid request error',
    'remote access error',
    'remote operation error',
    'transport retry counter exceeded',
    'RNR retry counter exceeded',
    'local RDD violation error',
    'remote invalid RD request',
    'aborted error',
    'invalid EE context number',
    'invalid EE context state',
    'fatal error',
    'response timeout error',
    'general error',
    'TM error',
    'TM software rendezvous',
  ],
  'status',
);

/** enum ibv_event_type, without IBV_EVENT_ */
export const asyncEventNames = [
  'CQ_ERR',
  'QP_FATAL',
  'QP_REQ_ERR',
  'QP_ACCESS_ERR',
  'COMM_EST',
  'SQ_DRAINED',
  'PATH_MIG',
  'PATH_MIG_ERR',
  'DEVICE_FATAL',
  'PORT_ACTIVE',
  'PORT_ERR',
  'LID_CHANGE',
  'PKEY_CHANGE',
  'SM_CHANGE',
  'SRQ_ERR',
  'SRQ_LIMIT_REACHED',
  'QP_LAST_WQE_REACHED',
  'CLIENT_REREGISTER',
  'GID_CHANGE',
  'WQ_FATAL',
] as const;

export const asyncEventText = textOf(asyncEventNames, 'event');
