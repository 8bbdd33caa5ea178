/**
 * The frame of every netlink message, as of linux/netlink.h. Numbers are in the machine’s byte order (little endian
 * on every system that vSocket supports). A test compares them with the installed headers.
 */
export const netlinkHeader = { bytes: 16, length: 0, type: 4, flags: 6, sequence: 8 } as const;

/** NLMSG_ERROR, NLMSG_DONE: their payload begins with 0 or a negative errno. */
export const netlinkType = { error: 2, done: 3 } as const;

/** NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP (root | match) */
export const netlinkFlag = { request: 0x1, acknowledge: 0x4, dump: 0x300 } as const;

/** struct nlattr: length with this header, then type; the next one begins at a multiple of `alignment`. */
export const attributeHeader = { bytes: 4, length: 0, type: 2, alignment: 4 } as const;

/** NLA_TYPE_MASK: the type without NLA_F_NESTED and NLA_F_NET_BYTEORDER */
export const attributeTypeMask = 0x3fff;

/** AF_NETLINK of linux/socket.h */
export const netlinkFamily = 16;
