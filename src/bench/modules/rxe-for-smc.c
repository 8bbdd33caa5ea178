/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What SMC-R needs of Soft-RoCE and Debian's Linux 6.1 does not give it. Newer kernels have both, and it changes nothing
 * there; nothing outside the kernel can do it.
 *
 * SMC-R sends on a link only while its queue pair's cur_qp_state, as ib_query_qp told it, is RTS (smc_link_sendable in
 * net/smc/smc_core.h): rxe_query_qp leaves that at 0, which is RESET.
 *
 * SMC-R asks for the next receive completion with both bits of IB_CQ_SOLICITED_MASK (smc_ib_ready_link,
 * smc_wr_rx_tasklet_fn), where IB_CQ_NEXT_COMP is meant. rxe_cq_post knows only one or the other, and tells of nothing.
 */
#include <linux/kprobes.h>
#include <linux/module.h>
#include <rdma/ib_verbs.h>

struct query {
    struct ib_qp_attr *attributes;
};

static int begin_query(struct kretprobe_instance *instance, struct pt_regs *registers) {
    struct query *query = (void *)instance->data;
    query->attributes = (void *)registers->si;
    return 0;
}

static int end_query(struct kretprobe_instance *instance, struct pt_regs *registers) {
    struct query *query = (void *)instance->data;
    if (regs_return_value(registers) == 0) query->attributes->cur_qp_state = query->attributes->qp_state;
    return 0;
}

static struct kretprobe query_probe = {
    .kp.symbol_name = "rxe_query_qp",
    .entry_handler = begin_query,
    .handler = end_query,
    .data_size = sizeof(struct query),
};

static int begin_notify(struct kprobe *probe, struct pt_regs *registers) {
    if (registers->si & IB_CQ_NEXT_COMP) registers->si &= ~(unsigned long)IB_CQ_SOLICITED;
    return 0;
}

static struct kprobe notify_probe = {
    .symbol_name = "rxe_req_notify_cq",
    .pre_handler = begin_notify,
};

static int __init load(void) {
    int error = register_kretprobe(&query_probe);
    if (error) return error;
    error = register_kprobe(&notify_probe);
    if (error) unregister_kretprobe(&query_probe);
    return error;
}

static void __exit unload(void) {
    unregister_kprobe(&notify_probe);
    unregister_kretprobe(&query_probe);
}

module_init(load);
module_exit(unload);
MODULE_DESCRIPTION("What SMC-R needs of Soft-RoCE");
MODULE_LICENSE("GPL");
