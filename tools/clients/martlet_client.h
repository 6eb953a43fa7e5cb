/* Asks a Martlet agent through its Unix socket. C11 or C++; nothing but POSIX sockets.
 *
 *     martlet_client client;
 *     if (martlet_connect(&client, "/run/martlet.sock", 2000) != 0) ...
 *     int error = martlet_infer(&client, input, sizeof input, output, sizeof output);
 *     if (error != 0) fprintf(stderr, "%s\n", martlet_error_text(error));
 *     martlet_close(&client);
 *
 * Every function but martlet_close and martlet_error_text returns 0 or an error: a MARTLET_E_...
 * code (negative) or an `errno` value (positive). A call takes at most the client's time-out. After
 * MARTLET_E_WRONG_SIZE, MARTLET_E_UNKNOWN_KIND, and MARTLET_E_ROOM of martlet_describe the client
 * can be used on; after all others its connection is closed. Nothing allocates memory. A client is
 * for one thread at a time. Include this first, or define _GNU_SOURCE. */
#ifndef MARTLET_CLIENT_H
#define MARTLET_CLIENT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    MARTLET_E_BAD_REQUEST = -1,  /* the agent: the request breaks the protocol */
    MARTLET_E_UNKNOWN_KIND = -2, /* the agent: a later version knows this request */
    MARTLET_E_WRONG_SIZE = -3,   /* the agent: the inputs have another size; see martlet_describe */
    MARTLET_E_BUSY = -4,         /* the agent: all its places are taken */
    MARTLET_E_PROTOCOL = -5,     /* this is no agent's answer */
    MARTLET_E_CLOSED = -6,       /* the agent closed the connection */
    MARTLET_E_ROOM = -7,         /* the caller's buffer does not fit the answer */
    MARTLET_E_ARGUMENT = -8      /* a path, size or index is out of its range */
};

#define MARTLET_RANK_MAX 6
#define MARTLET_NAME_SIZE_MAX 32
/* Room for martlet_status. */
#define MARTLET_STATUS_SIZE_MAX 4096

enum { MARTLET_INT8 = 0, MARTLET_UINT8 = 1, MARTLET_INT32 = 2, MARTLET_INT64 = 3 };

/* A tensor: the value of a stored number q is scale * (q - zero_point). */
typedef struct martlet_tensor {
    uint8_t type;        /* MARTLET_INT8 ... MARTLET_INT64: what is sent and received */
    uint8_t source_type; /* the type in the source model; may be another number */
    uint8_t rank;
    int32_t zero_point;
    float scale;
    uint32_t size_bytes;
    uint32_t shape[MARTLET_RANK_MAX]; /* 0 beyond the rank */
    char name[MARTLET_NAME_SIZE_MAX + 1];
} martlet_tensor;

typedef struct martlet_description {
    uint16_t input_count, output_count;
    uint32_t input_size_bytes, output_size_bytes; /* of all inputs, of all outputs */
    uint8_t content_id[32];                       /* names the model */
} martlet_description;

typedef struct martlet_client {
    int descriptor; /* -1 when it is not connected */
    int timeout_ms;
    uint32_t id;
} martlet_client;

/* ---- Private parts -------------------------------------------------------------------------- */

enum { MARTLET_HEAD = 16, MARTLET_DESCRIPTION = 44, MARTLET_TENSOR = 72 };

