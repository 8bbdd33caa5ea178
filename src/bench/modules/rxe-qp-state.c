/*
 * SMC-R sends on a link only while the queue pair's cur_qp_state, as ib_query_qp told it, is RTS (smc_link_sendable in
 * net/smc/smc_core.h). Soft-RoCE's rxe_query_qp leaves it at 0, which is RESET: Linux 6.13 mended that ("RDMA/rxe: Set
 * queue pair cur_qp_state when being queried"), Debian's 6.1 does not have it, and nothing outside the kernel can set it.
 */
#include <linux/kprobes.h>
#include <linux/module.h>
#include <rdma/ib_verbs.h>

struct query {
    struct ib_qp_attr *attributes;
};

static int begin(struct kretprobe_instance *instance, struct pt_regs *registers) {
    struct query *query = (void *)instance->data;
    query->attributes = (void *)regs_get_kernel_argument(registers, 1);
    return 0;
}

static int end(struct kretprobe_instance *instance, struct pt_regs *registers) {
    struct query *query = (void *)instance->data;
    if (regs_return_value(registers) == 0) query->attributes->cur_qp_state = query->attributes->qp_state;
    return 0;
}

static struct kretprobe probe = {
    .kp.symbol_name = "rxe_query_qp",
    .entry_handler = begin,
    .handler = end,
    .data_size = sizeof(struct query),
};

static int __init load(void) {
    return register_kretprobe(&probe);
}

static void __exit unload(void) {
    unregister_kretprobe(&probe);
}

module_init(load);
module_exit(unload);
MODULE_DESCRIPTION("Soft-RoCE tells the current state of its queue pairs");
MODULE_LICENSE("GPL");
