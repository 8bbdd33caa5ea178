import assert from 'node:assert/strict';
import { it } from 'node:test';
import * as netlink from '../../src/netlink/netlink-header.js';
import { headerNumbers } from '../support/header-numbers.js';

const { attributeHeader, netlinkFlag, netlinkHeader, netlinkType } = netlink;

const ours = {
  'sizeof(struct nlmsghdr)': netlinkHeader.bytes,
  'offsetof(struct nlmsghdr, nlmsg_len)': netlinkHeader.length,
  'offsetof(struct nlmsghdr, nlmsg_type)': netlinkHeader.type,
  'offsetof(struct nlmsghdr, nlmsg_flags)': netlinkHeader.flags,
  'offsetof(struct nlmsghdr, nlmsg_seq)': netlinkHeader.sequence,
  NLMSG_ERROR: netlinkType.error,
  NLMSG_DONE: netlinkType.done,
  NLM_F_REQUEST: netlinkFlag.request,
  NLM_F_ACK: netlinkFlag.acknowledge,
  NLM_F_DUMP: netlinkFlag.dump,
  'sizeof(struct nlattr)': attributeHeader.bytes,
  'offsetof(struct nlattr, nla_len)': attributeHeader.length,
  'offsetof(struct nlattr, nla_type)': attributeHeader.type,
  NLA_ALIGNTO: attributeHeader.alignment,
  '(unsigned short)NLA_TYPE_MASK': netlink.attributeTypeMask,
  AF_NETLINK: netlink.netlinkFamily,
};

it('agrees with the installed headers', () => {
  assert.deepEqual(ours, headerNumbers(['sys/socket.h', 'linux/netlink.h'], Object.keys(ours)));
});