static inline uint16_t martlet_u16(const uint8_t *bytes) {
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static inline uint32_t martlet_u32(const uint8_t *bytes) {
    return (uint32_t)martlet_u16(bytes) | (uint32_t)martlet_u16(bytes + 2) << 16;
}

static inline void martlet_put_u32(uint8_t *bytes, uint32_t value) {
    for (int i = 0; i < 4; i++) bytes[i] = (uint8_t)(value >> (8 * i));
}

static inline int64_t martlet_now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static inline void martlet_close(martlet_client *client) {
    if (client->descriptor >= 0) close(client->descriptor);
    client->descriptor = -1;
}

/* Closes, because what arrives later must not be taken for the answer to another request. */
static inline int martlet_broken(martlet_client *client, int error) {
    martlet_close(client);
    return error;
}

/* Waits until the socket is ready for `events`. 0 or an error. */
static inline int martlet_wait(martlet_client *client, short events, int64_t deadline_ms) {
    for (;;) {
        int64_t rest = deadline_ms - martlet_now_ms();
        if (rest <= 0) return ETIMEDOUT;
        struct pollfd entry;
        entry.fd = client->descriptor;
        entry.events = events;
        entry.revents = 0;
        int ready = poll(&entry, 1, (int)rest);
        if (ready > 0) return 0;
        if (ready < 0 && errno != EINTR) return errno;
    }
}

static inline int martlet_send(
    martlet_client *client, const uint8_t *bytes, size_t size, int64_t deadline_ms) {
    while (size > 0) {
        ssize_t sent = send(client->descriptor, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            bytes += sent;
            size -= (size_t)sent;
        } else if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            int error = martlet_wait(client, POLLOUT, deadline_ms);
            if (error != 0) return error;
        } else if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) {
            return 0; /* An agent without a free place answers before it reads: hear it out. */
        } else if (sent < 0 && errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

static inline int martlet_receive(
    martlet_client *client, uint8_t *bytes, size_t size, int64_t deadline_ms) {
    while (size > 0) {
        ssize_t received = recv(client->descriptor, bytes, size, MSG_DONTWAIT);
        if (received > 0) {
            bytes += received;
            size -= (size_t)received;
        } else if (received == 0) {
            return MARTLET_E_CLOSED;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            int error = martlet_wait(client, POLLIN, deadline_ms);
            if (error != 0) return error;
        } else if (errno != EINTR) {
            return errno == ECONNRESET ? MARTLET_E_CLOSED : errno;
        }
    }
    return 0;
}

/* Sends a request and receives the head of its answer. 0 and the size of what follows. */
static inline int martlet_ask(
    martlet_client *client, uint8_t kind, uint8_t flags, const void *payload, uint32_t size,
    int64_t deadline_ms, uint32_t *answer_size) {
    if (client->descriptor < 0) return MARTLET_E_CLOSED;
    uint8_t head[MARTLET_HEAD] = {'M', 'L', 'T', 'Q', kind, 0, flags, 0};
    client->id++;
    martlet_put_u32(head + 8, client->id);
    martlet_put_u32(head + 12, size);
    int error = martlet_send(client, head, sizeof head, deadline_ms);
    if (error == 0) error = martlet_send(client, (const uint8_t *)payload, size, deadline_ms);
    if (error == 0) error = martlet_receive(client, head, sizeof head, deadline_ms);
    if (error != 0) return martlet_broken(client, error);
    uint32_t found = martlet_u32(head + 12);
    if (memcmp(head, "MLTS", 4) != 0 || head[5] > 4 || head[6] != 0 || head[7] != 0
        || (head[5] != 0 && found != 0))
        return martlet_broken(client, MARTLET_E_PROTOCOL);
    if (head[5] == 1 || head[5] == 4) return martlet_broken(client, -(int)head[5]);
    if (head[4] != kind || martlet_u32(head + 8) != client->id)
        return martlet_broken(client, MARTLET_E_PROTOCOL);
    if (head[5] != 0) return -(int)head[5];
    *answer_size = found;
    return 0;
}

static inline int64_t martlet_deadline_ms(const martlet_client *client) {
    return martlet_now_ms() + client->timeout_ms;
}

/* ---- The client ------------------------------------------------------------------------------ */

/* Connects to the socket at `path`; every later call takes at most `timeout_ms`, 1 or more. */
static inline int martlet_connect(martlet_client *client, const char *path, int timeout_ms) {
    struct sockaddr_un address;
    client->descriptor = -1;
    client->timeout_ms = timeout_ms;
    client->id = 0;
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof address.sun_path || timeout_ms <= 0)
        return MARTLET_E_ARGUMENT;
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    memcpy(address.sun_path, path, length);
    client->descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (client->descriptor < 0) return errno;
    /* On a Unix socket this never waits: it succeeds, or the agent's queue is full (EAGAIN). */
    if (connect(client->descriptor, (const struct sockaddr *)&address, sizeof address) < 0)
        return martlet_broken(client, errno);
    return 0;
}

/* Runs the model once: all inputs, one after the other, to all outputs. MARTLET_E_ROOM unless the
 * outputs have exactly `output_size` bytes. */
static inline int martlet_infer(
    martlet_client *client, const void *input, size_t input_size, void *output,
    size_t output_size) {
    if (input_size > UINT32_MAX) return MARTLET_E_ARGUMENT;
    int64_t deadline_ms = martlet_deadline_ms(client);
    uint32_t size = 0;
    int error = martlet_ask(client, 1, 0, input, (uint32_t)input_size, deadline_ms, &size);
    if (error != 0) return error;
    if (size != output_size) return martlet_broken(client, MARTLET_E_ROOM);
    error = martlet_receive(client, (uint8_t *)output, output_size, deadline_ms);
    return error == 0 ? 0 : martlet_broken(client, error);
}

/* Gives the model's states their initial values; a model without any changes nothing. */
static inline int martlet_reset_state(martlet_client *client) {
    int64_t deadline_ms = martlet_deadline_ms(client);
    uint32_t size = 0;
    int error = martlet_ask(client, 4, 0, "", 0, deadline_ms, &size);
    if (error != 0) return error;
    return size == 0 ? 0 : martlet_broken(client, MARTLET_E_PROTOCOL);
}

/* The agent's account of itself, a JSON object with a NUL at its end. MARTLET_STATUS_SIZE_MAX and
 * one byte are always enough room. */
static inline int martlet_status(martlet_client *client, char *text, size_t capacity) {
    int64_t deadline_ms = martlet_deadline_ms(client);
    uint32_t size = 0;
    int error = martlet_ask(client, 2, 1, "", 0, deadline_ms, &size);
    if (error != 0) return error;
    if (size >= capacity) return martlet_broken(client, MARTLET_E_ROOM);
    error = martlet_receive(client, (uint8_t *)text, size, deadline_ms);
    if (error != 0) return martlet_broken(client, error);
    text[size] = 0;
    return 0;
}

static inline int martlet_read_tensor(const uint8_t *bytes, martlet_tensor *tensor) {
    memset(tensor, 0, sizeof *tensor);
    uint32_t scale = martlet_u32(bytes + 8), zero_point = martlet_u32(bytes + 4);
    if (bytes[2] > MARTLET_RANK_MAX || bytes[3] > MARTLET_NAME_SIZE_MAX) return MARTLET_E_PROTOCOL;
    tensor->type = bytes[0];
    tensor->source_type = bytes[1];
    tensor->rank = bytes[2];
    memcpy(&tensor->zero_point, &zero_point, sizeof zero_point);
    memcpy(&tensor->scale, &scale, sizeof scale);
    tensor->size_bytes = martlet_u32(bytes + 12);
    for (int i = 0; i < MARTLET_RANK_MAX; i++) tensor->shape[i] = martlet_u32(bytes + 16 + 4 * i);
    memcpy(tensor->name, bytes + 40, bytes[3]);
    return 0;
}

/* The model's tensors, inputs first, then outputs. MARTLET_E_ROOM when there are more than
 * `capacity`; then the description is filled in all the same and tells how many there are. */
static inline int martlet_describe(
    martlet_client *client, martlet_description *description, martlet_tensor *tensors,
    size_t capacity) {
    int64_t deadline_ms = martlet_deadline_ms(client);
    uint8_t bytes[MARTLET_TENSOR];
    uint32_t size = 0;
    int error = martlet_ask(client, 3, 0, "", 0, deadline_ms, &size);
    if (error != 0) return error;
    if (size < MARTLET_DESCRIPTION) return martlet_broken(client, MARTLET_E_PROTOCOL);
    error = martlet_receive(client, bytes, MARTLET_DESCRIPTION, deadline_ms);
    if (error != 0) return martlet_broken(client, error);
    description->input_count = martlet_u16(bytes);
    description->output_count = martlet_u16(bytes + 2);
    description->input_size_bytes = martlet_u32(bytes + 4);
    description->output_size_bytes = martlet_u32(bytes + 8);
    memcpy(description->content_id, bytes + 12, sizeof description->content_id);
    uint32_t count = (uint32_t)description->input_count + description->output_count;
    if (size != MARTLET_DESCRIPTION + count * MARTLET_TENSOR)
        return martlet_broken(client, MARTLET_E_PROTOCOL);
    for (uint32_t i = 0; i < count; i++) {
        martlet_tensor unused;
        error = martlet_receive(client, bytes, MARTLET_TENSOR, deadline_ms);
        if (error == 0) error = martlet_read_tensor(bytes, i < capacity ? &tensors[i] : &unused);
        if (error != 0) return martlet_broken(client, error);
    }
    return count <= capacity ? 0 : MARTLET_E_ROOM;
}

static inline const char *martlet_error_text(int error) {
    switch (error) {
    case 0: return "no error";
    case MARTLET_E_BAD_REQUEST: return "the request breaks the protocol";
    case MARTLET_E_UNKNOWN_KIND: return "the agent does not know this kind of request";
    case MARTLET_E_WRONG_SIZE: return "the inputs have the wrong size";
    case MARTLET_E_BUSY: return "all places of the agent are taken";
    case MARTLET_E_PROTOCOL: return "the answer breaks the protocol";
    case MARTLET_E_CLOSED: return "the agent closed the connection";
    case MARTLET_E_ROOM: return "the buffer does not fit the answer";
    case MARTLET_E_ARGUMENT: return "an argument is out of its range";
    default: return strerror(error);
    }
}

#ifdef __cplusplus
}
#endif
#endif
