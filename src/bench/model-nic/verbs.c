/* The part of libibverbs' interface that vsockd uses, in the model's terms. */
#define _GNU_SOURCE
#include "model.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#undef ibv_get_device_list
#undef ibv_query_port
#undef ibv_reg_mr

static struct ibv_device device = {
        .node_type = IBV_NODE_CA,
        .transport_type = IBV_TRANSPORT_IB,
        .name = MODEL_NAME,
};

static uint64_t number_from(const char *variable, uint64_t otherwise) {
    const char *text = getenv(variable);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

const struct options *model_options(void) {
    static struct options options;
    static bool is_read;
    if (is_read) return &options;
    options.directory = getenv("MODEL_NIC_DIRECTORY");
    options.delay_nanoseconds = number_from("MODEL_NIC_DELAY_NANOSECONDS", 2000);
    options.fetch_nanoseconds = number_from("MODEL_NIC_FETCH_NANOSECONDS", 500);
    options.nanoseconds_per_byte = 8.0 / (double)number_from("MODEL_NIC_GIGABITS", 100);
    is_read = true;
    return &options;
}

struct ibv_device **ibv_get_device_list(int *count) {
    struct ibv_device **list = calloc(2, sizeof *list);
    if (!list) return NULL;
    if (model_options()->directory) list[0] = &device;
    if (count) *count = list[0] ? 1 : 0;
    return list;
}

void ibv_free_device_list(struct ibv_device **list) {
    free(list);
}

/** The kernel does not know it. */
int ibv_get_device_index(struct ibv_device *which) {
    (void)which;
    return -1;
}

struct ibv_context *ibv_open_device(struct ibv_device *which) {
    struct nic *nic = calloc(1, sizeof *nic);
    if (!nic) return NULL;
    nic->page = make_shared(model_options()->directory, "nic", sizeof *nic->page, &nic->number);
    if (!nic->page) {
        free(nic);
        return NULL;
    }
    nic->base.device = which;
    nic->base.cmd_fd = -1;
    nic->base.async_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    nic->base.num_comp_vectors = 1;
    nic->base.ops.poll_cq = poll_completions;
    nic->base.ops.req_notify_cq = arm_completions;
    nic->base.ops.post_send = post_sends;
    nic->base.ops.post_recv = post_receives;
    pthread_mutex_init(&nic->lock, NULL);
    return &nic->base;
}

/** Only who has queue pairs needs the thread. */
static int start_thread(struct nic *nic) {
    if (nic->thread) return 0;
    int error = pthread_create(&nic->thread, NULL, nic_main, nic);
    if (error == 0) pthread_setname_np(nic->thread, "model-nic");
    return error;
}

int ibv_close_device(struct ibv_context *context) {
    struct nic *nic = (struct nic *)context;
    if (nic->thread) {
        atomic_store(&nic->ends, true);
        nic_ring(nic->page);
        pthread_join(nic->thread, NULL);
    }
    remove_shared(model_options()->directory, "nic", sizeof *nic->page, nic->number, nic->page);
    close(nic->base.async_fd);
    pthread_mutex_destroy(&nic->lock);
    free(nic);
    return 0;
}

int ibv_query_device(struct ibv_context *context, struct ibv_device_attr *attributes) {
    (void)context;
    *attributes = (struct ibv_device_attr){
            .fw_ver = "model, no hardware",
            .max_mr_size = UINT64_MAX,
            .max_qp = MAX_QUEUE_PAIRS,
            .max_qp_wr = MAX_SENDS,
            .max_sge = 1,
            .max_cq = 1024,
            .max_cqe = 1 << 20,
            .max_mr = MAX_REGIONS,
            .max_pd = 1,
            .max_pkeys = 1,
            .phys_port_cnt = 1,
    };
    return 0;
}

/** Speeds of one lane, in Gb/s, and their codes (InfiniBand specification, PortInfo:LinkSpeedActive); four lanes. */
int ibv_query_port(struct ibv_context *context, uint8_t port, struct _compat_ibv_port_attr *compatible) {
    (void)context;
    if (port != MODEL_PORT) return EINVAL;
    double gigabits = 8.0 / model_options()->nanoseconds_per_byte;
    struct ibv_port_attr *attributes = (struct ibv_port_attr *)compatible;
    *attributes = (struct ibv_port_attr){
            .state = IBV_PORT_ACTIVE,
            .max_mtu = IBV_MTU_4096,
            .active_mtu = IBV_MTU_4096,
            .gid_tbl_len = 1,
            .max_msg_sz = 1u << 30,
            .pkey_tbl_len = 1,
            .active_width = 2,
            .active_speed = gigabits > 200 ? 128 : gigabits > 100 ? 64 : gigabits > 56 ? 32 : gigabits > 20 ? 4 : 1,
            .phys_state = 5,
            .link_layer = IBV_LINK_LAYER_ETHERNET,
    };
    return 0;
}

/** A link-local address with the NIC's number in it. */
static void fill_gid(struct nic *nic, struct ibv_gid_entry *entry) {
    memset(entry, 0, sizeof *entry);
    entry->gid.raw[0] = 0xfe;
    entry->gid.raw[1] = 0x80;
    for (int byte = 0; byte < 4; byte++) entry->gid.raw[15 - byte] = (uint8_t)(nic->number >> (8 * byte));
    entry->port_num = MODEL_PORT;
    entry->gid_type = IBV_GID_TYPE_ROCE_V2;
}

int _ibv_query_gid_ex(struct ibv_context *context, uint32_t port, uint32_t index, struct ibv_gid_entry *entry,
                                            uint32_t flags, size_t size) {
    (void)flags;
    (void)size;
    if (port != MODEL_PORT || index != 0) return ENODATA;
    fill_gid((struct nic *)context, entry);
    return 0;
}

ssize_t _ibv_query_gid_table(struct ibv_context *context, struct ibv_gid_entry *entries, size_t count,
                                                          uint32_t flags, size_t size) {
    (void)flags;
    (void)size;
    if (count < 1) return -EINVAL;
    fill_gid((struct nic *)context, entries);
    return 1;
}

/** Nothing ever happens to the port or the device. */
int ibv_get_async_event(struct ibv_context *context, struct ibv_async_event *event) {
    (void)context;
    (void)event;
    errno = EAGAIN;
    return -1;
}

void ibv_ack_async_event(struct ibv_async_event *event) {
    (void)event;
}

struct ibv_pd *ibv_alloc_pd(struct ibv_context *context) {
    struct ibv_pd *domain = calloc(1, sizeof *domain);
    if (domain) domain->context = context;
    return domain;
}

int ibv_dealloc_pd(struct ibv_pd *domain) {
    free(domain);
    return 0;
}

struct ibv_mr *ibv_reg_mr(struct ibv_pd *domain, void *address, size_t length, int access) {
    struct nic *nic = (struct nic *)domain->context;
    struct ibv_mr *region = calloc(1, sizeof *region);
    if (!region) return NULL;
    static uint32_t registrations;
    pthread_mutex_lock(&nic->lock);
    uint32_t place = 0;
    while (place < MAX_REGIONS && nic->regions[place]) place++;
    if (place < MAX_REGIONS) {
        /* A key that was given back is not given again soon. */
        uint32_t key = (++registrations % (UINT32_MAX / MAX_REGIONS)) * MAX_REGIONS + place;
        *region = (struct ibv_mr){domain->context, domain, address, length, 0, key, key};
        nic->regions[place] = region;
        nic->region_access[place] = access;
    }
    pthread_mutex_unlock(&nic->lock);
    if (place < MAX_REGIONS) return region;
    free(region);
    errno = ENOMEM;
    return NULL;
}

int ibv_dereg_mr(struct ibv_mr *region) {
    struct nic *nic = (struct nic *)region->context;
    pthread_mutex_lock(&nic->lock);
    nic->regions[region->lkey % MAX_REGIONS] = NULL;
    pthread_mutex_unlock(&nic->lock);
    free(region);
    return 0;
}

struct ibv_comp_channel *ibv_create_comp_channel(struct ibv_context *context) {
    struct channel *channel = calloc(1, sizeof *channel);
    if (!channel) return NULL;
    channel->base.context = context;
    channel->base.fd = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
    return &channel->base;
}

int ibv_destroy_comp_channel(struct ibv_comp_channel *channel) {
    close(channel->fd);
    free(channel);
    return 0;
}

/** One completion queue for each channel, as vsockd has them. */
struct ibv_cq *ibv_create_cq(struct ibv_context *context, int depth, void *user, struct ibv_comp_channel *channel,
                                                          int vector) {
    (void)vector;
    struct completion_queue *queue = calloc(1, sizeof *queue);
    struct completion *entries = calloc((size_t)depth, sizeof *entries);
    if (!queue || !entries || ((struct channel *)channel)->queue) {
        free(queue);
        free(entries);
        errno = ENOMEM;
        return NULL;
    }
    queue->base = (struct ibv_cq){.context = context, .channel = channel, .cq_context = user, .cqe = depth};
    queue->capacity = (uint32_t)depth;
    queue->entries = entries;
    ((struct channel *)channel)->queue = queue;
    return &queue->base;
}

int ibv_destroy_cq(struct ibv_cq *base) {
    struct completion_queue *queue = (struct completion_queue *)base;
    ((struct channel *)base->channel)->queue = NULL;
    free(queue->entries);
    free(queue);
    return 0;
}

int ibv_get_cq_event(struct ibv_comp_channel *channel, struct ibv_cq **queue, void **user) {
    uint64_t count;
    if (read(channel->fd, &count, sizeof count) < 0) return -1;
    *queue = &((struct channel *)channel)->queue->base;
    *user = (*queue)->cq_context;
    return 0;
}

void ibv_ack_cq_events(struct ibv_cq *queue, unsigned int count) {
    (void)queue;
    (void)count;
}

struct ibv_qp *ibv_create_qp(struct ibv_pd *domain, struct ibv_qp_init_attr *attributes) {
    struct nic *nic = (struct nic *)domain->context;
    const struct ibv_qp_cap *cap = &attributes->cap;
    bool fits = attributes->qp_type == IBV_QPT_RC && cap->max_send_wr <= MAX_SENDS &&
                            cap->max_recv_wr <= MAX_RECEIVES && cap->max_inline_data <= MAX_INLINE && cap->max_send_sge <= 1;
    struct queue_pair *pair = fits ? aligned_alloc(64, (sizeof *pair + 63) / 64 * 64) : NULL;
    if (!pair) {
        errno = fits ? ENOMEM : EINVAL;
        return NULL;
    }
    memset(pair, 0, sizeof *pair);
    pair->nic = nic;
    pair->cap = *cap;
    pair->signals_all = attributes->sq_sig_all != 0;
    pair->send_queue = (struct completion_queue *)attributes->send_cq;
    pair->receive_queue = (struct completion_queue *)attributes->recv_cq;
    pair->sends = calloc(cap->max_send_wr, sizeof *pair->sends);
    pair->receives = calloc(cap->max_recv_wr, sizeof *pair->receives);
    pair->wire = make_shared(model_options()->directory, "wire", sizeof *pair->wire, &pair->base.qp_num);
    pair->base.context = domain->context;
    pair->base.pd = domain;
    pair->base.qp_type = IBV_QPT_RC;
    pair->base.state = IBV_QPS_RESET;
    int error = pair->wire ? start_thread(nic) : errno;
    if (error == 0) {
        pair->wire->nic = nic->number;
        pthread_mutex_lock(&nic->lock);
        if (nic->pair_count < MAX_QUEUE_PAIRS) nic->pairs[nic->pair_count++] = pair;
        else error = ENOMEM;
        pthread_mutex_unlock(&nic->lock);
    }
    if (error == 0) return &pair->base;
    if (pair->wire)
        remove_shared(model_options()->directory, "wire", sizeof *pair->wire, pair->base.qp_num, pair->wire);
    free(pair->sends);
    free(pair->receives);
    free(pair);
    errno = error;
    return NULL;
}

/** Finds the wire of the other queue pair, and the NIC that listens there. */
static int connect_pair(struct queue_pair *pair, uint32_t peer_number) {
    const char *directory = model_options()->directory;
    struct wire *peer = open_shared(directory, "wire", sizeof *peer, peer_number);
    if (!peer) return errno;
    struct nic_page *page = open_shared(directory, "nic", sizeof *page, peer->nic);
    if (!page) return errno;
    pair->peer = peer;
    pair->peer_page = page;
    return 0;
}

int ibv_modify_qp(struct ibv_qp *base, struct ibv_qp_attr *attributes, int mask) {
    struct queue_pair *pair = (struct queue_pair *)base;
    int error = 0;
    pthread_mutex_lock(&pair->nic->lock);
    if (mask & IBV_QP_MIN_RNR_TIMER) pair->rnr_timer = attributes->min_rnr_timer;
    if (mask & IBV_QP_TIMEOUT) pair->timeout_code = attributes->timeout;
    if (mask & IBV_QP_RETRY_CNT) pair->retries = attributes->retry_cnt;
    if (mask & IBV_QP_DEST_QPN) error = connect_pair(pair, attributes->dest_qp_num);
    if (error == 0 && (mask & IBV_QP_STATE)) {
        base->state = attributes->qp_state;
        if (base->state == IBV_QPS_ERR) flush_pair(pair);
    }
    pthread_mutex_unlock(&pair->nic->lock);
    return error;
}

int ibv_query_qp(struct ibv_qp *base, struct ibv_qp_attr *attributes, int mask, struct ibv_qp_init_attr *initial) {
    (void)mask;
    struct queue_pair *pair = (struct queue_pair *)base;
    *attributes = (struct ibv_qp_attr){.qp_state = base->state, .cur_qp_state = base->state, .cap = pair->cap};
    *initial = (struct ibv_qp_init_attr){.cap = pair->cap, .qp_type = IBV_QPT_RC};
    return 0;
}

int ibv_destroy_qp(struct ibv_qp *base) {
    struct queue_pair *pair = (struct queue_pair *)base;
    struct nic *nic = pair->nic;
    pthread_mutex_lock(&nic->lock);
    for (uint32_t p = 0; p < nic->pair_count; p++)
        if (nic->pairs[p] == pair) nic->pairs[p] = nic->pairs[--nic->pair_count];
    forget_sender(pair->send_queue, pair);
    pthread_mutex_unlock(&nic->lock);
    if (pair->peer) munmap(pair->peer, sizeof *pair->peer);
    if (pair->peer_page) munmap(pair->peer_page, sizeof *pair->peer_page);
    remove_shared(model_options()->directory, "wire", sizeof *pair->wire, base->qp_num, pair->wire);
    free(pair->sends);
    free(pair->receives);
    free(pair);
    return 0;
}
