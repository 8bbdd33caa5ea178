/*
 * What smc-tools would do on a host, by generic netlink. `enable` gives the host an enterprise id, without which SMC-R
 * version 2 is not tried, and puts interface and RDMA device into one physical network: Linux 6.1 does not see by itself
 * that Soft-RoCE's device is on that interface (net/smc asks the driver, which leaves that to ib_core).
 * `counts` tells how many connections became SMC-R and how many fell back to TCP.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/smc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_BYTES 32768
#define EID_BYTES 32 /* SMC_MAX_EID_LEN of net/smc/smc_clc.h in the kernel; what is not used is blank */
#define NETWORK "BENCH"

struct message {
    struct nlmsghdr header;
    struct genlmsghdr generic;
    char attributes[256];
};

static char answer[ANSWER_BYTES];

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void add(struct message *message, uint16_t type, const void *value, size_t bytes) {
    struct nlattr *attribute = (void *)((char *)message + message->header.nlmsg_len);
    attribute->nla_type = type;
    attribute->nla_len = (uint16_t)(NLA_HDRLEN + bytes);
    memcpy((char *)attribute + NLA_HDRLEN, value, bytes);
    message->header.nlmsg_len += NLA_ALIGN(attribute->nla_len);
}

static void add_string(struct message *message, uint16_t type, const char *text) {
    add(message, type, text, strlen(text) + 1);
}

static struct message request(uint16_t family, uint8_t command, uint16_t flags) {
    return (struct message){
        .header = {.nlmsg_len = NLMSG_HDRLEN + GENL_HDRLEN, .nlmsg_type = family, .nlmsg_flags = NLM_F_REQUEST | flags},
        .generic = {.cmd = command, .version = SMC_GENL_FAMILY_VERSION},
    };
}

/* The attribute of a type among those in [from, from + bytes), or null. */
static struct nlattr *find(void *from, size_t bytes, uint16_t type) {
    for (char *at = from, *end = at + bytes; at + NLA_HDRLEN <= end;) {
        struct nlattr *attribute = (void *)at;
        if (attribute->nla_len < NLA_HDRLEN) return NULL;
        if ((attribute->nla_type & NLA_TYPE_MASK) == type) return attribute;
        at += NLA_ALIGN(attribute->nla_len);
    }
    return NULL;
}

static struct nlattr *find_in(struct nlattr *nest, uint16_t type) {
    return nest ? find((char *)nest + NLA_HDRLEN, nest->nla_len - NLA_HDRLEN, type) : NULL;
}

static uint64_t number(struct nlattr *attribute, size_t bytes) {
    uint64_t value = 0;
    if (attribute) memcpy(&value, (char *)attribute + NLA_HDRLEN, bytes);
    return value;
}

/* Sends a request; the attributes of its answers, one by one, go to `each`. Ends with DONE or an acknowledgement. */
static void ask(int fd, struct message message, void (*each)(void *attributes, size_t bytes)) {
    if (send(fd, &message, message.header.nlmsg_len, 0) < 0) fail("netlink");
    for (;;) {
        ssize_t got = recv(fd, answer, sizeof answer, 0);
        if (got < 0) fail("netlink");
        for (struct nlmsghdr *one = (void *)answer; NLMSG_OK(one, (size_t)got); one = NLMSG_NEXT(one, got)) {
            if (one->nlmsg_type == NLMSG_DONE) return;
            if (one->nlmsg_type == NLMSG_ERROR) {
                errno = -*(int *)NLMSG_DATA(one);
                if (errno != 0 && errno != EEXIST) fail("the kernel refuses");
                return;
            }
            each((char *)NLMSG_DATA(one) + GENL_HDRLEN, one->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN);
        }
    }
}

static uint16_t family;
static void take_family(void *attributes, size_t bytes) {
    family = (uint16_t)number(find(attributes, bytes, CTRL_ATTR_FAMILY_ID), sizeof family);
}

static uint64_t connections, failures;
static void take_connections(void *attributes, size_t bytes) {
    struct nlattr *all = find(attributes, bytes, SMC_GEN_STATS), *rdma = find_in(all, SMC_NLA_STATS_SMCR_TECH);
    for (int kind = SMC_NLA_STATS_T_CLNT_V1_SUCC; kind <= SMC_NLA_STATS_T_SRV_V2_SUCC; kind++)
        connections += number(find_in(rdma, (uint16_t)kind), sizeof(uint64_t));
    failures += number(find_in(all, SMC_NLA_STATS_CLNT_HS_ERR_CNT), sizeof(uint64_t));
    failures += number(find_in(all, SMC_NLA_STATS_SRV_HS_ERR_CNT), sizeof(uint64_t));
}

static uint64_t fallbacks, reason;
static void take_fallbacks(void *attributes, size_t bytes) {
    struct nlattr *one = find(attributes, bytes, SMC_GEN_FBACK_STATS);
    uint64_t count = number(find_in(one, SMC_NLA_FBACK_STATS_RSN_CNT), sizeof(uint16_t));
    if (count > 0) reason = number(find_in(one, SMC_NLA_FBACK_STATS_RSN_CODE), sizeof(uint32_t));
    fallbacks += count;
}

static void nothing(void *attributes, size_t bytes) {
    (void)attributes;
    (void)bytes;
}

static uint16_t family_of(int fd, const char *name) {
    struct message question = request(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, NLM_F_ACK);
    add_string(&question, CTRL_ATTR_FAMILY_NAME, name);
    ask(fd, question, take_family);
    return family;
}

static int enable(int fd, const char *name, const char *interface, const char *device) {
    char id[EID_BYTES + 1];
    uint8_t port = 1;
    snprintf(id, sizeof id, "%-*s", EID_BYTES, name);
    struct message identity = request(family_of(fd, SMC_GENL_FAMILY_NAME), SMC_NETLINK_ADD_UEID, NLM_F_ACK);
    add_string(&identity, SMC_NLA_EID_TABLE_ENTRY, id);
    ask(fd, identity, nothing);
    struct message network = request(family_of(fd, SMCR_GENL_FAMILY_NAME), SMC_PNETID_ADD, NLM_F_ACK);
    add_string(&network, SMC_PNETID_NAME, NETWORK);
    add_string(&network, SMC_PNETID_ETHNAME, interface);
    add_string(&network, SMC_PNETID_IBNAME, device);
    add(&network, SMC_PNETID_IBPORT, &port, sizeof port);
    ask(fd, network, nothing);
    return 0;
}

static int counts(int fd) {
    family_of(fd, SMC_GENL_FAMILY_NAME);
    ask(fd, request(family, SMC_NETLINK_GET_STATS, NLM_F_DUMP), take_connections);
    ask(fd, request(family, SMC_NETLINK_GET_FBACK_STATS, NLM_F_DUMP), take_fallbacks);
    printf("{\"connections\":%llu,\"failures\":%llu,\"fallbacks\":%llu,\"reason\":\"0x%08llx\"}\n",
           (unsigned long long)connections, (unsigned long long)failures, (unsigned long long)fallbacks,
           (unsigned long long)reason);
    return 0;
}

int main(int count, char **words) {
    int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
    if (fd < 0) fail("socket");
    if (count == 5 && strcmp(words[1], "enable") == 0) return enable(fd, words[2], words[3], words[4]);
    if (count == 2 && strcmp(words[1], "counts") == 0) return counts(fd);
    fputs("usage: smc-host enable ENTERPRISE-ID INTERFACE RDMA-DEVICE | counts\n", stderr);
    return 2;
}
