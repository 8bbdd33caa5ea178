/* What a program posts, in memory that the NIC's thread reads. */
#include "model.h"
#include <errno.h>
#include <string.h>

static int fill(struct queue_pair *pair, struct send *send, const struct ibv_send_wr *request) {
    if (request->opcode != IBV_WR_RDMA_WRITE && request->opcode != IBV_WR_RDMA_WRITE_WITH_IMM) return EINVAL;
    if (request->num_sge > 1) return EINVAL;
    const struct ibv_sge *bytes = request->num_sge == 1 ? request->sg_list : NULL;
    *send = (struct send){
            .id = request->wr_id,
            .address = bytes ? bytes->addr : 0,
            .length = bytes ? bytes->length : 0,
            .key = bytes ? bytes->lkey : 0,
            .remote_address = request->wr.rdma.remote_addr,
            .remote_key = request->wr.rdma.rkey,
            .immediate = request->imm_data,
            .flags = request->send_flags | (pair->signals_all ? IBV_SEND_SIGNALED : 0),
            .has_immediate = request->opcode == IBV_WR_RDMA_WRITE_WITH_IMM,
    };
    if (!(send->flags & IBV_SEND_INLINE)) return 0;
    if (send->length > pair->cap.max_inline_data) return EINVAL;
    memcpy(send->inlined, (const void *)send->address, send->length);
    return 0;
}

int post_sends(struct ibv_qp *base, struct ibv_send_wr *first, struct ibv_send_wr **bad) {
    struct queue_pair *pair = (struct queue_pair *)base;
    uint64_t posted = atomic_load_explicit(&pair->posted, memory_order_relaxed);
    int error = 0;
    for (; first && error == 0; first = first->next) {
        error = posted - pair->reclaimed >= pair->cap.max_send_wr
                                ? ENOMEM
                                : fill(pair, &pair->sends[posted % pair->cap.max_send_wr], first);
        if (error) *bad = first;
        else posted++;
    }
    atomic_store(&pair->posted, posted);
    nic_ring(pair->nic->page);
    return error;
}

int post_receives(struct ibv_qp *base, struct ibv_recv_wr *first, struct ibv_recv_wr **bad) {
    struct queue_pair *pair = (struct queue_pair *)base;
    uint64_t posted = atomic_load_explicit(&pair->receives_posted, memory_order_relaxed);
    int error = 0;
    for (; first && error == 0; first = first->next) {
        if (posted - atomic_load(&pair->receives_used) >= pair->cap.max_recv_wr) {
            error = ENOMEM;
            *bad = first;
        } else pair->receives[posted++ % pair->cap.max_recv_wr] = first->wr_id;
    }
    atomic_store(&pair->receives_posted, posted);
    return error;
}
